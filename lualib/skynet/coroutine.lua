--- Coroutines in which the service may wait.
--- As Lua's own library, but that `skynet.call`, `sleep` and so on work inside: the resumer waits
--- with them, and other coroutines of the service run meanwhile.

local host = require "skyloom.host"

local co = {
	running = coroutine.running,
}

-- Who resumes a coroutine now: coroutine -> coroutine.
local resumers = setmetatable({}, { __mode = "kv" })
-- Those made here: coroutine -> true.
local known = setmetatable({}, { __mode = "k" })

function co.create(f)
	local thread = coroutine.create(f)
	known[thread] = true
	return thread
end

local function back(thread, ...)
	resumers[thread] = nil
	return ...
end

function co.resume(thread, ...)
	if not known[thread] then
		return false, "cannot resume none skynet coroutine"
	elseif resumers[thread] and coroutine.status(thread) == "suspended" then
		return false, "cannot resume a skynet coroutine suspend by skynet framework"
	elseif resumers[thread] then
		return false, "cannot resume non-suspended coroutine"
	end
	resumers[thread] = coroutine.running()
	return back(thread, host.resume(thread, ...))
end

--- As Lua's; "blocked" when it waits for the service.
function co.status(thread)
	local status = coroutine.status(thread)
	if status == "suspended" and resumers[thread] then
		return "blocked"
	end
	return status
end

function co.isyieldable()
	return known[coroutine.running()] == true
end

function co.yield(...)
	if not known[coroutine.running()] then
		error("Call skynet.coroutine.yield out of skynet.coroutine.resume", 2)
	end
	return coroutine.yield(...)
end

local function results(thread, ok, ...)
	if ok then
		return ...
	end
	local why = ...
	if coroutine.status(thread) == "dead" then
		coroutine.close(thread)
	end
	error(why, 0)
end

function co.wrap(f)
	local thread = co.create(f)
	return function(...)
		return results(thread, co.resume(thread, ...))
	end
end

function co.close(thread)
	if co.status(thread) == "blocked" then
		error("cannot close a blocked coroutine", 2)
	end
	return coroutine.close(thread)
end

--- The coroutine of the service that resumes this one, in the end; and whether it is that itself.
function co.thread(thread)
	thread = thread or coroutine.running()
	if not known[thread] then
		return thread, true
	end
	while known[thread] do
		thread = resumers[thread]
		if not thread then
			return nil, false
		end
	end
	return thread, false
end

return co
