--- The unique service behind `skynet.service`: services that are made of a function, by name.

local skynet = require "skynet"

--- Name to what is known: `handle`; `booting` while it starts; `why` it failed; `waiting`.
local known = {}

local function entry_of(name)
	local entry = known[name]
	if not entry then
		entry = { waiting = {} }
		known[name] = entry
	end
	return entry
end

local function tell(entry)
	local waiting = entry.waiting
	entry.waiting = {}
	for _, respond in ipairs(waiting) do
		respond(true, entry.handle, entry.why)
	end
end

local function boot(entry, name, code, ...)
	local cell = assert(skynet.newservice("service_cell", name))
	local ok, why = pcall(skynet.call, cell, "lua", "init", code, ...)
	if not ok then
		skynet.kill(cell)
		error(why, 0)
	end
	return cell
end

local command = {}

function command.query(name)
	local entry = entry_of(name)
	if entry.handle then
		return skynet.retpack(entry.handle)
	end
	table.insert(entry.waiting, skynet.response())
end

--- `code` is the number of the function, see `skynet.function`.
function command.launch(name, code, ...)
	local entry = entry_of(name)
	if entry.handle and skynet.servicestat(entry.handle) then
		return skynet.retpack(entry.handle)
	end
	table.insert(entry.waiting, skynet.response())
	if entry.booting then
		return
	end
	entry.handle, entry.why = nil, nil
	entry.booting, entry.since = true, skynet.time()
	local ok, handle = pcall(boot, entry, name, code, ...)
	entry.booting = false
	if known[name] ~= entry then
		-- It was closed meanwhile.
		if ok then
			skynet.kill(handle)
		end
		entry.why = ("service %s was closed while it started"):format(name)
	elseif ok then
		entry.handle, entry.time = handle, skynet.time()
	else
		entry.why = tostring(handle)
	end
	tell(entry)
end

function command.test(name)
	local entry = known[name]
	if not entry then
		return skynet.retpack(nil)
	end
	skynet.retpack(entry.handle, entry.booting or false)
end

function command.close(name)
	local entry = known[name]
	if not entry then
		return skynet.retpack(false)
	end
	known[name] = nil
	if entry.handle then
		skynet.kill(entry.handle)
	elseif not entry.booting then
		entry.why = ("service %s was closed"):format(name)
		tell(entry)
	end
	skynet.retpack(true)
end

skynet.info_func(function()
	local info = {}
	for name, entry in pairs(known) do
		local status = entry.why or entry.booting and "booting" or entry.handle and "running" or "awaited"
		local key = entry.handle and skynet.address(entry.handle) or name
		info[key] = { name = name, init = entry.since, time = entry.time, status = status }
	end
	return info
end)

skynet.start(function()
	skynet.dispatch("lua", function(_, _, name, ...)
		local run = command[name]
		if not run then
			error(("service_provider does not know the command %s"):format(tostring(name)))
		end
		run(...)
	end)
end)
