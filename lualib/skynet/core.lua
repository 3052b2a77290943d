--- Skynet's `skynet.core`: its functions for programs that use it without the layer above.

local skynet = require "skynet"
local host = require "skyloom.host"

local core = {
	addresscommand = nil, -- below
	error = skynet.error,
	genid = skynet.genid,
	harbor = skynet.harbor,
	hpc = skynet.hpc,
	now = skynet.now,
	pack = skynet.pack,
	packstring = skynet.packstring,
	send = host.send,
	tostring = skynet.tostring,
	trash = skynet.trash,
	unpack = skynet.unpack,
	callback = host.callback,
}

function core.redirect(to, source, protocol, session, message, size)
	return skynet.redirect(to, source, protocol & 0xff, session or skynet.genid(), message, size)
end

function core.trace(tag, text, level)
	return host.trace(tag, text, math.tointeger(level))
end

local function address(handle)
	return handle and string.format(":%x", handle)
end

--- The text commands, as Skynet's kernel has them. What is absent gives no result.
local commands = {}

function commands.TIMEOUT(ticks)
	local session
	local co = skynet.timeout(tonumber(ticks), function()
		skynet.redirect(skynet.self(), 0, skynet.PTYPE_RESPONSE, session, nil)
	end)
	session = host.session(co) or skynet.genid()
	return tostring(session)
end

function commands.REG(name)
	if not name or name == "" then
		return address(skynet.self())
	elseif name:sub(1, 1) ~= "." then
		skynet.error("error: Can't register global name " .. name .. " in C")
	elseif skynet.register(name) then
		return name:sub(2)
	end
end

function commands.QUERY(name)
	if name:sub(1, 1) == "." then
		return address(skynet.localname(name))
	end
end

function commands.NAME(line)
	local name, handle = line:match("^(%S+)%s+(%S+)$")
	if not name then
		return
	elseif name:sub(1, 1) ~= "." then
		skynet.error("error: Can't set global name " .. name .. " in C")
	elseif skynet.name(name, handle) then
		return name:sub(2)
	end
end

function commands.EXIT()
	skynet.exit()
end

function commands.KILL(target)
	skynet.kill(target)
end

function commands.LAUNCH(line)
	local words = {}
	for word in line:gmatch("%S+") do
		words[#words + 1] = word
	end
	local handle = skynet.launch(table.unpack(words))
	return handle and string.format(":%08X", handle)
end

function commands.GETENV(key)
	return skynet.getenv(key)
end

function commands.SETENV(line)
	local key, value = line:match("^(%S+) (.*)$")
	if key then
		skynet.setenv(key, value)
	end
end

function commands.STARTTIME()
	return tostring(skynet.starttime())
end

function commands.ABORT()
	skynet.abort()
end

function commands.MONITOR(target)
	if target and target ~= "" then
		host.monitor(target)
	else
		return address(host.monitor())
	end
end

local STATS = { mqlen = true, endless = true, cpu = true, time = true, message = true }

function commands.STAT(what)
	return STATS[what] and tostring(skynet.stat(what)) or ""
end

function core.command(name, parameter)
	local command = commands[name]
	if command then
		return command(parameter)
	end
end

--- A command whose result is a number.
function core.intcommand(name, parameter)
	local result = core.command(name, parameter and tostring(parameter))
	if result == nil then
		return
	elseif result == "" then
		return 0
	end
	return tonumber(result) or error("Invalid result " .. result, 2)
end

--- A command whose result is an address.
function core.addresscommand(name, parameter)
	local result = core.command(name, parameter)
	local digits = result and result:match("^:(%x+)$")
	return digits and tonumber(digits, 16)
end

return core
