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

--- Yields. The service with this name, started once per node; who comes first
--- decides about the arguments.
function more.uniqueservice(first, ...)
	local name = first
	local args = table.pack(...)
	if first == true then
		name = table.remove(args, 1)
		args.n = args.n - 1
	end
	local known = "unique." .. name
	local handle = skynet.localname(known)
	if handle then
		return handle
	end
	handle = assert(skynet.newservice(name, table.unpack(args, 1, args.n)), "service exited in its start: " .. name)
	-- Another coroutine or service may have been faster: its service stays.
	if skynet.name(known, handle) then
		return handle
	end
	skynet.kill(handle)
	return skynet.localname(known)
end

--- Yields. Waits until such a service exists.
function more.queryservice(first, name)
	name = "unique." .. (first == true and name or first)
	while true do
		local handle = skynet.localname(name)
		if handle then
			return handle
		end
		skynet.sleep(1)
	end
end

return more
