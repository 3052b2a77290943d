--- Section 6.2: try again, and wait twice as long each time.
--
-- Prints:
--   after 3 attempts: fine
--   it waited: true
--   of one that never works: false Max retries exceeded
local skynet = require "skynet"

local role = ...

if role == "shaky" then
	skynet.start(function()
		local attempts = 0
		skynet.dispatch("lua", function(_, _, works_at)
			attempts = attempts + 1
			assert(attempts >= works_at, "not yet")
			skynet.ret(skynet.pack(attempts, "fine"))
		end)
	end)
else
	local function retry_call(service, max_retries, ...)
		local delay = 2 -- Initial delay in centiseconds; the listing begins with a second

		for attempt = 1, max_retries do
			local ok, result, more = pcall(skynet.call, service, ...)
			if ok then
				return result, more
			end

			if attempt < max_retries then
				skynet.sleep(delay)
				delay = delay * 2 -- Exponential backoff
			end
		end

		return false, "Max retries exceeded"
	end

	skynet.start(function()
		local shaky = skynet.newservice(SERVICE_NAME, "shaky")
		local before = skynet.now()
		local attempts, how = retry_call(shaky, 5, "lua", 3)
		print("after " .. attempts .. " attempts: " .. how)
		print("it waited: " .. tostring(skynet.now() - before >= 2 + 4))
		local ok, why = retry_call(shaky, 2, "lua", 100)
		print("of one that never works: " .. tostring(ok) .. " " .. why)
		skynet.abort()
	end)
end
