-- How many new Lua services per second, one after another? And what does an idle one keep?
--
-- Runs unmodified on Skynet: config keys `services` (default 2000) and `measure` ("rate" or
-- "memory"). Memory is the growth of the process's resident set, in bytes per service.
local skynet = require "skynet"
require "skynet.manager"

local role = ...

local function resident()
	local file = assert(io.open("/proc/self/statm"))
	local pages = file:read("a"):match("%d+ (%d+)")
	file:close()
	return tonumber(pages) * 4096
end

if role == "idle" then
	skynet.start(function()
		skynet.dispatch("lua", function()
			skynet.ret()
		end)
	end)
else
	skynet.start(function()
		local services = tonumber(skynet.getenv "services" or 2000)
		for _ = 1, 100 do
			skynet.newservice("spawn", "idle")
		end
		local before, start = resident(), skynet.hpc()
		for _ = 1, services do
			skynet.newservice("spawn", "idle")
		end
		local seconds = (skynet.hpc() - start) / 1000000000
		if skynet.getenv "measure" == "memory" then
			print(string.format("RESULT %.1f", (resident() - before) / services))
		else
			print(string.format("RESULT %.1f", services / seconds))
		end
		skynet.abort()
	end)
end
