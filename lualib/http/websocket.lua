--- WebSocket (RFC 6455) for both sides. `accept`, `connect`, `read` and `close` may wait;
--- `write` and `ping` do not. Frames are taken apart by `http.core`; what a peer does wrong is
--- told to it with a close code, and to the script as an error.

local core = require "http.core"
local deadline = require "http.deadline"
local httpc = require "http.httpc"
local httpd = require "http.httpd"
local internal = require "http.internal"
local skynet = require "skynet"
local socket = require "skynet.socket"
local sockethelper = require "http.sockethelper"

local websocket = {}

-- Longest message from a client, and from a server that we chose to ask.
local FROM_CLIENT <const> = 256 << 10
local FROM_SERVER <const> = 16 << 20

-- The open ones by the number of their socket: talk (between bytes and events), read, address,
-- closed, and for a server handler and real_ip.
local open = {}

local function known(id)
	local ws = open[id]
	if not ws or ws.closed then
		error(("there is no open websocket %s"):format(id), 3)
	end
	return ws
end

-- Sends what the protocol answers by itself: pongs and close frames.
local function flush(ws)
	local output = ws.talk:output()
	if output then
		socket.write(ws.id, output)
	end
end

local function finish(ws)
	if not ws.closed then
		ws.closed = true
		socket.close(ws.id)
	end
end

-- A server's stays known to its last handler, and no longer, however the coroutine ends.
local connection = {}

function connection:__close()
	finish(self)
	open[self.id] = nil
end

local function call(ws, name, ...)
	local f = ws.handler[name]
	if f then
		return f(ws.id, ...)
	end
end

-- Whether a header with commas, or a list of such, has this word in it.
local function lists(value, word)
	if type(value) == "table" then
		value = table.concat(value, ",")
	end
	for item in (value or ""):gmatch "[^,]+" do
		if item:match "^%s*(.-)%s*$":lower() == word then
			return true
		end
	end
	return false
end

-- A server's half --------------------------------------------------------------------------------

-- Why a request does not become a WebSocket: status, text and a header; nothing if it does.
local function refusal(method, header)
	if method ~= "GET" then
		return 400, "need GET method"
	elseif not lists(header.connection, "upgrade") or not lists(header.upgrade, "websocket") then
		return 426, "Upgrade Required", { upgrade = "websocket" }
	elseif header["sec-websocket-version"] ~= "13" then
		return 426, "Sec-WebSocket-Version must 13", { ["sec-websocket-version"] = "13" }
	elseif not header["sec-websocket-key"] then
		return 400, "Sec-WebSocket-Key Required"
	elseif type(header["sec-websocket-key"]) ~= "string" or not core.accept_key(header["sec-websocket-key"]) then
		return 400, "Sec-WebSocket-Key invalid"
	elseif header["sec-websocket-protocol"] and not lists(header["sec-websocket-protocol"], "chat") then
		return 400, "Sec-WebSocket-Protocol need include chat"
	end
end

-- Method, url, headers and the bytes behind them; or nothing and a status.
local function read_handshake(ws)
	local head, rest = internal.head(ws.read, "", true)
	if not head then
		return nil, 413
	end
	local method, url, minor, header, length = core.request(head)
	if not method then
		return nil, url
	elseif minor == 0 then
		return nil, 505
	elseif length ~= 0 then
		return nil, 400
	end
	return method, url, header, rest
end

-- True once the connection is a WebSocket; false and why not.
local function shake_hands(ws, given)
	local method, url, header, rest
	if given then
		method, url, header, rest = given.method, given.url, given.header, ""
	else
		local guard <close> = deadline(ws.id, httpd.timeout)
		method, url, header, rest = read_handshake(ws)
	end
	local write = sockethelper.writefunc(ws.id)
	local status, text, more = url, nil, nil
	if method then
		status, text, more = refusal(method, header)
	end
	if status then
		httpd.write_response(write, status, text, more)
		return false, ("websocket handshake refused: %d %s"):format(status, text or "bad request")
	end
	local protocol = header["sec-websocket-protocol"] and "Sec-WebSocket-Protocol: chat\r\n" or ""
	write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		.. "Sec-WebSocket-Accept: " .. core.accept_key(header["sec-websocket-key"]) .. "\r\n"
		.. protocol .. "\r\n")
	ws.real_ip = header["x-real-ip"]
	ws.talk:push(rest)
	call(ws, "handshake", header, url)
	return true
