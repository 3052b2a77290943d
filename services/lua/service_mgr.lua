--- Services of which there is one: started by the first who wants them, found by all others.

local skynet = require "skynet"

--- What is known of each key: `handle` of the service, or `why` it failed; `launcher` and `since`
--- while it starts; `waiting` are those to be told.
local known = {}

local function entry_of(key)
	local entry = known[key]
	if not entry then
		entry = { waiting = {} }
		known[key] = entry
	end
	return entry
end

local function wait(entry, source)
	table.insert(entry.waiting, { respond = skynet.response(), source = source, since = skynet.now() })
end

local function tell(entry)
	local waiting = entry.waiting
	entry.waiting = {}
	for _, one in ipairs(waiting) do
		one.respond(true, entry.handle, entry.why)
	end
end

--- `snaxd` runs many services, which their first argument tells apart.
local function key_of(name, sub)
	if name == "snaxd" and sub ~= nil then
		return "snaxd." .. tostring(sub)
	end
	return tostring(name)
end

local function start(name, ...)
	if name == "snaxd" then
		local found, snax = pcall(require, "skynet.snax")
		if found and type(snax) == "table" and snax.rawnewservice then
			return snax.rawnewservice(...)
		end
	end
	return skynet.newservice(name, ...)
end

local function launch(source, key, name, ...)
	local entry = entry_of(key)
	-- A service that has ended is started anew, and so is one that failed.
	if entry.handle and skynet.servicestat(entry.handle) then
		return skynet.retpack(entry.handle)
	end
	wait(entry, source)
	if entry.launcher then
		return
	end
	entry.handle, entry.why = nil, nil
	entry.launcher, entry.since = source, skynet.now()
	local ok, handle = pcall(start, name, ...)
	entry.launcher = nil
	if not ok then
		entry.why = tostring(handle)
	elseif not handle then
		entry.why = ("service %s exited in its start"):format(name)
	else
		entry.handle = handle
	end
	tell(entry)
end

local function query(source, key)
	local entry = entry_of(key)
	if entry.handle or entry.why then
		return skynet.retpack(entry.handle, entry.why)
	end
	wait(entry, source)
end

local function describe(entry)
	if entry.handle then
		return skynet.address(entry.handle)
	elseif entry.why then
		return "Error: " .. entry.why
	end
	local now = skynet.now()
	local lines = {}
	if entry.launcher then
		lines[1] = ("starting for %s since %d ticks"):format(skynet.address(entry.launcher), now - entry.since)
	else
		lines[1] = "never started"
	end
	for _, one in ipairs(entry.waiting) do
		table.insert(lines, ("%s waits since %d ticks"):format(skynet.address(one.source), now - one.since))
	end
	return table.concat(lines, "\n\t")
end

local command = {}

function command.LAUNCH(source, name, ...)
	launch(source, key_of(name, ...), name, ...)
end

function command.QUERY(source, name, sub)
	query(source, key_of(name, sub))
end

--- With one node, the one of all nodes is of this node; it is not the local one of that name.
function command.GLAUNCH(source, name, ...)
	launch(source, "@" .. key_of(name, ...), name, ...)
end

function command.GQUERY(source, name, sub)
	query(source, "@" .. key_of(name, sub))
end

function command.LIST()
	local list = {}
	for key, entry in pairs(known) do
		list[key] = describe(entry)
	end
	skynet.retpack(list)
end

--- Another node's manager says that it is there.
function command.REPORT()
	skynet.retpack(true)
end

skynet.start(function()
	skynet.dispatch("lua", function(session, source, name, ...)
		local run = command[name]
		if not run then
			error(("service_mgr does not know the command %s"):format(tostring(name)))
		end
		if session == 0 then
			error(name .. " is a request: use call")
		end
		run(source, ...)
	end)
	if not skynet.register ".service" then
		skynet.exit()
	end
	skynet.register "SERVICE"
end)
