--- One room of the chat: who is here, what was said, and telling both to everybody here.
---
--- People come in by two ways. A *user* is the tutorial's way: a service of its own, which gets
--- every message of the others as `("message", {type, user, text, time})`. A *guest* came through a
--- door, a service that serves many people: each door gets a message once, however many of its
--- guests are here, and fans it out itself. Nothing in this file yields.

local skynet = require "skynet"

local HISTORY = 1000  -- lines that are kept
local REPLAY = 200    -- of those, how many one answer holds at most …
local REPLAY_BYTES = 65536  -- … and how long it may be
local LONGEST = 4096  -- bytes of one line; doors check more closely

local name, hub = ...
hub = assert(math.tointeger(tonumber(hub)), "usage: chat_room NAME HUB")

local room = {
    -- Lines are numbered within an epoch; a client that comes back tells both, and gets what it missed.
    epoch = string.format("%x-%x", skynet.starttime(), skynet.self()),
    last = 0,       -- number of the last line
    history = {},   -- number -> { number, user, text, time, ref }
    users = {},     -- user id -> handle
    guests = {},    -- guest id -> { nick, door }
    doors = {},     -- door -> how many guests it has here
    people = 0,
}

local function tell_doors(...)
    for door in pairs(room.doors) do
        -- A door that has died takes its guests with it.
        if skynet.send(door, "chat", ...) == nil then
            room.doors[door] = nil
            for id, guest in pairs(room.guests) do
                if guest.door == door then
                    room.guests[id] = nil
                    room.people = room.people - 1
                end
            end
        end
    end
end

local function tell_users(message, but)
    for user, handle in pairs(room.users) do
        if user ~= but then
            skynet.send(handle, "chat", "message", message)
        end
    end
end

local function count(change)
    room.people = room.people + change
    skynet.send(hub, "chat", "occupancy", name, room.people)
end

local function check_text(text)
    return type(text) == "string" and #text > 0 and #text <= LONGEST and utf8.len(text)
end

--- The lines from `first` to `last`, or the newest of them if that is too much for one answer.
local function lines(first, last)
    local oldest, bytes = last + 1, 0
    for id = last, math.max(first, last - REPLAY + 1), -1 do
        local line = room.history[id]
        if not line then
            break
        end
        bytes = bytes + #line[3]
        if bytes > REPLAY_BYTES then
            break
        end
        oldest = id
    end
    return table.move(room.history, oldest, last, 1, {})
end

local function say(user, text, ref)
    local id, time = room.last + 1, skynet.time()
    room.last = id
    room.history[id] = { id, user, text, time, ref }
    room.history[id - HISTORY] = nil
    tell_users({ type = "chat", user = user, text = text, time = time }, user)
    tell_doors("line", name, id, user, text, time, ref)
end

local ask = {}

--- The tutorial's way in.
function ask.join(user, handle)
    if room.users[user] == nil then
        count(1)
    end
    room.users[user] = handle
    local time = skynet.time()
    tell_users { type = "join", user = user, time = time }
    tell_doors("joined", name, user, time)
    return true
end

function ask.part(user)
    if room.users[user] == nil then
        return false, "Not here"
    end
    room.users[user] = nil
    count(-1)
    local time = skynet.time()
    tell_users { type = "leave", user = user, time = time }
    tell_doors("left", name, user, time)
    return true
end

--- A guest comes in through the door that asks; `since` and `epoch` say what it has seen already.
--- Returns the epoch, who is here, the lines it has not seen, and the number of the last line.
function ask.enter(door, id, nick, since, epoch)
    local first = 1
    if epoch == room.epoch and math.type(since) == "integer" then
        first = since + 1
    end
    if not room.guests[id] then
        tell_doors("joined", name, nick, skynet.time())
        tell_users { type = "join", user = nick, time = skynet.time() }
        room.doors[door] = (room.doors[door] or 0) + 1
        room.guests[id] = { nick = nick, door = door }
        count(1)
    end
    return room.epoch, ask.who(), lines(first, room.last), room.last
end

--- Everybody who is here, by name.
function ask.who()
    local list = {}
    for user in pairs(room.users) do
        list[#list + 1] = tostring(user)
    end
    for _, guest in pairs(room.guests) do
        list[#list + 1] = guest.nick
    end
    table.sort(list)
    return list
end

--- Older lines than number `before`.
function ask.history(before)
    return lines(1, math.min(before - 1, room.last))
end

--- The hub needs the place: true if the room ends.
function ask.close()
    if room.people > 0 then
        return false
    end
    skynet.fork(skynet.exit)
    return true
end

local told = {}

--- The tutorial's message; its room is this one, whatever it says.
function told.message(_, user, _, text, ref)
    if check_text(text) then
        say(tostring(user), text, ref)
    end
end

--- A guest says something.
function told.say(door, id, text, ref)
    local guest = room.guests[id]
    if guest and guest.door == door and check_text(text) then
        say(guest.nick, text, ref)
    end
end

function told.leave(_, id)
    local guest = room.guests[id]
    if not guest then
        return
    end
    room.guests[id] = nil
    local left = room.doors[guest.door]
    if left then
        room.doors[guest.door] = left > 1 and left - 1 or nil
    end
    count(-1)
    tell_doors("left", name, guest.nick, skynet.time())
    tell_users { type = "leave", user = guest.nick, time = skynet.time() }
end

function told.rename(_, id, nick)
    local guest = room.guests[id]
    if guest then
        local old = guest.nick
        guest.nick = nick
        tell_doors("renamed", name, old, nick)
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
        if cmd == "enter" then
            skynet.retpack(ask.enter(source, ...))
        else
            skynet.retpack(ask[cmd](...))
        end
    end)
    skynet.dispatch("chat", function(_, source, cmd, ...)
        local f = told[cmd]
        if f then
            f(source, ...)
        end
    end)
end)
