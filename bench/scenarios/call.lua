-- How many calls per second do `pairs` callers make, each to an echo service of its own?
--
-- Runs unmodified on Skynet: config keys `pairs` (default 1), `payload` ("small" or "table") and
-- `seconds`. Prints `RESULT <calls per second>` and ends the node.
local skynet = require "skynet"
require "skynet.manager"

local role, echo = ...
local payload = skynet.getenv "payload" == "table"
	and {
		id = 1001, name = "player", level = 42, exp = 1234567, vip = true, hp = 99.5, mp = 12.25,
		x = 100, y = 200, z = 300, guild = "skyloom", title = "weaver", gold = 987654321, online = false,
	}
	or 1

if role == "echo" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, ...)
			skynet.ret(skynet.pack(...))
		end)
	end)
elseif role == "caller" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, seconds)
			local to, count = tonumber(echo), 0
			local stop = skynet.hpc() + seconds * 1000000000
			repeat
				for _ = 1, 200 do
					skynet.call(to, "lua", payload)
				end
				count = count + 200
			until skynet.hpc() >= stop
			skynet.ret(skynet.pack(count))
		end)
	end)
else
	skynet.start(function()
		local pairs_ = tonumber(skynet.getenv "pairs" or 1)
		local seconds = tonumber(skynet.getenv "seconds" or 2)
		local callers = {}
		for i = 1, pairs_ do
			callers[i] = skynet.newservice("call", "caller", skynet.newservice("call", "echo"))
		end
		local sum, left, me = 0, pairs_, coroutine.running()
		local start = skynet.hpc()
		for _, caller in ipairs(callers) do
			skynet.fork(function()
				-- Not in one line: what is added to would be read before the call.
				local count = skynet.call(caller, "lua", seconds)
				sum = sum + count
				left = left - 1
				if left == 0 then
					skynet.wakeup(me)
				end
			end)
		end
		skynet.wait(me)
		print(string.format("RESULT %.1f", sum / ((skynet.hpc() - start) / 1000000000)))
		skynet.abort()
	end)
end
