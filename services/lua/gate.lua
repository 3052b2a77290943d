--- The gate between clients and agents. A watchdog opens it and hears of every
--- client ("socket", "open" | "close" | "error" | "warning" | "data", fd, ...); the
--- frames of a client that was forwarded go to its agent, as protocol "client"
--- with the socket as session.

local gateserver = require "snax.gateserver"
local netpack = require "skynet.netpack"
local skynet = require "skynet"

local watchdog
local forwards = {} -- by socket: { agent = address, client = source to name } or false

skynet.register_protocol { name = "client", id = skynet.PTYPE_CLIENT }

local handler = {}

local function report(...)
	skynet.send(watchdog, "lua", "socket", ...)
end

function handler.open(source, conf)
	watchdog = conf.watchdog or source
	return conf.address, conf.port
end

function handler.connect(fd, address)
	forwards[fd] = false
	report("open", fd, address)
end

function handler.message(fd, message, size)
	local forward = forwards[fd]
	if forward then
		skynet.redirect(forward.agent, forward.client, "client", fd, message, size)
	else
		report("data", fd, netpack.tostring(message, size))
	end
end

function handler.disconnect(fd)
	forwards[fd] = nil
	report("close", fd)
end

function handler.error(fd, reason)
	report("error", fd, reason)
end

function handler.warning(fd, kilobytes)
	report("warning", fd, kilobytes)
end

local commands = {}

--- From now on the frames of `fd` go to `address`, in the name of `client`.
function commands.forward(source, fd, client, address)
	assert(forwards[fd] ~= nil, "no such client")
	forwards[fd] = { agent = address or source, client = client or 0 }
	gateserver.openclient(fd)
end

--- From now on the frames of `fd` go to the watchdog.
function commands.accept(_, fd)
	assert(forwards[fd] ~= nil, "no such client")
	forwards[fd] = false
	gateserver.openclient(fd)
end

function commands.kick(_, fd)
	gateserver.closeclient(fd)
end

function handler.command(name, source, ...)
	local command = assert(commands[name], "a gate has no such command")
	return command(source, ...)
end

gateserver.start(handler)
