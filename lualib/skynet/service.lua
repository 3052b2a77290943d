--- Services made of a function, one of each name in a node.

local skynet = require "skynet"

local service = {}

local provider

local function ask(...)
	provider = provider or skynet.uniqueservice "service_provider"
	return skynet.call(provider, "lua", ...)
end

local function made(handle, why)
	return handle or error(why, 0)
end

--- Yields. The service called `name`; the first who asks has it made: a service of its own runs
--- `main(...)`, which may use its arguments and globals but no locals of what surrounds it.
function service.new(name, main, ...)
	local code = require("skynet.function").keep(main)
	return made(ask("launch", name, code, ...))
end

--- Yields. Waits until the service called `name` has been made.
function service.query(name)
	return made(ask("query", name))
end

--- Yields. Ends the service called `name`; whether there was one.
function service.close(name)
	return ask("close", name)
end

return service
