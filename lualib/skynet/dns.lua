--- Looks names up by asking a name server, without the system's resolver. Answers are
--- kept as long as they say. `resolve` yields; everything else does not.

local skynet = require "skynet"
local socket = require "skynet.socket"

local dns = {
	DEFAULT_HOSTS = "/etc/hosts",
	DEFAULT_RESOLV_CONF = "/etc/resolv.conf",
}

--- Hundredths of a second that an answer may take.
local PATIENCE = 3000
--- Hundredths of a second after which a socket that nobody needs is closed.
local IDLE = 6000
--- Names that are remembered at most.
local MOST = 4096

local KINDS = { [1] = "A", [28] = "AAAA", A = 1, AAAA = 28 }

local state = {
	server = nil, -- ip of the name server
	port = 53,
	fd = nil, -- the socket that asks
	used = false, -- since it was last looked at
	asked = {}, -- by number: what is waited for, and who waits
	cache = { A = {}, AAAA = {} }, -- by name: addresses, expires
	cached = 0,
	hosts = nil, -- by kind and name: addresses
}

local function kind_of_literal(name)
	local parts = table.pack(name:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
	if parts[1] then
		for _, part in ipairs(parts) do
			if #part > 3 or tonumber(part) > 255 then
				return nil
			end
		end
		return "A"
	end
	return name:find(":", 1, true) and name:match "^[%x:%.]+$" and "AAAA"
end

--- Whether a name can be asked for.
local function is_legal(name)
	if #name == 0 or #name > 253 then
		return false
	end
	for label in (name:gsub("%.$", "") .. "."):gmatch "(.-)%." do
		if #label == 0 or #label > 63 or not label:match "^[%w_%-]+$" then
			return false
		end
	end
	return true
end

local function read_lines(path, f)
	local file = io.open(path)
	if not file then
		return
	end
	for line in file:lines() do
		f((line:gsub("[#;].*", "")))
	end
	file:close()
end

local function load_hosts()
	local hosts = { A = {}, AAAA = {} }
	read_lines(dns.DEFAULT_HOSTS, function(line)
		local ip, names = line:match "^%s*(%S+)%s+(.*)$"
		local kind = ip and kind_of_literal(ip)
		if kind then
			for name in names:lower():gmatch "%S+" do
				local list = hosts[kind][name] or {}
				list[#list + 1] = ip
				hosts[kind][name] = list
			end
		end
	end)
	state.hosts = hosts
	return hosts
end

local function question(number, name, kind)
	local labels = {}
	for label in name:gmatch "[^.]+" do
		labels[#labels + 1] = string.pack("s1", label)
	end
	-- One question, and the server is to ask others for us.
	local head = string.pack(">I2I2I2I2I2I2", number, 0x0100, 1, 0, 0, 0)
	return head .. table.concat(labels) .. string.pack(">BI2I2", 0, KINDS[kind], 1)
end

--- The name at `at`, and where the next thing begins. A name may point back to others; one
--- that goes round in circles is an error.
local function read_name(bytes, at)
	local labels, after = {}, nil
	for _ = 1, 128 do
		local len = string.unpack("B", bytes, at)
		if len == 0 then
			return table.concat(labels, "."):lower(), after or at + 1
		elseif len >= 0xc0 then
			after = after or at + 2
			at = (string.unpack(">I2", bytes, at) & 0x3fff) + 1
		else
			labels[#labels + 1] = string.unpack("s1", bytes, at)
			at = at + 1 + len
		end
	end
	error "a name without an end"
end

--- The addresses of one kind in an answer, how long they hold, and which question it answers.
local function read_answer(bytes, kind)
	local number, flags, questions, answers, at = string.unpack(">I2I2I2I2xxxx", bytes)
	local name
	for _ = 1, questions do
		name, at = read_name(bytes, at)
		at = at + 4
	end
	local found, expires = {}, 3600
	for _ = 1, answers do
		local _, after = read_name(bytes, at)
		local code, _, ttl, data, next = string.unpack(">I2I2I4s2", bytes, after)
		if code == KINDS[kind] then
			if code == 1 and #data == 4 then
				found[#found + 1] = table.concat({ data:byte(1, 4) }, ".")
				expires = math.min(expires, ttl)
			elseif code == 28 and #data == 16 then
				found[#found + 1] = string.format(("%x:"):rep(7) .. "%x", string.unpack(">I2I2I2I2I2I2I2I2", data))
				expires = math.min(expires, ttl)
			end
		end
		at = next
	end
	return { number = number, code = flags & 15, name = name, found = found, expires = expires }
end

local function heard(data, from)
	local ip, port = socket.udp_address(from)
	if ip ~= state.server or port ~= state.port or #data < 12 then
		return
	end
	local asked = state.asked[string.unpack(">I2", data)]
	if not asked then
		return
	end
	local ok, answer = pcall(read_answer, data, asked.kind)
	if not ok or answer.name ~= asked.name then
		-- Broken, or an answer to what we did not ask: the right one may still come.
		return
	end
	asked.answer = answer
	skynet.wakeup(asked)
end

--- Closes the socket when it has not been used for a while.
local function watch(fd)
	skynet.timeout(IDLE, function()
		if state.fd ~= fd then
			return
		end
		if state.used or next(state.asked) then
			state.used = false
			return watch(fd)
		end
		state.fd = nil
		socket.close(fd)
	end)
end

--- Yields if the server is a name.
local function connection()
	if not state.fd then
		if not state.server then
			dns.server()
		end
		local fd = socket.udp_dial(state.server, state.port, heard)
		skynet.error(string.format("Udp server open %s:%d (%d)", state.server, state.port, fd))
		state.fd = fd
		watch(fd)
	end
	state.used = true
	return state.fd
end

--- A number that nobody who does not see our questions can guess.
local function fresh_number()
	local number
	repeat
		number = math.random(1, 0xffff)
	until not state.asked[number]
	return number
end

local function remember(name, kind, answer)
	if state.cached >= MOST then
		dns.flush()
	end
	state.cached = state.cached + 1
	state.cache[kind][name] = { addresses = answer.found, expires = skynet.now() + answer.expires * 100 }
end

local function ask(name, kind)
	local fd = connection()
	local number = fresh_number()
	local asked = { name = name, kind = kind }
	state.asked[number] = asked
	if socket.write(fd, question(number, name, kind)) then
		skynet.sleep(PATIENCE, asked)
	end
	state.asked[number] = nil
	return asked.answer
end

--- Asks this server from now on; without arguments the first of the system's configuration.
function dns.server(ip, port)
	if not ip then
		read_lines(dns.DEFAULT_RESOLV_CONF, function(line)
			ip = ip or line:match "^%s*nameserver%s+([%x%.:]+)"
		end)
		assert(ip, "no name server: say dns.server(ip), or name one in " .. dns.DEFAULT_RESOLV_CONF)
	end
	state.server, state.port = ip, port or 53
	if state.fd then
		socket.close(state.fd)
		state.fd = nil
	end
	return ip
end

--- Yields. The first address of `name`, and all of them; nil and why not if it cannot be
--- one. Raises if the server does not answer.
function dns.resolve(name, ipv6)
	local kind = ipv6 and "AAAA" or "A"
	if kind_of_literal(name) then
		return name, { name }
	end
	if not is_legal(name) then
		return nil, "illegal name"
	end
	name = name:lower():gsub("%.$", "")
	local known = (state.hosts or load_hosts())[kind][name]
	if known then
		return known[1], known
	end
	local cached = state.cache[kind][name]
	if cached and cached.expires > skynet.now() then
		return cached.addresses[1], cached.addresses
	end
	local answer = ask(name, kind)
	if answer and #answer.found > 0 then
		remember(name, kind, answer)
		return answer.found[1], answer.found
	end
	if cached then
		return cached.addresses[1], cached.addresses
	end
	if answer then
		error(answer.code == 3 and "no such name: " .. name or "no address of " .. name)
	end
	error "timeout or no answer"
end

--- Forgets all answers.
function dns.flush()
	state.cache = { A = {}, AAAA = {} }
	state.cached = 0
end

return dns
