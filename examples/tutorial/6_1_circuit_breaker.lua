--- Section 6.1: after so many failures nobody is asked any more, for a while.
--
-- Changed: the listing makes a new breaker for each call, because it never keeps the one it made; here
-- it is kept. And an error may be any value, so it is made a text.
--
-- Prints:
--   failure 1: broken
--   failure 2: broken
--   failure 3: broken
--   not even asked: Circuit breaker open
--   the service was asked 3 times
--   after the pause: fine
local skynet = require "skynet"
require "skynet.manager"

local role = ...

if role == "flaky" then
	skynet.start(function()
		local asked, broken = 0, true
		skynet.dispatch("lua", function(_, _, cmd)
			if cmd == "work" then
				asked = asked + 1
				if broken then
					error "broken"
				end
				skynet.ret(skynet.pack("fine"))
			elseif cmd == "repair" then
				broken = false
				skynet.ret(skynet.pack(asked))
			end
		end)
		skynet.register "FLAKY"
	end)
else
	local circuit_breakers = {}

	local function call_with_circuit(service_name, ...)
		local cb = circuit_breakers[service_name]
			or {
				state = "closed", -- closed, open, half-open
				failures = 0,
				last_failure = 0,
				threshold = 3,
				timeout = 0.1, -- seconds
			}
		circuit_breakers[service_name] = cb

		if cb.state == "open" then
			if skynet.time() - cb.last_failure > cb.timeout then
				cb.state = "half-open"
			else
				return false, "Circuit breaker open"
			end
		end

		local service = skynet.query(service_name)
		local ok, result = pcall(skynet.call, service, ...)

		if ok then
			cb.failures = 0
			cb.state = "closed"
			return result
		else
			cb.failures = cb.failures + 1
			cb.last_failure = skynet.time()

			if cb.failures >= cb.threshold then
				cb.state = "open"
			end

			return false, "Service call failed: " .. tostring(result)
		end
	end

	skynet.start(function()
		local flaky = skynet.newservice(SERVICE_NAME, "flaky")
		for i = 1, 3 do
			local _, why = call_with_circuit("FLAKY", "lua", "work")
			print("failure " .. i .. ": " .. why:match "broken")
		end
		local _, why = call_with_circuit("FLAKY", "lua", "work")
		print("not even asked: " .. why)
		print("the service was asked " .. skynet.call(flaky, "lua", "repair") .. " times")
		skynet.sleep(15)
		print("after the pause: " .. call_with_circuit("FLAKY", "lua", "work"))
		skynet.abort()
	end)
end
