-- How many hops per second does one token make round a ring of `services` services?
--
-- Runs unmodified on Skynet: config keys `services` (default 1000) and `seconds`.
local skynet = require "skynet"
require "skynet.manager"

local role = ...

if role == "link" then
	local next, last
	skynet.start(function()
		-- The token carries its hops. A call links the service to the next one, or asks it for
		-- the highest number it has seen.
		skynet.dispatch("lua", function(session, _, value)
			if session == 0 then
				last = value
				skynet.send(next, "lua", value + 1)
			elseif value then
				next = value
				skynet.ret()
			else
				skynet.ret(skynet.pack(last or 0))
			end
		end)
	end)
else
	skynet.start(function()
		local services = tonumber(skynet.getenv "services" or 1000)
		local seconds = tonumber(skynet.getenv "seconds" or 2)
		local ring = {}
		for i = 1, services do
			ring[i] = skynet.newservice("ring", "link")
		end
		for i = 1, services do
			skynet.call(ring[i], "lua", ring[i % services + 1])
		end
		local start = skynet.hpc()
		skynet.send(ring[1], "lua", 1)
		skynet.sleep(seconds * 100)
		local hops = 0
		for i = 1, services do
			hops = math.max(hops, skynet.call(ring[i], "lua"))
		end
		print(string.format("RESULT %.1f", hops / ((skynet.hpc() - start) / 1000000000)))
		skynet.abort()
	end)
end
