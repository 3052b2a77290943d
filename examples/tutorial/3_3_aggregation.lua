--- Section 3.3: ask many at once, go on when all have answered.
--
-- Changed: the caller may have nobody to ask; then there is nothing to wait for.
--
-- Prints:
--   apples: 3 + 4 + 5 = 12
--   it took as long as the slowest
--   of nobody: 0
local skynet = require "skynet"

local role, index = ...

if role == "source" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, what)
			if cmd == "query" and what == "apples" then
				skynet.sleep(10)
				skynet.ret(skynet.pack(2 + tonumber(index)))
			end
		end)
	end)
else
	local function aggregate_data(sources, query)
		local responses = {}
		local pending = #sources
		local response_session = coroutine.running()

		for _, source in ipairs(sources) do
			skynet.fork(function()
				local response = skynet.call(source, "lua", "query", query)
				responses[source] = response
				pending = pending - 1
				if pending == 0 then
					skynet.wakeup(response_session)
				end
			end)
		end

		if pending > 0 then
			skynet.wait(response_session)
		end
		return responses
	end

	skynet.start(function()
		local sources = {}
		for i = 1, 3 do
			sources[i] = skynet.newservice(SERVICE_NAME, "source", i)
		end
		local before = skynet.now()
		local responses = aggregate_data(sources, "apples")
		local counts, sum = {}, 0
		for i, source in ipairs(sources) do
			counts[i] = responses[source]
			sum = sum + responses[source]
		end
		print("apples: " .. table.concat(counts, " + ") .. " = " .. sum)
		print(skynet.now() - before < 25 and "it took as long as the slowest" or "it took too long")
		local nobody = 0
		for _ in pairs(aggregate_data({}, "apples")) do
			nobody = nobody + 1
		end
		print("of nobody: " .. nobody)
		skynet.abort()
	end)
end
