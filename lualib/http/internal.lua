--- What a server and a client of HTTP have in common: heads, bodies, and one exchange.
--- An `interface` is a table of functions: `read(n)` is n bytes, `read()` what there is, and both
--- raise at the end; `write(bytes)`. Everything that reads may wait.

local core = require "http.core"
local sockethelper = require "http.sockethelper"

local internal = {}

-- Longest head, and longest line before a chunk.
local HEAD <const> = 8192
local CHUNK_LINE <const> = 256

--- Gathers a head, which `bytes` begin, up to its empty line: the head and what came behind it.
--- Nothing if it is too long. With `strict`, what cannot become a head is returned as it is, for
--- the parser to refuse: waiting for the end of it would help nobody.
function internal.head(read, bytes, strict)
	local from = 1
	while true do
		if bytes ~= "" then
			if bytes:sub(1, 2) == "\r\n" then
				return "\r\n", bytes:sub(3)
			end
			local _, last = bytes:find("\r\n\r\n", from, true)
			if (last or #bytes) > HEAD then
				return nil
			end
			if last then
				return bytes:sub(1, last), bytes:sub(last + 1)
			elseif strict and not bytes:find "^%u" or bytes:find("[^\r]\n", from) then
				return bytes, ""
			end
			from = math.max(1, #bytes - 2)
		end
		bytes = bytes .. read()
	end
end

--- `recvheader(read, lines, bytes)`: adds the lines of a head to `lines`; returns what came behind
--- it, nothing if it is too long.
function internal.recvheader(read, lines, bytes)
	local head, rest = internal.head(read, bytes or "")
	if not head or head:sub(-2) ~= "\r\n" then
		return nil
	end
	for line in head:gmatch "([^\r\n]+)\r?\n" do
		lines[#lines + 1] = line
	end
	return rest
end

--- `parseheader(lines, from, header)`: names in lower case to values; nothing if a line is no header.
function internal.parseheader(lines, from, header)
	local text = table.concat(lines, "\r\n", from)
	local found = core.headers(text == "" and "\r\n" or text .. "\r\n\r\n")
	if not found then
		return nil
	end
	for name, value in pairs(found) do
		header[name] = value
	end
	return header
end

-- One line and what came behind it.
local function line_of(read, bytes)
	while true do
		local first, last = bytes:find("\r\n", 1, true)
		if first then
			return bytes:sub(1, first - 1), bytes:sub(last + 1)
		elseif #bytes > CHUNK_LINE then
			return nil
		end
		bytes = bytes .. read()
	end
end

-- Exactly so many bytes and what came behind them.
local function exactly(read, bytes, size)
	if #bytes < size then
		return bytes .. read(size - #bytes), ""
	end
	return bytes:sub(1, size), bytes:sub(size + 1)
end

-- Headers behind the last chunk do not replace those in front: somebody has acted on these.
local function trailer(read, bytes, header)
	local head = internal.head(read, bytes)
	local found = head and core.headers(head)
	if not found then
		return false
	end
	for name, value in pairs(found) do
		if header[name] == nil then
			header[name] = value
		end
	end
	return true
end

--- The next chunk of a body, and the bytes behind it; an empty one is the last. Nothing if the
--- bytes are no chunk, or "too large" if it is longer than `room`.
function internal.chunk(read, bytes, header, room)
	local line, rest = line_of(read, bytes)
	local digits = line and line:match "^0*(%x+)[ \t]*$" or line and line:match "^0*(%x+)[ \t]*;"
	if not digits then
		return nil, "malformed"
	elseif #digits > 12 then
		return nil, "too large"
	end
	local size = tonumber(digits, 16)
	if size == 0 then
		if not trailer(read, rest, header) then
			return nil, "malformed"
		end
		return "", ""
	elseif room and size > room then
		return nil, "too large"
	end
	local data
	data, rest = exactly(read, rest, size + 2)
	if data:sub(-2) ~= "\r\n" then
		return nil, "malformed"
	end
	return data:sub(1, -3), rest
end

--- `recvchunkedbody(read, limit, header, bytes)`: the body and the headers, to which its trailer
--- was added; nothing and "malformed" or "too large".
function internal.recvchunkedbody(read, limit, header, bytes)
	local parts, total = {}, 0
	while true do
		local data
		data, bytes = internal.chunk(read, bytes, header, limit and limit - total)
		if not data then
			return nil, bytes
		elseif data == "" then
			return table.concat(parts), header
		end
		total = total + #data
		parts[#parts + 1] = data
	end
end

-- Headers -------------------------------------------------------------------------------------

-- A blank or a line end in the wrong place makes another header, or another request, out of it.
local function write_header(out, name, separator, value)
	value = tostring(value)
	if value:find "[\0-\8\10-\31\127]" then
		error(("the header %s holds a control character"):format(name), 0)
	end
	out[#out + 1] = name .. separator .. value .. "\r\n"
end

--- Appends header lines to `out`; a list of values becomes several lines. Returns which names
--- there are, in lower case.
function internal.write_headers(out, header, separator)
	local seen = {}
	for name, value in pairs(header) do
		if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
			error(("%q cannot be the name of a header"):format(tostring(name)), 0)
		end
		for _, one in ipairs(type(value) == "table" and value or { value }) do
			write_header(out, name, separator, one)
		end
		seen[name:lower()] = value
	end
	return seen
end

-- A client's half --------------------------------------------------------------------------------

local function request_head(method, host, url, header, content)
	if not method:find "^%u+$" then
		error(("%q is not a method of HTTP"):format(method), 0)
	end
	url = url == "" and "/" or url
	if url:find "[\0-\32\127]" then
		error("the url holds a blank or a control character: encode it", 0)
	end
	local out = { method, " ", url, " HTTP/1.1\r\n" }
	local seen = internal.write_headers(out, header or {}, ":")
	if not seen.host then
		write_header(out, "Host", ":", host)
	end
	-- A body in chunks comes as such from the caller.
	if not seen["transfer-encoding"] and not seen["content-length"] then
		out[#out + 1] = ("Content-length:%d\r\n"):format(content and #content or 0)
	end
	out[#out + 1] = "\r\n"
	out[#out + 1] = content
	return table.concat(out)
end

--- `request(interface, method, host, url, recvheader, header, content)`: sends it and reads the
--- head of the answer: status, the first bytes of the body, headers, and the length of the body.
function internal.request(interface, method, host, url, recvheader, header, content)
	interface.write(request_head(method, host, url, header, content))
	local bytes = ""
	while true do
		local head, rest = internal.head(interface.read, bytes, true)
		if not head then
			error(("the head of the response exceeds %d bytes"):format(HEAD), 0)
		end
		local status, headers, length = core.response(method, head)
		if not status then
			error("invalid response: " .. headers, 0)
		end
		-- "Continue" and the like come before the answer.
		if status >= 200 or status == 101 then
			if recvheader then
				for name, value in pairs(headers) do
					recvheader[name] = value
				end
				headers = recvheader
			end
			interface.length = length
			return status, rest, headers
		end
		bytes = rest
	end
end

-- What there is, or nothing at the end.
local function some(interface)
	local ok, bytes = pcall(interface.read)
	if ok then
		return bytes
	elseif bytes ~= sockethelper.socket_error or interface.guard and interface.guard.over then
		error(bytes, 0)
	end
end

local function invalid(why, limit)
	if why == "too large" then
		error(("the body of the response exceeds %d bytes"):format(limit), 0)
	end
	error("invalid response: a chunk of its body is malformed", 0)
end

--- `response(interface, status, bytes, headers)`: the whole body.
function internal.response(interface, _, bytes, headers)
	local length, limit = interface.length, interface.limit
	if length == "chunked" then
		local body, why = internal.recvchunkedbody(interface.read, limit, headers, bytes)
		return body or invalid(why, limit)
	elseif length then
		if limit and length > limit then
			invalid("too large", limit)
		end
		return (exactly(interface.read, bytes, length))
	end
	local parts, total = {}, 0
	while bytes do
		total = total + #bytes
		if limit and total > limit then
			invalid("too large", limit)
		end
		parts[#parts + 1] = bytes
		bytes = some(interface)
	end
	return table.concat(parts)
end

-- Each returns a function to the next part of the body; an empty or no part is the end of it.
local readers = {}

function readers.chunked(interface, bytes, headers)
	return function()
		local data
		data, bytes = internal.chunk(interface.read, bytes, headers, interface.limit)
		return data or invalid(bytes, interface.limit)
	end
end

function readers.known(interface, bytes)
	local left = interface.length
	return function()
		if left == 0 then
			return nil
		end
		local data = bytes ~= "" and bytes or interface.read()
		bytes = ""
		-- What comes behind the body belongs to nobody.
		data = data:sub(1, left)
		left = left - #data
		return data
	end
end

function readers.endless(interface, bytes)
	return function()
		local data = bytes ~= "" and bytes or some(interface)
		bytes = ""
		return data
	end
end

local stream = {}
stream.__index = stream

function stream:close()
	if self.connected then
		self.connected = false
		self._onclose()
	end
end

stream.__close = stream.close

--- The next part, and the stream, so that `for part, stream in stream do` works.
function stream:__call()
	if not self.connected then
		return nil
	end
	-- Only the peer's time counts, not what the script does between two parts.
	local guard = self._guard
	if guard then
		guard:arm()
	end
	local ok, part = pcall(self._reading)
	if guard then
		guard:cancel()
	end
	if not ok then
		self:close()
		error(part, 0)
	elseif not part or part == "" then
		self:close()
		return nil
	end
	return part, self
end

--- `response_stream(interface, status, bytes, headers)`: the body part by part.
function internal.response_stream(interface, status, bytes, headers)
	local kind = interface.length == "chunked" and "chunked" or interface.length and "known" or "endless"
	return setmetatable({
		status = status,
		header = headers,
		connected = true,
		_reading = readers[kind](interface, bytes, headers),
		_guard = interface.guard,
		_onclose = interface.finish or function() end,
	}, stream)
end

return internal
