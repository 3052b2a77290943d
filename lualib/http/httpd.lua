--- The server's half of HTTP: reads a request, writes a response, one of each on a connection.
--- Both may wait. What is ambiguous or too long is refused with a status, never guessed at.

local core = require "http.core"
local deadline = require "http.deadline"
local internal = require "http.internal"
local skynet = require "skynet"
local sockethelper = require "http.sockethelper"

local httpd = {
	-- Ticks in which a whole request must have come; nil is forever.
	timeout = tonumber(skynet.getenv "http_timeout") or 6000,
	-- Bytes of a body, if `read_request` is given no limit.
	bodylimit = 16 << 20,
}

local REASONS <const> = {
	[100] = "Continue", [101] = "Switching Protocols", [102] = "Processing", [103] = "Early Hints",
	[200] = "OK", [201] = "Created", [202] = "Accepted", [203] = "Non-Authoritative Information",
	[204] = "No Content", [205] = "Reset Content", [206] = "Partial Content",
	[300] = "Multiple Choices", [301] = "Moved Permanently", [302] = "Found", [303] = "See Other",
	[304] = "Not Modified", [305] = "Use Proxy", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
	[400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
	[404] = "Not Found", [405] = "Method Not Allowed", [406] = "Not Acceptable",
	[407] = "Proxy Authentication Required", [408] = "Request Time-out", [409] = "Conflict", [410] = "Gone",
	[411] = "Length Required", [412] = "Precondition Failed", [413] = "Request Entity Too Large",
	[414] = "Request-URI Too Large", [415] = "Unsupported Media Type",
	[416] = "Requested range not satisfiable", [417] = "Expectation Failed", [422] = "Unprocessable Content",
	[426] = "Upgrade Required", [428] = "Precondition Required", [429] = "Too Many Requests",
	[431] = "Request Header Fields Too Large", [500] = "Internal Server Error", [501] = "Not Implemented",
	[502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Time-out",
	[505] = "HTTP Version not supported",
}

local function read_request(read, limit)
	local head, rest = internal.head(read, "", true)
	if not head then
		return 413
	end
	local method, url, _, header, length = core.request(head)
	if not method then
		-- In the place of the url is the status then.
		return url
	end
	limit = limit or httpd.bodylimit
	if length == "chunked" then
		local body, why = internal.recvchunkedbody(read, limit, header, rest)
		if not body then
			return why == "too large" and 413 or 400
		end
		return 200, url, method, header, body
	elseif length > limit then
		return 413
	elseif #rest < length then
		rest = rest .. read(length - #rest)
	end
	return 200, url, method, header, rest:sub(1, length)
end

--- `read_request(read [, limit])`: 200, url, method, headers and body; or the status to answer
--- with; or nil and why, `sockethelper.socket_error` if the connection ended.
function httpd.read_request(read, limit)
	local guard <close> = deadline(sockethelper.socket_of(read), httpd.timeout)
	local ok, status, url, method, header, body = pcall(read_request, read, limit)
	if ok then
		return status, url, method, header, body
	end
	return nil, status
end

-- Answers that have no body, and say nothing about its length.
local function is_bare(status)
	return status < 200 or status == 204 or status == 304
end

local function write_response(write, status, body, header)
	local out = { ("HTTP/1.1 %03d %s\r\n"):format(status, REASONS[status] or "") }
	local seen = internal.write_headers(out, header or {}, ": ")
	local kind = type(body)
	if kind == "string" or kind == "nil" then
		local length = seen["content-length"]
		if kind == "string" and length and tonumber(length) ~= #body then
			error(("content-length is %s, but the body has %d bytes"):format(length, #body), 0)
		elseif not length and not (kind == "nil" and is_bare(status)) then
			out[#out + 1] = ("content-length: %d\r\n"):format(body and #body or 0)
		end
		out[#out + 1] = "\r\n"
		out[#out + 1] = body
		write(table.concat(out))
	elseif kind == "function" then
		if seen["content-length"] then
			error("a body in chunks has no content-length", 0)
		elseif not seen["transfer-encoding"] then
			out[#out + 1] = "transfer-encoding: chunked\r\n"
		end
		out[#out + 1] = "\r\n"
		write(table.concat(out))
		for chunk in body do
			-- An empty one would be the last.
			if chunk ~= "" then
				write(("%x\r\n%s\r\n"):format(#chunk, chunk))
			end
		end
		write "0\r\n\r\n"
	else
		error("a body is a string, a function or nil, not a " .. kind, 0)
	end
end

--- `write_response(write, status, body, header)`: true, or false and why. A body that is a
--- function is called for one chunk after the other, until it returns nil.
function httpd.write_response(write, ...)
	return pcall(write_response, write, ...)
end

return httpd
