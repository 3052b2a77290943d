--- Section 7: the hub of the chat, as it is printed there. `7_chat_hub.lua` runs it.
local skynet = require "skynet"
require "skynet.manager"

local rooms = {}
local user_sessions = {}

local function broadcast_to_room(room_id, message, exclude_sender)
	local room = rooms[room_id]
	if not room then
		return
	end

	for user_id in pairs(room.users) do
		if user_id ~= exclude_sender and user_sessions[user_id] then
			skynet.send(user_sessions[user_id], "chat", "message", message)
		end
	end
end

skynet.register_protocol {
	name = "chat",
	id = 25,
	pack = skynet.pack,
	unpack = skynet.unpack,
}

skynet.start(function()
	-- What an administrator says.
	skynet.dispatch("lua", function(_, _, cmd, ...)
		if cmd == "create_room" then
			local room_id = ...
			if not rooms[room_id] then
				rooms[room_id] = { users = {}, history = {} }
				skynet.ret(skynet.pack(true))
			else
				skynet.ret(skynet.pack(false, "Room exists"))
			end
		elseif cmd == "join_room" then
			local user_id, room_id, user_session = ...
			if not rooms[room_id] then
				skynet.ret(skynet.pack(false, "Room not found"))
				return
			end

			rooms[room_id].users[user_id] = user_session
			user_sessions[user_id] = user_session

			broadcast_to_room(room_id, {
				type = "join",
				user = user_id,
				time = skynet.time(),
			})

			skynet.ret(skynet.pack(true))
		end
	end)

	-- What people say.
	skynet.dispatch("chat", function(_, _, cmd, ...)
		if cmd == "message" then
			local user_id, room_id, text = ...

			local message = {
				type = "chat",
				user = user_id,
				text = text,
				time = skynet.time(),
			}

			broadcast_to_room(room_id, message, user_id)

			if rooms[room_id] then
				table.insert(rooms[room_id].history, message)
				if #rooms[room_id].history > 1000 then
					table.remove(rooms[room_id].history, 1)
				end
			end
		end
	end)

	skynet.register("CHAT_HUB")
end)
