--- Parts of the `skynet` API that few services use; loaded when one is.

local skynet = require "skynet"
local host = require "skyloom.host"

local rarely = {}

local info

--- What `f(...)` returns is the answer to the debug command INFO.
function rarely.info_func(f)
	info = f
end

--- For the debug protocol.
function rarely.info(...)
	if info then
		return info(...)
	end
end

--- Runs a start function by hand: an error in it ends the service.
function rarely.init_service(start)
	local ok, why = xpcall(start, debug.traceback)
	if not ok then
		skynet.error("init service failed: " .. tostring(why))
		skynet.exit()
	end
end

--- Messages of some protocols are handled as messages of others, and belong to their handler.
function rarely.forward_type(map, start)
	for from, to in pairs(map) do
		host.forward(from, to)
	end
	skynet.start(start)
end

--- Each message is what `f(protocol, message, size, session, source)` makes of it.
function rarely.filter(f, start)
	host.callback(function(...)
		local protocol, message, size, session, source = f(...)
		if protocol then
			skynet.dispatch_message(protocol, message, size, session, source)
		end
	end)
	skynet.start(start)
end

--- The unique service with this name hears of the end of every Lua service of the node.
function rarely.monitor(service, query)
	local monitor
	if query then
		monitor = skynet.queryservice(true, service)
	else
		monitor = skynet.uniqueservice(true, service)
	end
	assert(monitor, "no service can be the monitor: " .. service)
	host.monitor(monitor)
	return monitor
end

--- The protocols as they are now, by name and by number.
rarely._proto = setmetatable({}, {
	__index = function(_, key)
		for name, id in pairs(host.protocols()) do
			if name == key or id == key then
				return { name = name, id = id, dispatch = skynet.dispatch(name) }
			end
		end
	end,
	__pairs = function(self)
		local all = {}
		for name, id in pairs(host.protocols()) do
			all[name] = self[name]
			all[id] = all[name]
		end
		return next, all
	end,
})

return rarely
