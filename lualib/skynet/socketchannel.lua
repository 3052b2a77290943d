--- Requests and responses over one connection, which is made when it is needed and made
--- again when it was lost. In order mode each request brings the parser of its
--- reply; in session mode one parser (`response`) says whose reply it read.
--- `request`, `response`, `connect` yield.

local skynet = require "skynet"
local socket = require "skynet.socket"

local socketchannel = {}

--- Raised when the connection could not be made or was lost.
local disconnected = setmetatable({}, {
	__tostring = function()
		return "[Error: socket]"
	end,
})
socketchannel.error = disconnected

--- Seconds that `connect` waits at most between two attempts.
local LONGEST_DELAY = 10
--- How often an authentication may send us to another host before we give up.
local MOST_CHANGES = 16

local channel = {}
channel.__index = channel

--- Makes a channel; it does not connect yet.
function socketchannel.channel(desc)
	local self = {
		__host = assert(desc.host, "a channel needs a host"),
		__port = assert(desc.port, "a channel needs a port"),
		__backup = desc.backup,
		__auth = desc.auth,
		__response = desc.response,
		__nodelay = desc.nodelay,
		__overload = desc.overload,
		__sock = false, -- the connection: its socket is at [1]
		__closed = false, -- the user closed it
		current = false, -- { host, port } of the connection
		connecting = false, -- coroutines that wait for an attempt to end
		authenticating = false, -- the coroutine that runs `auth`
		first = 1, -- order mode: replies that are waited for, oldest first
		last = 0,
		queue = {},
		waiting = {}, -- session mode: coroutines by session
		parts = {}, -- what a coroutine got of a reply that has more
		results = {}, -- what a coroutine is to go on with
	}
	local read = desc.socket_read or socket.read
	local readline = desc.socket_readline or socket.readline
	self.methods = {
		__index = {
			read = function(sock, ...)
				return read(sock[1], ...) or error(disconnected)
			end,
			readline = function(sock, ...)
				return readline(sock[1], ...) or error(disconnected)
			end,
		},
	}
	return setmetatable(self, channel)
end

local function wake(self, co, ok, value)
	self.parts[co] = nil
	self.results[co] = { ok = ok, value = value }
	skynet.wakeup(co)
end

--- Gives up the connection: everybody who waits for a reply gets the error.
local function drop(self)
	local sock = self.__sock
	if not sock then
		return
	end
	self.__sock = false
	for place = self.first, self.last do
		wake(self, self.queue[place].co, false, disconnected)
	end
	self.first, self.last, self.queue = 1, 0, {}
	local waiting = self.waiting
	self.waiting = {}
	for _, co in pairs(waiting) do
		wake(self, co, false, disconnected)
	end
	skynet.wakeup(sock)
	socket.close(sock[1])
end

