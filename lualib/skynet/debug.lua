--- The debug protocol, which every Lua service answers; loaded with the first such message.

local skynet = require "skynet"

local commands = {}

function commands.MEM()
	skynet.retpack(collectgarbage "count")
end

function commands.GC()
	local before, began = collectgarbage "count", skynet.hpc()
	collectgarbage "collect"
	local cost = (skynet.hpc() - began) / 1e9
	skynet.error(string.format("GC %.2f Kb -> %.2f Kb, cost %.2f sec", before, collectgarbage "count", cost))
	skynet.ret()
end

function commands.STAT()
	skynet.retpack {
		task = skynet.task(),
		mqlen = skynet.stat "mqlen",
		cpu = skynet.stat "cpu",
		message = skynet.stat "message",
	}
end

function commands.TASK(session)
	if session then
		return skynet.retpack(skynet.task(session))
	end
	local all = {}
	skynet.task(all)
	skynet.retpack(all)
end

function commands.UNIQTASK()
	skynet.retpack(skynet.uniqtask())
end

function commands.KILLTASK(name)
	if skynet.killthread(name) then
		skynet.error(string.format("Kill %s", name))
		return skynet.ret()
	end
	skynet.error(string.format("Kill %s : Not found", name))
	skynet.retpack "Not found"
end

function commands.INFO(...)
	skynet.retpack(require("skynet.rarely").info(...))
end

function commands.EXIT()
	skynet.exit()
end

function commands.RUN(source, name, ...)
	skynet.retpack(require "skynet.inject"(source, name, ...))
end

function commands.TERM(address)
	skynet.term(address)
	skynet.ret()
end

local linked = {}

--- Never answered: who asks hears of the end of this service.
function commands.LINK()
	linked[#linked + 1] = skynet.response()
	-- Those who are gone are forgotten when there is another.
	for i = #linked - 1, 1, -1 do
		if not linked[i] "TEST" then
			table.remove(linked, i)
		end
	end
end

function commands.PING()
	skynet.ret()
end

function commands.SUPPORT(protocol)
	skynet.retpack(skynet.dispatch(protocol) ~= nil)
end

function commands.TRACELOG(protocol, flag)
	if type(protocol) ~= "string" then
		protocol, flag = "lua", protocol
	end
	skynet.error(string.format("Turn trace log %s for %s", flag, protocol))
	skynet.traceproto(protocol, flag)
	skynet.ret()
end

local function dispatch(_, _, command, ...)
	local f = commands[command]
	if not f then
		error("unknown debug command " .. tostring(command), 0)
	end
	f(...)
end

skynet.dispatch("debug", dispatch)

return {
	dispatch = dispatch,
	--- Adds a command.
	reg_debugcmd = function(name, f)
		commands[name] = f
	end,
}
