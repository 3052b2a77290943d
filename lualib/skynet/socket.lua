--- The part of `skynet.socket` that is written in Lua: datagrams, the standard
--- input, and what consoles ask. The host looks here for names that it does not
--- know itself, the first time that one is used.

local driver = require "skynet.socketdriver"
local socket = require "skynet.socket"

local more = {}

more.netstat = driver.info
more.sendto = driver.udp_send
more.udp_address = driver.udp_address

--- A socket that reads an open file of the system: 0, which is the standard input.
function more.bind(file)
	local id = driver.bind(file)
	driver.adopt(id)
	return id
end

--- The standard input as a socket.
function more.stdin()
	return more.bind(0)
end

--- Yields if `host` is a name. Host and port as the driver takes them.
local function address(host, port)
	if not port then
		local name, digits = host:match "^%[?(.-)%]?:(%d+)$"
		if not name then
			error("Invalid address " .. host .. ".", 3)
		end
		host, port = name, math.tointeger(digits)
	end
	return socket.resolve(host)[1], port
end

local function need_function(f)
	if type(f) ~= "function" then
		error("a udp socket needs a function that is called with each datagram and its sender", 3)
	end
end

--- A socket for datagrams; `f(data, from)` gets each that comes.
function more.udp(f, host, port)
	need_function(f)
	local id = driver.udp(host, port)
	driver.adopt(id, f)
	return id
end

--- What is written to `id` goes to this address. Yields if `host` is a name.
function more.udp_connect(id, host, port, f)
	driver.udp_connect(id, address(host, port))
	if f then
		driver.adopt(id, f)
	end
end

--- A socket for datagrams at this address.
function more.udp_listen(host, port, f)
	if f == nil then
		port, f = nil, port
	end
	need_function(f)
	local id = driver.udp_listen(host, port)
	driver.adopt(id, f)
	return id
end

--- A socket that exchanges datagrams with this address only. Yields if `host` is a name.
function more.udp_dial(host, port, f)
	if f == nil then
		port, f = nil, port
	end
	need_function(f)
	local id = driver.udp_dial(address(host, port))
	driver.adopt(id, f)
	return id
end

return more
