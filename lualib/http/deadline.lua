--- Ends exchanges that take too long: a peer that says nothing, or one byte a minute.
--- `deadline(fd, ticks)` is a guard; when it is not closed in time, the socket is shut down, so
--- that whoever reads it goes on with an error. One coroutine watches all guards of a service,
--- and only while there are any: a timer for each would outlive its request by far.

local skynet = require "skynet"
local socket = require "skynet.socket"

-- The watcher looks at least this often; what is due within it is seen in time.
local ROUND <const> = 100

local state = {
	due = {}, -- guard to the tick at which it is over
	token = nil, -- what wakes the watcher, if it runs
	wakes = 0, -- the tick at which it looks next
}

local function watch()
	local token = {}
	state.token = token
	while next(state.due) do
		local now = skynet.now()
		local nearest = now + ROUND
		for guard, at in pairs(state.due) do
			if at <= now then
				state.due[guard] = nil
				guard.over = true
				socket.shutdown(guard.fd)
			elseif at < nearest then
				nearest = at
			end
		end
		state.wakes = nearest
		skynet.sleep(nearest - now, token)
	end
	state.token = nil
end

local guard = {}
guard.__index = guard

--- Begins, or begins anew: from now on there are so many ticks.
function guard:arm()
	if not self.fd or not self.ticks then
		return
	end
	local at = skynet.now() + self.ticks
	state.due[self] = at
	if not state.token then
		state.token = true
		skynet.fork(watch)
	elseif state.token ~= true and at < state.wakes then
		skynet.wakeup(state.token)
	end
end

function guard:cancel()
	state.due[self] = nil
end

guard.__close = guard.cancel

--- Without `ticks` it never ends; without `fd` there is nothing to end.
return function(fd, ticks)
	local new = setmetatable({ fd = fd, ticks = ticks, over = false }, guard)
	new:arm()
	return new
end
