--- Read-only tables that all services share by name; a version stays as it is until `update`.
--- Yields only where a script that is loaded does.

local shared = require "skyloom.shared"
local objects = require "skynet.sharedata.objects"

local sharetable = {}

local function share(name, value)
	if type(value) ~= "table" then
		error(("Not a table, it's a %s."):format(type(value)), 2)
	end
	-- A graph: circles, and functions without upvalues.
	return shared.set("table", name, value, true)
end

--- Shares what a file returns, under its path.
function sharetable.loadfile(name, ...)
	return share(name, (objects.run("@" .. name, nil, ...)))
end

--- Shares what a source returns; "@" and a path is a file.
function sharetable.loadstring(name, source, ...)
	return share(name, (objects.run(source, "=" .. name, ...)))
end

--- Shares a copy of a table of values that a message may have.
function sharetable.loadtable(name, value)
	assert(type(value) == "table", "table expected")
	return shared.set("table", name, value)
end

--- The current version of a table, or nil.
function sharetable.query(name)
	return shared.view("table", name)
end

--- All tables, or those in a list of names, by name.
function sharetable.queryall(list)
	local found = {}
	for _, name in ipairs(list == nil and shared.names "table" or type(list) == "table" and list or {}) do
		found[name] = shared.view("table", name)
	end
	return found
end

--- Shows the current versions of some tables wherever this service holds an older one.
function sharetable.update(...)
	for place = 1, select("#", ...) do
		shared.update((select(place, ...)))
	end
end

return sharetable
