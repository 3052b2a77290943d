--- How long coroutines run: `start` and `stop` around what is to be measured.
--- Time in which the coroutine waits does not count.

local host = require "skyloom.host"

local profile = {
	resume = coroutine.resume,
	wrap = coroutine.wrap,
}

--- Begins to measure a coroutine, this one if none is given.
function profile.start(co)
	if not host.clock_start(co or coroutine.running()) then
		error(string.format("Thread %p start profile more than once", co or coroutine.running()), 2)
	end
end

--- The seconds of processor time that it has taken since.
function profile.stop(co)
	local seconds = host.clock_stop(co or coroutine.running())
	if not seconds then
		error("Call profile.start() before profile.stop()", 2)
	end
	return seconds
end

return profile