--- Hands a part of a reply to who waits; the last one wakes him.
local function deliver(self, co, ok, value, more)
	local parts = self.parts[co]
	if ok and more then
		if parts then
			parts[#parts + 1] = value
		else
			self.parts[co] = { value }
		end
		return
	end
	if ok and parts then
		parts[#parts + 1] = value
		value = parts
	end
	wake(self, co, ok, value)
end

--- The reader met an error: the end of the connection, or one of the parser's own.
local function reading_failed(self, sock, err)
	if self.__sock ~= sock then
		return
	end
	if err == disconnected then
		if not self.authenticating then
			skynet.error("socket closed by peer :", self.current.host, self.current.port)
		end
	else
		skynet.error("socket: error in a response :", err)
	end
	drop(self)
end

local function read_in_order(self, sock)
	while self.__sock == sock do
		if self.first > self.last then
			skynet.wait(sock)
		else
			local place = self.first
			local asked = self.queue[place]
			local fine, ok, value, more = pcall(asked.parser, sock)
			if self.__sock ~= sock then
				return
			end
			if not fine then
				if ok ~= disconnected then
					self.queue[place] = nil
					self.first = place + 1
					wake(self, asked.co, false, ok)
				end
				return reading_failed(self, sock, ok)
			end
			if not (ok and more) then
				self.queue[place] = nil
				self.first = place + 1
			end
			deliver(self, asked.co, ok, value, more)
		end
	end
end

local function read_by_session(self, sock)
	while self.__sock == sock do
		local fine, session, ok, value, more = pcall(self.__response, sock)
		if self.__sock ~= sock then
			return
		end
		if not fine then
			return reading_failed(self, sock, session)
		end
		local co = session ~= nil and self.waiting[session]
		if not co then
			skynet.error("socket: unknown session :", session)
		else
			if not (ok and more) then
				self.waiting[session] = nil
			end
			deliver(self, co, ok, value, more)
		end
	end
end

--- Makes the socket at hand the channel's connection, and reads it.
local function adopt(self, fd, host, port)
	local sock = setmetatable({ fd }, self.methods)
	self.__sock = sock
	self.current = { host = host, port = port }
	if self.__nodelay then
		socket.nodelay(fd)
	end
	local overload = self.__overload
	if overload then
		local over = false
		socket.warning(fd, function(_, kilobytes)
			local now = kilobytes > 0
			if now ~= over then
				over = now
				overload(now)
			end
		end)
	end
	if not self.__response then
		-- Nobody reads while nobody waits for a reply.
		socket.onclose(fd, function()
			if self.first > self.last then
				reading_failed(self, sock, disconnected)
			end
		end)
	end
	skynet.fork(self.__response and read_by_session or read_in_order, self, sock)
	return sock
end

--- Runs `auth`, which may use the channel. False if it failed.
local function authenticate(self, sock)
	if not self.__auth then
		return true
	end
	self.authenticating = coroutine.running()
	local ok, err = pcall(self.__auth, self)
	self.authenticating = false
	if ok then
		return true
	end
	skynet.error("socket: auth failed", err)
	if self.__sock == sock then
		drop(self)
	end
	return false, err
end

--- Where to try: the host, then the others, each once.
local function candidates(self)
	local list, seen = {}, {}
	local function add(host, port)
		local key = host .. ":" .. port
		if not seen[key] then
			seen[key] = true
			list[#list + 1] = { host = host, port = port }
		end
	end
	add(self.__host, self.__port)
	for _, other in ipairs(self.__backup or {}) do
		if type(other) == "table" then
			add(other.host, other.port or self.__port)
		else
			add(other, self.__port)
		end
	end
	return list
end

--- One attempt at every candidate; the last reason if none will have us.
local function try_all(self)
	local why
	for _ = 1, MOST_CHANGES do
		local changed = false
		for place, at in ipairs(candidates(self)) do
			if self.__closed then
				return false, "closed"
			end
			if place > 1 then
				skynet.error("socket: connect to backup host", at.host, at.port)
			end
			local fd, err = socket.open(at.host, at.port)
			if self.__closed then
				if fd then
					socket.close(fd)
				end
				return false, "closed"
			end
			why = err or why
			if fd then
				self.changed = false
				local sock = adopt(self, fd, at.host, at.port)
				local ok, refused = authenticate(self, sock)
				if ok and self.__sock == sock then
					return true
				end
				why = refused or "the connection was lost while it was made"
				changed = self.changed
				if changed then
					break
				end
			end
		end
		if not changed then
			return false, why
		end
	end
	return false, "the authentication changes the host again and again"
end

--- Tries until somebody answers, or the channel is closed.
local function try_for_ever(self)
	local delay = 0
	while not self.__closed do
		local ok, why = try_all(self)
		if ok then
			skynet.error("socket: connect to", self.current.host, self.current.port)
			return true
		end
		skynet.error("socket: connect", why)
		if delay > LONGEST_DELAY then
			skynet.error("socket: try to reconnect", self.__host, self.__port)
			delay = 0
		end
		skynet.sleep(delay * 100)
		delay = delay + 1
	end
	return false, "closed"
end

--- Sees to it that there is a connection, or raises.
local function need_connection(self, once)
	while true do
		if self.authenticating and self.authenticating == coroutine.running() then
			-- What `auth` lost it cannot use; who connects sees to the rest.
			return self.__sock or error(disconnected)
		end
		assert(not self.__closed)
		if self.connecting then
			local co = coroutine.running()
			table.insert(self.connecting, co)
			skynet.wait(co)
		elseif self.__sock and socket.disconnected(self.__sock[1]) == false then
			return self.__sock
		else
			if self.__sock then
				skynet.error("socket: disconnect detected", self.current.host, self.current.port)
				drop(self)
			end
			self.connecting = {}
			local fine, ok, why = pcall(once and try_all or try_for_ever, self)
			local others = self.connecting
			self.connecting = false
			for _, co in ipairs(others) do
				skynet.wakeup(co)
			end
			if not fine then
				error(ok, 0)
			end
			if not ok then
				skynet.error("Connect failed", why, self.__host, self.__port)
				error(disconnected)
			end
		end
	end
end

--- Waits for the reply that a parser reads, or that comes under a session.
local function wait_for_reply(self, response)
	local co = coroutine.running()
	if self.__response then
		self.waiting[response] = co
	else
		self.last = self.last + 1
		self.queue[self.last] = { parser = response, co = co }
		if self.first == self.last then
			skynet.wakeup(self.__sock)
		end
	end
	repeat
		skynet.wait(co)
	until self.results[co]
	local result = self.results[co]
	self.results[co] = nil
	if result.ok then
		return result.value
	end
	error(result.value, result.value == disconnected and 1 or 3)
end

--- Connects, for ever or once. A channel that was closed is opened again.
function channel:connect(once)
	self.__closed = false
	need_connection(self, once)
	return true
end

--- Sends a request. `response` is the parser of its reply, or its session; without
--- it there is none. `padding` is a list of further parts that may wait for others.
function channel:request(data, response, padding)
	local sock = need_connection(self, true)
	local sent = socket.write(sock[1], data)
	for _, part in ipairs(padding or {}) do
		sent = sent and socket.lwrite(sock[1], part)
	end
	if not sent then
		drop(self)
		error(disconnected)
	end
	if response == nil then
		return
	end
	return wait_for_reply(self, response)
end

--- Waits for a reply that nobody asked for.
function channel:response(response)
	need_connection(self, false)
	return wait_for_reply(self, response)
end

--- Closes the channel: who waits gets the error, and nobody can ask any more.
function channel:close()
	if not self.__closed then
		self.__closed = true
		drop(self)
	end
end

--- Another host from now on: the next request connects to it.
function channel:changehost(host, port)
	self.__host = host
	if port then
		self.__port = port
	end
	self.changed = true
	if not self.__closed then
		drop(self)
	end
end

function channel:changebackup(backup)
	self.__backup = backup
end

return socketchannel
