--- Traces: a tag follows a request from service to service and leaves lines in the log.

local skynet = require "skynet"
local host = require "skyloom.host"

local trace = {}

--- A line of a trace.
function trace.tracelog(tag, ...)
	host.trace(tag, table.concat({ ... }, " "))
end

--- From here on this coroutine, and whoever it calls, is traced.
function trace.trace(info)
	local tag = host.tag(true)
	host.trace(tag, info and "trace " .. tostring(info) or "trace")
end

--- The tag of this coroutine, if it is traced.
function trace.tracetag()
	return host.tag()
end

--- A `rawcall` under a tag.
function trace.tracecall(tag, address, protocol, message, size)
	host.trace(tag, "tracecall begin")
	local before = host.tag()
	host.tag(tag)
	local function done(...)
		host.tag(before or false)
		host.trace(tag, "tracecall end")
		return ...
	end
	return done(skynet.rawcall(address, protocol, message, size))
end

--- True traces every message of the protocol, false none, nil those of traced callers.
function trace.traceproto(protocol, flag)
	local id = math.tointeger(protocol) or host.protocols()[protocol]
	if not id then
		error("unknown protocol " .. tostring(protocol), 2)
	end
	host.trace_protocol(id, flag)
end

return trace
