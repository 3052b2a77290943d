--- The hub of the chat: which rooms there are, and who is called what.
---
--- It is section 7 of the tutorial "Message Passing and Communication", grown up: `create_room`,
--- `join_room` and `message` work as they do there, but each room is a service of its own, so that a
--- busy room holds nobody else up. What is said goes from a door straight to its room, not through here.
---
--- `create_room`, `join_room`, `leave_room` and `room` may yield; nothing else does.

local skynet = require "skynet"

local MOST_ROOMS = 500

local hub = {
    rooms = {},     -- name -> { handle, people, since = when it was opened, or became empty }
    room_count = 0,
    opening = {},   -- name -> coroutines that wait for this room's start
    people = {},    -- id -> { nick, key, token, door, fd }
    nicks = {},     -- key -> id
    last_id = 0,
    moment = 0,     -- counts what happens to rooms: several things may happen within one tick of the clock
}

local function moment()
    hub.moment = hub.moment + 1
    return hub.moment
end

local function forget(name, handle)
    local room = hub.rooms[name]
    if room and room.handle == handle then
        hub.rooms[name] = nil
        hub.room_count = hub.room_count - 1
    end
end

--- Makes place for one more room by closing the one that has been empty for longest.
local function make_place()
    if hub.room_count < MOST_ROOMS then
        return true
    end
    local oldest
    for name, room in pairs(hub.rooms) do
        if room.people == 0 and name ~= "lobby" and (not oldest or room.since < hub.rooms[oldest].since) then
            oldest = name
        end
    end
    local handle = oldest and hub.rooms[oldest].handle
    -- Somebody may be entering it at this very moment; the room itself knows.
    if not handle or not skynet.call(handle, "lua", "close") then
        return false
    end
    forget(oldest, handle)
    return true
end

--- Starts a room; when it is being started already, waits for that.
local function open_room(name)
    if hub.rooms[name] then
        return true
    end
    local waiting = hub.opening[name]
    if waiting then
        waiting[#waiting + 1] = coroutine.running()
        skynet.wait()
        return hub.rooms[name] ~= nil, "the room could not be opened"
    end
    hub.opening[name] = {}
    local ok, handle, why = pcall(make_place)
    if not ok or not handle then
        ok, why = false, "there are " .. MOST_ROOMS .. " rooms already"
    else
        hub.room_count = hub.room_count + 1
        ok, handle = pcall(skynet.newservice, "chat_room", name, skynet.self())
        if ok then
            hub.rooms[name] = { handle = handle, people = 0, since = moment() }
        else
            hub.room_count = hub.room_count - 1
            skynet.error("room " .. name .. " did not start: " .. tostring(handle))
            why = "the room could not be opened"
        end
    end
    waiting, hub.opening[name] = hub.opening[name], nil
    for _, co in ipairs(waiting) do
        skynet.wakeup(co)
    end
    return ok, why
end

local admin = {}

-- The tutorial's commands.

function admin.create_room(_, name)
    if hub.rooms[name] or hub.opening[name] then
        return false, "Room exists"
    end
    local ok, why = open_room(name)
    if ok then
        return true
    end
    return false, why
end

function admin.join_room(_, user, name, handle)
    local room = hub.rooms[name]
    if not room then
        return false, "Room not found"
    end
    return skynet.call(room.handle, "lua", "join", user, handle)
end

function admin.leave_room(_, user, name)
    local room = hub.rooms[name]
    if not room then
        return false, "Room not found"
    end
    return skynet.call(room.handle, "lua", "part", user)
end

-- What doors ask.

--- The address of a room, which is opened if need be.
function admin.room(_, name)
    local ok, why = open_room(name)
    if not ok then
        return nil, why
    end
    return hub.rooms[name].handle
end

--- Every room that somebody is in, or that has been kept: { name, people }.
function admin.rooms()
    local list = {}
    for name, room in pairs(hub.rooms) do
        list[#list + 1] = { name, room.people }
    end
    table.sort(list, function(a, b)
        return a[1] < b[1]
    end)
    return list
end

--- A guest of door `door` wants to be called `nick`; `key` is what makes it unique. Whoever knows the
--- token of the name's owner takes the name over: it is the same person with a new connection.
--- Returns the guest's id, or nil and why not.
function admin.hello(door, fd, key, nick, token)
    local owner = hub.nicks[key]
    if owner then
        local old = hub.people[owner]
        if old.token ~= token then
            return nil, nick .. " is taken"
        end
        hub.people[owner] = nil
        skynet.send(old.door, "chat", "replaced", old.fd, owner)
    end
    local id = hub.last_id + 1
    hub.last_id = id
    hub.people[id] = { nick = nick, key = key, token = token, door = door, fd = fd }
    hub.nicks[key] = id
    return id
end

function admin.rename(_, id, key, nick)
    local person = hub.people[id]
    if not person then
        return false, "you are gone"
    end
    local owner = hub.nicks[key]
    if owner and owner ~= id then
        return false, nick .. " is taken"
    end
    hub.nicks[person.key] = nil
    hub.nicks[key] = id
    person.key, person.nick = key, nick
    return true
end

local told = {}

--- The tutorial's message, on its way to its room.
function told.message(_, user, name, text)
    local room = hub.rooms[name]
    if room then
        skynet.send(room.handle, "chat", "message", user, name, text)
    end
end

--- A room tells how many people are in it.
function told.occupancy(_, name, people)
    local room = hub.rooms[name]
    if room then
        room.people = people
        room.since = moment()
    end
end

--- A door has noticed that a room has ended.
function told.lost(_, name, handle)
    forget(name, handle)
end

--- A guest has gone.
function told.bye(_, id)
    local person = hub.people[id]
    if person then
        hub.people[id] = nil
        hub.nicks[person.key] = nil
    end
end

skynet.register_protocol {
    name = "chat",
    id = 25,
    pack = skynet.pack,
    unpack = skynet.unpack,
}

skynet.start(function()
    skynet.dispatch("lua", function(_, source, cmd, ...)
        local f = admin[cmd]
        if not f then
            error("the chat hub has no command " .. tostring(cmd))
        end
        skynet.retpack(f(source, ...))
    end)
    skynet.dispatch("chat", function(_, source, cmd, ...)
        local f = told[cmd]
        if f then
            f(source, ...)
        end
    end)
    assert(open_room "lobby")
    skynet.register "CHAT_HUB"
end)
