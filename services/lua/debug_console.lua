--- Serves a debug console: `debug_console [ip] port`, on loopback unless an address is given.
--- Line by line for people, and for tools one request as HTTP that is answered in the same form.

local skynet = require "skynet"
local socket = require "skynet.socket"
local console = require "skynet.console.run"

local ip, port = ...
if port == nil then
	ip, port = "127.0.0.1", ip
end

--- Longest line and longest body, in bytes; most header lines; most sessions at a time.
local LONGEST = 64 << 10
local MOST_HEADERS = 100
local MOST_SESSIONS = 64

local sessions = 0

local function printer(id)
	return function(text)
		socket.write(id, text .. "\n")
	end
end

local function decode(text)
	return (text:gsub("%%(%x%x)", function(hex)
		return string.char(tonumber(hex, 16))
	end))
end

--- Yields. The header lines of a request by lower-case name; nil if there are too many.
local function read_headers(id)
	local headers = {}
	for _ = 1, MOST_HEADERS do
		local line = socket.readline(id, "\n")
		if not line then
			return nil
		end
		local name, value = line:match "^([^:%s]+):%s*(.-)%s*$"
		if name then
			headers[name:lower()] = value
		elseif line:match "^\r?$" then
			return headers
		end
	end
end

--- Yields. Serves the request that begins with this line.
local function serve_http(id, session, method, path, print)
	local headers = read_headers(id)
	if not headers then
		return print "<CMD Error>"
	end
	-- A page in somebody's browser may send requests to this machine, and must not command it.
	if headers.origin or headers["sec-fetch-site"] or headers.referer then
		print "requests of web pages are refused"
		return print "<CMD Error>"
	end
	local line
	if method == "POST" then
		local size = math.tointeger(tonumber(headers["content-length"], 10))
		if not size or size < 0 or size > LONGEST then
			print(("a body of at most %d bytes is needed, with its Content-Length"):format(LONGEST))
			return print "<CMD Error>"
		end
		line = size > 0 and socket.read(id, size) or ""
	else
		line = decode(path:gsub("/", " "))
	end
	local value = (headers.authorization or ""):match "^Bearer%s+(%S+)$"
	if value then
		console.line(session, "token " .. value, function() end)
	end
	-- One request is one command.
	console.line(session, (line or ""):match "[^\r\n]*", print)
end

--- Yields until the session is over.
local function serve(id, print)
	local session = {}
	print "Welcome to skynet console"
	while true do
		local line = socket.readline(id, "\n")
		if not line or (session.wrong or 0) > 3 then
			return
		end
		local method, path = line:match "^(%u+) (%S+)"
		if method == "GET" or method == "POST" then
			return serve_http(id, session, method, path, print)
		end
		console.line(session, line:gsub("\r$", ""), print)
	end
end

local function accepted(id, address)
	if sessions >= MOST_SESSIONS then
		skynet.error(("%s refused: %d sessions are open"):format(address, sessions))
		socket.close_fd(id)
		return
	end
	sessions = sessions + 1
	socket.start(id)
	socket.limit(id, LONGEST)
	skynet.error(address .. " connected")
	local ok, why = pcall(serve, id, printer(id))
	sessions = sessions - 1
	skynet.error(address .. " disconnect")
	if not ok then
		skynet.error(why)
	end
	socket.close(id)
end

skynet.start(function()
	local number = math.tointeger(tonumber(port))
	if not number or number < 0 or number > 65535 then
		error(("debug_console needs a port, not %s: debug_console [ip] port"):format(tostring(port)))
	end
	local listener, address, bound = socket.listen(ip, number)
	skynet.error(("Start debug console at %s:%s"):format(address or ip, bound or number))
	if skynet.getenv "debug_console_unsafe" == "true" and not tostring(address or ip):find "^127%." then
		skynet.error "debug_console_unsafe: whoever reaches this address may run code on this machine"
	end
	socket.start(listener, function(id, peer)
		skynet.fork(accepted, id, peer)
	end)
end)
