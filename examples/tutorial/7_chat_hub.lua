--- Section 7: two people in a room of the hub. `examples/chat` is what grew out of it.
--
-- Prints:
--   create lobby: true
--   create lobby again: false Room exists
--   join a room that is not there: false Room not found
--   ada heard: join ada
--   ada heard: join bob
--   ada heard: chat bob hello
--   bob heard: join bob
--   bob heard: chat ada hi bob
local skynet = require "skynet"
require "skynet.manager"

skynet.register_protocol {
	name = "chat",
	id = 25,
	pack = skynet.pack,
	unpack = skynet.unpack,
}

local role, name = ...

if role == "user" then
	local heard = {}

	skynet.start(function()
		skynet.dispatch("chat", function(_, _, _, message)
			local what = message.type .. " " .. message.user
			heard[#heard + 1] = name .. " heard: " .. what .. (message.text and " " .. message.text or "")
		end)
		skynet.dispatch("lua", function(_, _, cmd, ...)
			if cmd == "say" then
				skynet.send(skynet.query "CHAT_HUB", "chat", "message", name, ...)
				skynet.ret()
			elseif cmd == "heard" then
				skynet.ret(skynet.pack(table.concat(heard, "\n")))
			end
		end)
	end)
else
	skynet.start(function()
		local hub = skynet.newservice "chat_message_hub"
		local ada = skynet.newservice(SERVICE_NAME, "user", "ada")
		local bob = skynet.newservice(SERVICE_NAME, "user", "bob")
		local function ask(what, ...)
			local ok, why = skynet.call(hub, "lua", ...)
			print(what .. ": " .. tostring(ok) .. (why and " " .. why or ""))
		end
		ask("create lobby", "create_room", "lobby")
		ask("create lobby again", "create_room", "lobby")
		ask("join a room that is not there", "join_room", "ada", "attic", ada)
		skynet.call(hub, "lua", "join_room", "ada", "lobby", ada)
		skynet.call(hub, "lua", "join_room", "bob", "lobby", bob)
		skynet.call(bob, "lua", "say", "lobby", "hello")
		skynet.call(ada, "lua", "say", "lobby", "hi bob")
		-- Behind what the two have said, so that the hub has seen to it.
		skynet.call(hub, "lua", "create_room", "another")
		print(skynet.call(ada, "lua", "heard"))
		print(skynet.call(bob, "lua", "heard"))
		skynet.abort()
	end)
end
