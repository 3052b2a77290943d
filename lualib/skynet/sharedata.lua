--- Read-only data that all services share by name and that follows updates by itself.
--- Yields only where a source that is given as text does.

local shared = require "skyloom.shared"
local objects = require "skynet.sharedata.objects"

local sharedata = {}

--- The table that `value` stands for: itself, or what a source returns or assigns.
local function read(name, value, ...)
	local kind = type(value)
	if kind == "string" then
		local result, globals = objects.run(value, "@" .. name, ...)
		return type(result) == "table" and result or globals
	elseif kind ~= "table" and kind ~= "nil" then
		error("Unknown data type " .. kind, 3)
	end
	return value or {}
end

--- Shares `value` under a name that is not taken: a table, Lua source, or "@" and the path of one.
function sharedata.new(name, value, ...)
	return shared.new("data", name, read(name, value, ...))
end

--- Puts another version in its place; who reads the old one finds the new one when it looks again.
function sharedata.update(name, value, ...)
	shared.set("data", name, read(name, value, ...))
	objects.forget()
end

--- Forgets a name; what was queried stays readable.
function sharedata.delete(name)
	if not shared.remove("data", name) then
		error(("no shared data named '%s'"):format(name), 2)
	end
end

--- The data of a name.
function sharedata.query(name)
	local root = shared.view("data", name)
	if not root then
		error(("no shared data named '%s': sharedata.new makes it"):format(name), 2)
	end
	return root
end

--- A plain copy of the data, or of what a path of keys leads to.
function sharedata.deepcopy(name, ...)
	local value = sharedata.query(name)
	for place = 1, select("#", ...) do
		value = value[(select(place, ...))]
		if value == nil then
			return nil
		end
	end
	if type(value) ~= "table" then
		return value
	end
	return #value and shared.copy(value)
end

--- Lets go of versions that nothing in this service uses any more.
function sharedata.flush()
	collectgarbage()
	shared.flush()
end

return sharedata
