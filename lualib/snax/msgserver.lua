--- Requests and responses for users who logged in, over a gate. A client that lost its
--- connection comes back, sends what was not answered again, and gets each
--- answer once more without the request being done twice.

local crypt = require "skynet.crypt"
local gateserver = require "snax.gateserver"
local netpack = require "skynet.netpack"
local skynet = require "skynet"
local socket = require "skynet.socket"

-- What a request handler passes on to an agent.
skynet.register_protocol { name = "client", id = skynet.PTYPE_CLIENT }

local server = {}

local users = {} -- by username: secret, version, index, responses, fd, ip, username
local greeting = {} -- by socket that has not said who it is: its address
local connections = {} -- by socket: the user

--- The parts of a username: user, session of the login, server.
function server.userid(username)
	local uid, name, subid = username:match "([^@]*)@([^#]*)#(.*)"
	return crypt.base64decode(uid), crypt.base64decode(subid), crypt.base64decode(name)
end

--- The username of these parts.
function server.username(uid, subid, servername)
	local encode = crypt.base64encode
	return string.format("%s@%s#%s", encode(uid), encode(servername), encode(tostring(subid)))
end

--- The address that a user is connected from, or nil.
function server.ip(username)
	local user = users[username]
	return user and user.fd and user.ip
end

--- From now on the user may connect.
function server.login(username, secret)
	assert(not users[username], "the user has logged in already")
	users[username] = { username = username, secret = secret, version = 0, index = 0, responses = {} }
end

--- From now on the user may not connect, and is not connected.
function server.logout(username)
	local user = users[username]
	users[username] = nil
	if user and user.fd then
		connections[user.fd] = nil
		gateserver.closeclient(user.fd)
	end
end

--- What a greeting deserves.
local function greet(fd, address, text)
	local username, index, code = text:match "^([^:]*):([^:]*):([^:]*)$"
	local number = math.tointeger(tonumber(index))
	if not number then
		return "400 Bad Request"
	end
	local user = users[username]
	if not user then
		return "404 User Not Found"
	end
	if number <= user.version then
		return "403 Index Expired"
	end
	local decoded, given = pcall(crypt.base64decode, code)
	local expected = crypt.hmac64(crypt.hashkey(username .. ":" .. index), user.secret)
	if not decoded or given ~= expected then
		return "401 Unauthorized"
	end
	local before = user.fd
	if before then
		connections[before] = nil
		gateserver.closeclient(before)
	end
	user.version, user.fd, user.ip = number, fd, address
	connections[fd] = user
	return "200 OK"
end

--- Forgets the oldest answers when there are twice as many as are to be kept.
local function retire(user, keep)
	if user.index < keep * 2 then
		return
	end
	user.index = keep
	for session, response in pairs(user.responses) do
		if response.index then
			if response.index < keep then
				user.responses[session] = nil
			else
				response.index = response.index - keep
			end
		end
	end
end

local function answer(conf, fd, user, session, content)
	local response = user.responses[session]
	if response and response.version == user.version then
		if not response.bytes then
			error(string.format("Conflict session %d of %s", session, user.username), 0)
		end
		-- It was answered on this very connection: the number is used again.
		response = nil
	end
	if response then
		-- The client came back: it gets the answer that there is, or that there will be.
		response.fd, response.version = fd, user.version
		if not response.bytes then
			return
		end
	else
		response = { fd = fd, version = user.version }
		user.responses[session] = response
		local ok, result = pcall(conf.request_handler, user.username, content)
		if not ok then
			skynet.error("request failed:", result)
			result = ""
		end
		response.bytes = string.pack(">s2", (result or "") .. string.pack(">BI4", ok and 1 or 0, session))
		user.index = user.index + 1
		response.index = user.index
		retire(user, conf.expired_number or 128)
	end
	if connections[response.fd] then
		socket.write(response.fd, response.bytes)
	end
end

--- Makes this service a message server. `conf`: login_handler, logout_handler, kick_handler,
--- request_handler(username, content) -> response; if it wants to, also
--- register_handler(servername), disconnect_handler(username), expired_number.
function server.start(conf)
	local handler = {}
	local commands = { login = conf.login_handler, logout = conf.logout_handler, kick = conf.kick_handler }

	function handler.command(name, _, ...)
		local command = assert(commands[name], "a message server has no such command")
		return command(...)
	end

	function handler.open(_, gate)
		local name = assert(gate.servername, "a message server needs a servername")
		if conf.register_handler then
			return conf.register_handler(name)
		end
	end

	function handler.connect(fd, address)
		greeting[fd] = address
		gateserver.openclient(fd)
	end

	function handler.disconnect(fd)
		greeting[fd] = nil
		local user = connections[fd]
		if user then
			connections[fd] = nil
			user.fd = nil
			if conf.disconnect_handler then
				conf.disconnect_handler(user.username)
			end
		end
		gateserver.closeclient(fd)
	end

	function handler.message(fd, message, size)
		local text = netpack.tostring(message, size)
		local address = greeting[fd]
		if address then
			greeting[fd] = nil
			local result = greet(fd, address, text)
			socket.write(fd, string.pack(">s2", result))
			if result ~= "200 OK" then
				skynet.error("greeting refused, from", address, result)
				gateserver.closeclient(fd)
			end
			return
		end
		local user = connections[fd]
		if not user then
			return
		end
		if #text < 4 then
			skynet.error("a request of", user.username, "has no session")
			return gateserver.closeclient(fd)
		end
		answer(conf, fd, user, string.unpack(">I4", text, #text - 3), text:sub(1, -5))
	end

	gateserver.start(handler)
end

return server
