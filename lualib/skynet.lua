--- The part of the `skynet` API that is written in Lua.
--- The host looks here for names that it does not know itself, the first time
--- that one is used; most services never load this file.

local skynet = require "skynet"

local more = {}

more.pcall = pcall

--- A lock for the coroutines of one service: see `skynet.queue`.
function more.queue(...)
	return require "skynet.queue"(...)
end

--- Yields. The service with this name, started once per node; who comes first decides about the
--- arguments. With `true` before the name, once in all nodes.
function more.uniqueservice(...)
	return require("skynet.unique").uniqueservice(...)
end

--- Yields. Waits until such a service exists.
function more.queryservice(...)
	return require("skynet.unique").queryservice(...)
end

return more
