--- The client's half of HTTP: one request on a connection. Everything waits, and raises when
--- there is no answer: `sockethelper.socket_error` if the connection fails, else a text.

local deadline = require "http.deadline"
local internal = require "http.internal"
local skynet = require "skynet"
local socket = require "skynet.socket"
local sockethelper = require "http.sockethelper"

local httpc = {
	-- Ticks for a whole exchange; for a stream, until its head, and between its parts. nil is forever.
	timeout = tonumber(skynet.getenv "http_timeout") or 6000,
	-- Longest body that `request` gathers, and longest chunk of a stream; nil is no limit.
	bodylimit = 64 << 20,
}

local PORTS <const> = { http = 80, https = 443 }

-- Asks for the address of a name without blocking anybody; see `httpc.dns`.
local resolve

--- Names are resolved by this DNS server from now on, or by the system's.
function httpc.dns(server, port)
	local dns = require "skynet.dns"
	dns.server(server, port)
	resolve = dns.resolve
end

--- Takes `[http://]host[:port]` apart: protocol, name, port.
function httpc.address(host)
	local protocol, rest = host:match "^(%a[%w+.-]*)://(.*)$"
	protocol = (protocol or "http"):lower()
	local default = PORTS[protocol]
	if not default then
		error("Invalid protocol: " .. protocol, 0)
	end
	rest = (rest or host):gsub("/$", "")
	local name, port = rest:match "^%[(.+)%](.*)$"
	if not name then
		if rest:find ":.*:" then
			error(("Invalid host: bare IPv6 address '%s', use '[%s]' instead"):format(rest, rest), 0)
		end
		name, port = rest:match "^([^:]*)(.*)$"
	end
	if port == "" then
		port = default
	else
		port = tonumber(port:match "^:(%d+)$")
	end
	if name == "" or not port then
		error("Invalid host: " .. host, 0)
	end
	return protocol, name, port, rest
end

--- Connects to `protocol://name:port`; returns the socket.
function httpc.connect(protocol, name, port, timeout)
	if protocol == "https" or protocol == "wss" then
		require("http.tlshelper").newctx()
	end
	if resolve and not name:find "^[%d.]+$" and not name:find ":" then
		name = resolve(name)
	end
	return sockethelper.connect(name, port, timeout)
end

-- Connects and sends; returns what reads the rest, and what `internal.request` returned.
local function begin(method, host, url, recvheader, header, content)
	local protocol, name, port, hostname = httpc.address(host)
	local timeout = httpc.timeout
	local started = skynet.now()
	local fd = httpc.connect(protocol, name, port, timeout)
	-- Connecting has taken its part of the time.
	local left = timeout and math.max(1, timeout - (skynet.now() - started))
	local interface = {
		read = sockethelper.readfunc(fd),
		write = sockethelper.writefunc(fd),
		limit = httpc.bodylimit,
		guard = deadline(fd, left),
	}
	function interface.finish()
		interface.guard:cancel()
		socket.close(fd)
	end
	function interface.blame(err)
		interface.finish()
		if interface.guard.over then
			local format = "no answer in time host = %s timeout = %s"
			err = sockethelper.socket_error(format:format(host, timeout))
		end
		error(err, 0)
	end
	local ok, status, bytes, headers =
		pcall(internal.request, interface, method, hostname, url, recvheader, header, content)
	if not ok then
		interface.blame(status)
	end
	return interface, status, bytes, headers
end

--- `request(method, host, url [, recvheader [, header [, content]]])`: status and body. The
--- headers of the answer are put into `recvheader`.
function httpc.request(method, host, url, recvheader, header, content)
	local interface, status, bytes, headers = begin(method, host, url, recvheader, header, content)
	local ok, body = pcall(internal.response, interface, status, bytes, headers)
	if not ok then
		interface.blame(body)
	end
	interface.finish()
	return status, body
end

--- Like `request`, but returns a stream: call it for the next part of the body.
function httpc.request_stream(method, host, url, recvheader, header, content)
	local interface, status, bytes, headers = begin(method, host, url, recvheader, header, content)
	interface.guard:cancel()
	interface.guard.ticks = httpc.timeout
	return internal.response_stream(interface, status, bytes, headers)
end

--- The status alone.
function httpc.head(host, url, recvheader, header, content)
	local interface, status = begin("HEAD", host, url, recvheader, header, content)
	interface.finish()
	return status
end

function httpc.get(...)
	return httpc.request("GET", ...)
end

local function escape(text)
	return (tostring(text):gsub("[^%w%-._~]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

--- Posts a form: a table of names and values.
function httpc.post(host, url, form, recvheader)
	local fields = {}
	for name, value in pairs(form) do
		fields[#fields + 1] = escape(name) .. "=" .. escape(value)
	end
	local header = { ["content-type"] = "application/x-www-form-urlencoded" }
	return httpc.request("POST", host, url, recvheader, header, table.concat(fields, "&"))
end

return httpc
