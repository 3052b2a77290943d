--- Sockets as the HTTP modules use them: functions that read and write, and raise
--- `socket_error` when the connection does not go on. What reads may wait.

local skynet = require "skynet"
local socket = require "skynet.socket"

local sockethelper = {}

-- Each error is an object of its own, with its own text; all are equal to `socket_error`.
local failure = {}
failure.__name = "socket_error"
failure.__eq = function(one, other) return getmetatable(one) == failure and getmetatable(other) == failure end
failure.__tostring = function(self) return self.err_info or "[Socket Error]" end
failure.__call = function(_, text) return setmetatable({ err_info = "[Socket Error] : " .. text }, failure) end

local socket_error = setmetatable({}, failure)
sockethelper.socket_error = socket_error

-- Which socket such a function reads: `httpd` ends requests that take too long.
local sockets = setmetatable({}, { __mode = "k" })

function sockethelper.socket_of(read)
	return sockets[read]
end

local function failed(fd)
	error(socket_error("read failed fd = " .. fd), 0)
end

--- `read(n)` is n bytes, `read()` what there is; `pre` has been read already.
function sockethelper.readfunc(fd, pre)
	if pre == "" then
		pre = nil
	end
	local function read(size)
		if pre then
			local first = pre
			if not size or size == #first then
				pre = nil
				return first
			elseif size < #first then
				pre = first:sub(size + 1)
				return first:sub(1, size)
			end
			pre = nil
			return first .. (socket.read(fd, size - #first) or failed(fd))
		end
		return socket.read(fd, size) or failed(fd)
	end
	sockets[read] = fd
	return read
end

sockethelper.readall = socket.readall

function sockethelper.writefunc(fd)
	return function(content)
		if not socket.write(fd, content) then
			error(socket_error("write failed fd = " .. fd), 0)
		end
	end
end

-- Opens in another coroutine, so that this one can give up.
local function open_in_time(host, port, timeout)
	local opened, id, err, late
	local token = {}
	skynet.fork(function()
		id, err = socket.open(host, port)
		opened = true
		if not late then
			skynet.wakeup(token)
		elseif id then
			socket.close(id)
		end
	end)
	skynet.sleep(timeout, token)
	if not opened then
		late = true
		return nil, nil, true
	end
	return id, err, false
end

--- Connects, within `timeout` ticks if that is given.
function sockethelper.connect(host, port, timeout)
	local id, err
	local is_time_out = false
	if timeout then
		id, err, is_time_out = open_in_time(host, port, timeout)
	else
		id, err = socket.open(host, port)
	end
	if id then
		return id
	end
	local format = "connect failed host = %s port = %s timeout = %s err = %s is_time_out = %s"
	error(socket_error(format:format(host, port, timeout, err, is_time_out)), 0)
end

function sockethelper.close(fd)
	socket.close(fd)
end

function sockethelper.shutdown(fd)
	socket.shutdown(fd)
end

return sockethelper
