--- Figures about memory. The node's allocator is the system's, which tells nothing of single
--- services: what is known here is this service's own VM.

local skynet = require "skynet"

local memory = {}

local function absent(what)
	skynet.error("No jemalloc : " .. what .. " is not known")
end

--- Bytes that this service's VM uses.
function memory.current()
	return skynet.vmsize()
end

--- Bytes by service: of the others only they themselves know.
function memory.info()
	return { [skynet.self()] = skynet.vmsize() }
end

--- Bytes that the process has in memory; 0 where the system does not say.
function memory.total()
	local file = io.open("/proc/self/statm")
	if not file then
		return 0
	end
	local _, resident = file:read("n", "n")
	file:close()
	return (resident or 0) * 4096
end

--- Number of allocations: not counted.
function memory.block()
	return 0
end

function memory.dump()
	skynet.error("dump all service mem:")
	for handle, bytes in pairs(memory.info()) do
		skynet.error(string.format("%s -> %dkb %db", skynet.address(handle), bytes >> 10, bytes % 1024))
	end
	skynet.error(string.format("+total: %dkb", memory.total() >> 10))
end

function memory.dumpinfo()
	absent("dumpinfo")
end

function memory.jestat()
	absent("jestat")
	local result = {}
	for _, name in ipairs { "allocated", "resident", "retained", "mapped", "active" } do
		result["stats." .. name] = 0
	end
	return result
end

function memory.mallctl(name)
	absent(tostring(name))
	return 0
end

function memory.profactive()
	absent("profactive")
	return false
end

function memory.dumpheap()
	absent("dumpheap")
end

return memory
