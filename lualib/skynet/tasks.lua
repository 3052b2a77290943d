--- What the coroutines of a service wait for: `skynet.task`, `uniqtask`, `trace_timeout`.

local skynet = require "skynet"
local host = require "skyloom.host"

local tasks = {}

-- Where timers were set: coroutine -> traceback. Nil while nobody wants to know.
local set_at

local function where(co)
	return set_at and set_at[co] or debug.traceback(co)
end

--- A table is filled with "thread: 0x... session: n" -> traceback; a session gives a traceback,
--- "init" that of a start function that is not over, a coroutine its session.
function tasks.task(what)
	if type(what) == "thread" then
		return host.session(what)
	end
	local waiting, starter = host.tasks()
	if what == "init" then
		return starter and debug.traceback(starter)
	elseif type(what) == "table" then
		for session, co in pairs(waiting) do
			what[string.format("%s session: %d", co, session)] = where(co)
		end
		return
	end
	local co = waiting[what]
	return co and where(co) or "No session"
end

local SHOWN = 9 -- sessions of one group

--- The same, grouped: "count<tab>sessions:[...]" -> traceback.
function tasks.uniqtask()
	local groups = {}
	for session, co in pairs((host.tasks())) do
		local trace = where(co)
		groups[trace] = groups[trace] or {}
		table.insert(groups[trace], session)
	end
	local result = {}
	for trace, sessions in pairs(groups) do
		table.sort(sessions)
		local count = #sessions
		local shown = table.concat(sessions, ",", 1, math.min(count, count > SHOWN + 1 and SHOWN or count))
		if count > SHOWN + 1 then
			shown = shown .. "..."
		end
		result[string.format("%d\tsessions:[%s]\n", count, shown)] = trace
	end
	return result
end

local timeout = skynet.timeout

local function traced_timeout(ticks, f)
	local co
	co = timeout(ticks, function()
		if set_at then
			set_at[co] = nil
		end
		return f()
	end)
	set_at[co] = debug.traceback(string.format("TIMER %d+%s : ", skynet.now(), ticks), 2)
	return co
end

--- From now on `task` tells where timers were set, or not any more.
function tasks.trace_timeout(on)
	set_at = on and (set_at or setmetatable({}, { __mode = "k" })) or nil
	skynet.timeout = on and traced_timeout or timeout
end

return tasks
