--- A gate: accepts connections and hands their frames (two bytes that tell a
--- length, then so many bytes) to a handler. The host cuts the frames; each comes
--- in a coroutine of its own, so every function of the handler may yield.

local driver = require "skynet.socketdriver"
local skynet = require "skynet"
local socket = require "skynet.socket"

local gateserver = {}

local gate = {
	listener = nil, -- the socket that accepts
	maxclient = 1024,
	count = 0, -- clients that have not ended
	clients = {}, -- by socket: "accepted", "open" or "ended"
}

--- Begins to read a client that was accepted.
function gateserver.openclient(fd)
	if gate.clients[fd] ~= "accepted" then
		return
	end
	gate.clients[fd] = "open"
	if not driver.openframes(fd) then
		gateserver.closeclient(fd)
	end
end

--- Closes a client and forgets it. The handler hears of it (`disconnect`), unless it has already.
function gateserver.closeclient(fd)
	local state = gate.clients[fd]
	if not state then
		return
	end
	gate.clients[fd] = nil
	socket.close(fd)
	if state ~= "ended" then
		gate.count = gate.count - 1
		local disconnect = gate.handler.disconnect
		if disconnect then
			skynet.fork(disconnect, fd)
		end
	end
end

local function frame(fd, message, size)
	return gate.handler.message(fd, message, size)
end

--- The connection ended, in order or not: the client stays known until it is closed here too.
local function ended(fd, reason)
	if gate.clients[fd] ~= "open" then
		return
	end
	gate.clients[fd] = "ended"
	gate.count = gate.count - 1
	local handler = gate.handler
	if handler.disconnect then
		skynet.fork(handler.disconnect, fd)
	else
		skynet.fork(gateserver.closeclient, fd)
	end
	if reason and handler.error then
		handler.error(fd, reason)
	end
end

local function backlog(fd, kilobytes)
	if gate.handler.warning then
		gate.handler.warning(fd, kilobytes)
	end
end

local function accept(fd, address)
	if gate.count + 1 >= gate.maxclient then
		driver.shutdown(fd)
		return
	end
	gate.count = gate.count + 1
	gate.clients[fd] = "accepted"
	gate.handler.connect(fd, address)
end

local commands = {}

--- Listens as `conf` says: `address`, `port`, `maxclient`, `backlog`. Returns what the handler says.
function commands.open(source, conf)
	assert(not gate.listener, "the gate listens already")
	local port = assert(conf.port, "a gate needs a port")
	gate.maxclient = conf.maxclient or 1024
	local id, ip, bound = socket.listen(conf.address or "127.0.0.1", port, conf.backlog)
	gate.listener = id
	conf.address, conf.port = ip, bound
	skynet.error("Listen on", ip, bound)
	socket.start(id, accept)
	if gate.handler.open then
		return gate.handler.open(source, conf)
	end
end

--- Accepts nobody any more; those who are there stay.
function commands.close()
	assert(gate.listener, "the gate does not listen")
	socket.close(gate.listener)
	gate.listener = nil
end

local function init()
	driver.gate(frame, ended, backlog)
	skynet.dispatch("lua", function(_, source, command, ...)
		local known = commands[command]
		if known then
			skynet.retpack(known(source, ...))
		else
			skynet.retpack(gate.handler.command(command, source, ...))
		end
	end)
end

--- Makes this service a gate. `handler` has `connect(fd, address)` and
--- `message(fd, message, size)`; if it wants to, also `disconnect(fd)`,
--- `error(fd, reason)`, `warning(fd, kilobytes)`, `open(source, conf)` and
--- `command(name, source, ...)`. With `embed` the service starts itself.
function gateserver.start(handler)
	assert(handler.message, "a gate's handler needs a function message(fd, message, size)")
	assert(handler.connect, "a gate's handler needs a function connect(fd, address)")
	gate.handler = handler
	if handler.embed then
		init()
	else
		skynet.start(init)
	end
end

return gateserver
