-- chat_message_hub.lua
local skynet = require "skynet"

local rooms = {}
local user_sessions = {}

-- Helper functions
local function broadcast_to_room(room_id, message, exclude_sender)
    local room = rooms[room_id]
    if not room then return end
    
    for user_id, session in pairs(room.users) do
        if user_id ~= exclude_sender and user_sessions[user_id] then
            skynet.send(user_sessions[user_id], "chat", "message", message)
        end
    end
end

skynet.register_protocol {
    name = "chat",
    id = 25,
    pack = skynet.pack,
    unpack = skynet.unpack
}

skynet.start(function()
    -- Handle Lua commands (admin functions)
    skynet.dispatch("lua", function(session, source, cmd, ...)
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
            
            -- Notify room
            broadcast_to_room(room_id, {
                type = "join",
                user = user_id,
                time = skynet.time()
            })
            
            skynet.ret(skynet.pack(true))
        end
    end)
    
    -- Handle chat messages
    skynet.dispatch("chat", function(session, source, cmd, ...)
        if cmd == "message" then
            local user_id, room_id, text = ...
            
            local message = {
                type = "chat",
                user = user_id,
                text = text,
                time = skynet.time()
            }
            
            broadcast_to_room(room_id, message, user_id)
            
            -- Store in history
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
