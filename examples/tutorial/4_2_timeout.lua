--- Section 4.2: a call that is given up after a while.
--
-- Changed: Lua 5.5 calls `unpack` `table.unpack`; and an answer that comes too late wakes nobody, for
-- in the listing it would wake whatever the caller waits for next. What is built here from a timer and
-- a fork is also one setting, `calltimeout` in the config, for every call.
--
-- Prints:
--   quick: done
--   slow: false Timeout
--   slow again: done
local skynet = require "skynet"
require "skynet.manager"

local role = ...

if role == "worker" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, ticks)
			skynet.sleep(ticks)
			skynet.ret(skynet.pack("done"))
		end)
	end)
else
	local function call_with_timeout(service, timeout, ...)
		local co = coroutine.running()
		local response, late
		local args = table.pack(...)

		local timeout_session = skynet.timeout(timeout * 100, function()
			if not response then
				skynet.wakeup(co)
			end
		end)

		skynet.fork(function()
			local answer = { skynet.call(service, table.unpack(args, 1, args.n)) }
			if not late then
				response = answer
				skynet.wakeup(co)
			end
		end)

		skynet.wait(co)

		if response then
			skynet.kill(timeout_session)
			return table.unpack(response)
		else
			late = true
			return false, "Timeout"
		end
	end

	skynet.start(function()
		local worker = skynet.newservice(SERVICE_NAME, "worker")
		print("quick: " .. call_with_timeout(worker, 1, "lua", 1))
		local ok, why = call_with_timeout(worker, 0.05, "lua", 20)
		print("slow: " .. tostring(ok) .. " " .. why)
		print("slow again: " .. call_with_timeout(worker, 1, "lua", 20))
		skynet.abort()
	end)
end
