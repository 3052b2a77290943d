--- Services of which a node has one.
--- Those that the node itself offers are found by their name and started by whoever first needs
--- them, so that they are there in every node, with a bootstrap or without.

local skynet = require "skynet"

local unique = {}

--- Yields. The service called `name`; `service` is started if nobody is called so.
function unique.find(name, service)
	local handle = skynet.localname(name)
	if not handle then
		-- It takes the name itself; of two that start at once the second finds it taken and leaves.
		skynet.newservice(service)
		handle = assert(skynet.localname(name), service .. " did not take the name " .. name)
	end
	return handle
end

local function ask(command, ...)
	local handle, why = skynet.call(unique.find(".service", "service_mgr"), "lua", command, ...)
	return handle or error(why, 0)
end

--- Yields. The service with this name, started once per node; who comes first decides about the
--- arguments. With `true` before the name, once in all nodes.
function unique.uniqueservice(first, ...)
	if first == true then
		return ask("GLAUNCH", ...)
	end
	return ask("LAUNCH", first, ...)
end

--- Yields. Waits until such a service exists.
function unique.queryservice(first, ...)
	if first == true then
		return ask("GQUERY", ...)
	end
	return ask("QUERY", first, ...)
end

return unique
