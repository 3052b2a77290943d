--- A tree of values that all services share; it lives in the service `DATACENTER`.

local skynet = require "skynet"
local unique = require "skynet.unique"

local datacenter = {}

local function ask(...)
	return skynet.call(unique.find("DATACENTER", "datacenterd"), "lua", ...)
end

--- Yields. The value or the branch at a path of keys; nil if there is none.
function datacenter.get(...)
	return ask("QUERY", ...)
end

--- Yields. Sets the value (the last argument) at a path of keys; returns the one before.
function datacenter.set(...)
	return ask("UPDATE", ...)
end

--- Yields. The value at a path of keys, waiting until there is one.
function datacenter.wait(...)
	return ask("WAIT", ...)
end

return datacenter
