-- How many hops per second does one token make round a ring of `services` services?
--
-- Runs unmodified on Skynet: config keys `services` (default 1000) and `seconds`.
local skynet = require "skynet"
require "skynet.manager"

local role = ...

if role == "link" then
	local next, seen = nil, 0
	local handle = {}
	function handle.link(to)
		next = to
		skynet.ret()
	end
	function handle.token()
		seen = seen + 1
		skynet.send(next, "lua", "token")
	end
	function handle.seen()
		skynet.ret(skynet.pack(seen))
	end
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			handle[cmd](...)
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
			skynet.call(ring[i], "lua", "link", ring[i % services + 1])
		end
		local start = skynet.hpc()
		skynet.send(ring[1], "lua", "token")
		skynet.sleep(seconds * 100)
		local hops = 0
		for i = 1, services do
			hops = hops + skynet.call(ring[i], "lua", "seen")
		end
		print(string.format("RESULT %.1f", hops / ((skynet.hpc() - start) / 1000000000)))
		skynet.abort()
	end)
end
