-- How many messages per second do `senders` services get into one service that only counts?
--
-- Runs unmodified on Skynet: config keys `senders` (default 1) and `seconds`. Every thousand
-- messages a sender waits once for the sink, so that the mailbox does not grow without end.
local skynet = require "skynet"
require "skynet.manager"

local role, sink = ...

if role == "sink" then
	local count = 0
	skynet.start(function()
		skynet.dispatch("lua", function(session)
			if session == 0 then
				count = count + 1
			else
				skynet.ret(skynet.pack(count))
			end
		end)
	end)
elseif role == "sender" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, seconds)
			local to = tonumber(sink)
			local stop = skynet.hpc() + seconds * 1000000000
			repeat
				for i = 1, 1000 do
					skynet.send(to, "lua", i)
				end
				skynet.call(to, "lua")
			until skynet.hpc() >= stop
			skynet.ret()
		end)
	end)
else
	skynet.start(function()
		local senders = tonumber(skynet.getenv "senders" or 1)
		local seconds = tonumber(skynet.getenv "seconds" or 2)
		local to = skynet.newservice("send", "sink")
		local all = {}
		for i = 1, senders do
			all[i] = skynet.newservice("send", "sender", to)
		end
		local left, me = senders, coroutine.running()
		local start = skynet.hpc()
		for _, sender in ipairs(all) do
			skynet.fork(function()
				skynet.call(sender, "lua", seconds)
				left = left - 1
				if left == 0 then
					skynet.wakeup(me)
				end
			end)
		end
		skynet.wait(me)
		local count = skynet.call(to, "lua")
		print(string.format("RESULT %.1f", count / ((skynet.hpc() - start) / 1000000000)))
		skynet.abort()
	end)
end
