--- The login of a game, over lines of text: challenge, exchange of keys, token. One service
--- listens and decides who may enter; others of the same file, which it starts,
--- check the tokens, so that a slow check keeps nobody else.

local crypt = require "skynet.crypt"
local skynet = require "skynet"
local socket = require "skynet.socket"
require "skynet.manager"

--- Bytes that a line may have.
local LONGEST = 8 << 10
--- Hundredths of a second for the whole exchange, if the configuration names none.
local PATIENCE = 3000

--- Raised when the peer is gone, or sends what is no line of the exchange.
local function fail(fd, what)
	error(string.format("socket %d: %s", fd, what), 0)
end

local function write(fd, text)
	if not socket.write(fd, text .. "\n") then
		fail(fd, "closed in the login")
	end
end

local function read(fd)
	return socket.readline(fd) or fail(fd, "closed in the login")
end

--- What a peer sent in base64, or an error that says what it was to be.
local function read_encoded(fd, what)
	local ok, bytes = pcall(crypt.base64decode, read(fd))
	return ok and bytes or fail(fd, what .. " is not base64")
end

--- The exchange up to the token. Returns whether the token is good, and whose it is.
local function exchange(conf, fd)
	local challenge = crypt.randomkey()
	write(fd, crypt.base64encode(challenge))
	local theirs = read_encoded(fd, "the key")
	if #theirs ~= 8 then
		fail(fd, "a key has 8 bytes, not " .. #theirs)
	end
	local ours = crypt.randomkey()
	write(fd, crypt.base64encode(crypt.dhexchange(ours)))
	local secret = crypt.dhsecret(theirs, ours)
	if read_encoded(fd, "the answer") ~= crypt.hmac64(challenge, secret) then
		write(fd, "400 Bad Request")
		fail(fd, "the challenge was not met")
	end
	local token = crypt.desdecode(secret, read_encoded(fd, "the token"))
	local ok, server, uid = pcall(conf.auth_handler, token)
	return ok, server, uid, secret
end

--- One of those that check: takes a connection, gives it back when it knows who it is.
--- It replies nil and why if the exchange failed.
local function run_slave(conf)
	skynet.dispatch("lua", function(_, _, fd)
		local ok, why = socket.start(fd)
		if not ok then
			return skynet.retpack(nil, why)
		end
		socket.limit(fd, LONGEST)
		local over = false
		skynet.timeout(conf.timeout or PATIENCE, function()
			if not over then
				socket.shutdown(fd)
			end
		end)
		local result = table.pack(pcall(exchange, conf, fd))
		over = true
		socket.abandon(fd)
		if result[1] then
			skynet.retpack(table.unpack(result, 2, result.n))
		else
			skynet.retpack(nil, result[2])
		end
	end)
end

--- Decides about a connection whose token has been checked.
local function decide(conf, entering, fd, ok, server, uid, secret)
	if not ok then
		write(fd, "401 Unauthorized")
		fail(fd, tostring(server))
	end
	if not conf.multilogin then
		if entering[uid] then
			write(fd, "406 Not Acceptable")
			fail(fd, "user " .. tostring(uid) .. " is entering already")
		end
		entering[uid] = true
	end
	local entered, subid = pcall(conf.login_handler, server, uid, secret)
	entering[uid] = nil
	if not entered then
		write(fd, "403 Forbidden")
		fail(fd, tostring(subid))
	end
	write(fd, "200 " .. crypt.base64encode(tostring(subid or "")))
end

local function run_master(conf)
	local count = conf.instance or 8
	assert(count > 0, "a login server needs at least one instance")
	local slaves, last = {}, 0
	local entering = {} -- users whose login is under way
	skynet.dispatch("lua", function(_, _, command, ...)
		skynet.retpack(conf.command_handler(command, ...))
	end)
	for n = 1, count do
		slaves[n] = skynet.newservice(SERVICE_NAME)
	end
	local listener, ip, port = socket.listen(conf.host or "127.0.0.1", conf.port)
	skynet.error("login server listens on", ip, port)
	socket.start(listener, function(fd, address)
		last = last % count + 1
		local result = table.pack(pcall(skynet.call, slaves[last], "lua", fd))
		local ok, why = result[1] and result[2] ~= nil, result[1] and result[3] or result[2]
		if ok then
			ok, why = socket.start(fd)
			if ok then
				ok, why = pcall(decide, conf, entering, fd, table.unpack(result, 2, result.n))
			end
			socket.close(fd)
		else
			socket.close_fd(fd)
		end
		if not ok then
			skynet.error("login failed, from", address, why)
		end
	end)
end

--- Makes this service a login server. `conf`: host, port, instance = 8, multilogin,
--- name = "login", timeout, auth_handler(token) -> server, uid,
--- login_handler(server, uid, secret) -> subid, command_handler(command, ...).
return function(conf)
	local name = "." .. (conf.name or "login")
	for _, handler in ipairs { "auth_handler", "login_handler", "command_handler" } do
		assert(conf[handler], "a login server needs " .. handler)
	end
	skynet.start(function()
		if skynet.localname(name) then
			run_slave(conf)
		else
			skynet.register(name)
			run_master(conf)
		end
	end)
end