end

-- What to do about an event; true when it was the last.
local events = {}

function events.text(ws, data)
	call(ws, "message", data, "text")
end

function events.binary(ws, data)
	call(ws, "message", data, "binary")
end

function events.ping(ws)
	call(ws, "ping")
end

function events.pong(ws)
	call(ws, "pong")
end

function events.close(ws, code, reason)
	finish(ws)
	call(ws, "close", code, reason)
	return true
end

function events.error(ws, why, code)
	error(sockethelper.socket_error(("%s fd = %d code = %d"):format(why, ws.id, code)), 0)
end

-- True after a conversation, false and why if there was none.
local function serve(ws, given)
	call(ws, "connect")
	local ok, why = shake_hands(ws, given)
	if not ok then
		finish(ws)
		call(ws, "close")
		return false, why
	end
	while not ws.closed do
		local kind, data, more = ws.talk:next()
		flush(ws)
		if not kind then
			ws.talk:push(ws.read())
		elseif events[kind](ws, data, more) then
			return true
		end
	end
	call(ws, "close")
	return true
end

local function traced(err)
	return err == sockethelper.socket_error and err or debug.traceback(err, 2)
end

--- `accept(id, handler [, protocol [, address [, options]]])`: serves the connection until its
--- end, calling the functions of `handler`. True; or false and why: the handshake was refused,
--- or a handler failed. `options.upgrade` is a request that `httpd` has read already;
--- `options.unmasked` takes frames without a mask (the config's `websocket_unmasked`, too).
function websocket.accept(id, handler, protocol, address, options)
	if protocol == "wss" then
		require("http.tlshelper").newctx()
	elseif protocol and protocol ~= "ws" then
		error(("Invalid websocket protocol: %s"):format(protocol), 2)
	end
	options = options or {}
	if not options.upgrade then
		local started, err = socket.start(id)
		if not started then
			return false, err
		end
	end
	local unmasked = options.unmasked or skynet.getenv "websocket_unmasked" == "true"
	local ws <close> = setmetatable({
		id = id,
		handler = handler,
		address = address,
		talk = core.server(FROM_CLIENT, unmasked),
		read = sockethelper.readfunc(id),
		closed = false,
	}, connection)
	open[id] = ws
	if handler.warning then
		socket.warning(id, function(_, kilobytes) handler.warning(ws, kilobytes) end)
	end
	local ok, done, why = xpcall(serve, traced, ws, options.upgrade)
	if ok then
		return done, why
	end
	local by_us = ws.closed
	finish(ws)
	if done ~= sockethelper.socket_error then
		return false, done
	elseif by_us then
		call(ws, "close")
	else
		call(ws, "error", done)
	end
	return true
end

-- A client's half --------------------------------------------------------------------------------

-- Raises if a server's answer does not open a WebSocket.
local function check_answer(interface, status, bytes, header, key)
	if status ~= 101 then
		interface.limit = 1024
		local ok, info = pcall(internal.response, interface, status, bytes, header)
		error(("websocket handshake error: code[%s] info:%s"):format(status, ok and info or ""), 0)
	elseif not lists(header.connection, "upgrade") or not lists(header.upgrade, "websocket") then
		error("websocket handshake error: the server does not upgrade", 0)
	elseif header["sec-websocket-accept"] ~= core.accept_key(key) then
		error("websocket handshake error: invalid Sec-WebSocket-Accept", 0)
	elseif header["sec-websocket-extensions"] then
		error("websocket handshake error: the server uses an extension that nobody asked for", 0)
	end
end

--- `connect(url [, header [, timeout]])`: the number of an open WebSocket. `timeout`, in ticks,
--- is `httpc.timeout` if left out.
function websocket.connect(url, header, timeout)
	local protocol, host, path = url:match "^(wss?)://([^/?]+)(.*)$"
	if not protocol then
		error("invalid websocket url: " .. tostring(url), 2)
	end
	if path:sub(1, 1) ~= "/" then
		path = "/" .. path
	end
	local _, name, port, hostname = httpc.address((protocol == "wss" and "https://" or "http://") .. host)
	timeout = timeout or httpc.timeout
	local id = httpc.connect(protocol, name, port, timeout)
	local guard <close> = deadline(id, timeout)
	local key = core.new_key()
	local asked = {}
	for field, value in pairs(header or {}) do
		asked[field] = value
	end
	asked["Upgrade"], asked["Connection"] = "websocket", "Upgrade"
	asked["Sec-WebSocket-Version"], asked["Sec-WebSocket-Key"] = "13", key
	local interface = { read = sockethelper.readfunc(id), write = sockethelper.writefunc(id), guard = guard }
	local ok, status, bytes, answer = pcall(internal.request, interface, "GET", hostname, path, nil, asked)
	local checked, err = ok, status
	if ok then
		checked, err = pcall(check_answer, interface, status, bytes, answer, key)
	end
	if not checked then
		socket.close(id)
		error(guard.over and sockethelper.socket_error("no answer in time url = " .. url) or err, 0)
	end
	local ws = {
		id = id,
		address = name .. ":" .. port,
		talk = core.client(FROM_SERVER),
		read = interface.read,
		closed = false,
	}
	ws.talk:push(bytes)
	open[id] = ws
	return id
end

local function forget(ws)
	finish(ws)
	open[ws.id] = nil
end

--- A client's next message; false and the payload of the close frame after the last one. Raises
--- when the connection breaks, or the server breaks the protocol.
function websocket.read(id)
	local ws = known(id)
	while true do
		local kind, data, more = ws.talk:next()
		flush(ws)
		if kind == "text" or kind == "binary" then
			return data
		elseif kind == "close" then
			forget(ws)
			return false, data and string.pack(">I2", data) .. more or ""
		elseif kind == "error" then
			forget(ws)
			error(("websocket %d is closed: %s"):format(id, data), 0)
		elseif not kind then
			local ok, bytes = pcall(ws.read)
			if not ok then
				forget(ws)
				error(bytes, 0)
			end
			ws.talk:push(bytes)
		end
	end
end

-- Both halves ------------------------------------------------------------------------------------

--- `write(id, data [, kind])`: a message, "text" unless it is "binary". (Clients mask with a key
--- of their own for each frame; a fourth argument, Skynet's masking key, is not looked at.)
function websocket.write(id, data, kind)
	local ws = known(id)
	local bytes, why = ws.talk:write(data, kind or "text")
	if not bytes then
		error(("websocket %d: %s"):format(id, why), 2)
	end
	socket.write(id, bytes)
end

function websocket.ping(id)
	local ws = known(id)
	socket.write(id, ws.talk:ping())
end

--- `close(id [, code [, reason]])`: says goodbye and closes.
function websocket.close(id, code, reason)
	local ws = open[id]
	if not ws or ws.closed then
		return
	end
	socket.write(id, ws.talk:close(code, reason))
	finish(ws)
	if not ws.handler then
		open[id] = nil
	end
end

function websocket.is_close(id)
	local ws = open[id]
	return not ws or ws.closed
end

--- Where the peer is: as it was given to `accept`, or connected to.
function websocket.addrinfo(id)
	local ws = open[id]
	return ws and ws.address
end

--- What a proxy in front says where the peer is.
function websocket.real_ip(id)
	local ws = open[id]
	return ws and ws.real_ip
end

return websocket
