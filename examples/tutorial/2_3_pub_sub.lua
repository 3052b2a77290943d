--- Section 2.3: who has subscribed to a topic hears what is published there.
--
-- Prints:
--   news reached 2
--   sport reached 1
--   weather reached 0
--   reader 1 heard: news rain
--   reader 2 heard: news rain
--   reader 2 heard: sport goal
local skynet = require "skynet"

local role, number, publisher = ...

if role == "publisher" then
	local subscribers = {}

	skynet.start(function()
		skynet.dispatch("lua", function(_, source, cmd, ...)
			if cmd == "subscribe" then
				local topic = ...
				subscribers[topic] = subscribers[topic] or {}
				subscribers[topic][source] = true
				skynet.ret()
			elseif cmd == "publish" then
				local topic, message = ...
				local reached = 0
				for subscriber in pairs(subscribers[topic] or {}) do
					skynet.send(subscriber, "lua", "notify", topic, message)
					reached = reached + 1
				end
				-- The listing answers with nothing; how many it reached is worth saying.
				skynet.ret(skynet.pack(reached))
			end
		end)
	end)
elseif role == "reader" then
	local heard = {}

	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			if cmd == "notify" then
				local topic, message = ...
				heard[#heard + 1] = "reader " .. number .. " heard: " .. topic .. " " .. message
			elseif cmd == "subscribe" then
				skynet.call(tonumber(publisher), "lua", "subscribe", ...)
				skynet.ret()
			elseif cmd == "heard" then
				skynet.ret(skynet.pack(table.concat(heard, "\n")))
			end
		end)
	end)
else
	skynet.start(function()
		local paper = skynet.newservice(SERVICE_NAME, "publisher")
		local first = skynet.newservice(SERVICE_NAME, "reader", 1, paper)
		local second = skynet.newservice(SERVICE_NAME, "reader", 2, paper)
		skynet.call(first, "lua", "subscribe", "news")
		skynet.call(second, "lua", "subscribe", "news")
		skynet.call(second, "lua", "subscribe", "sport")
		for _, said in ipairs { { "news", "rain" }, { "sport", "goal" }, { "weather", "sun" } } do
			local topic, message = said[1], said[2]
			print(topic .. " reached " .. skynet.call(paper, "lua", "publish", topic, message))
		end
		print(skynet.call(first, "lua", "heard"))
		print(skynet.call(second, "lua", "heard"))
		skynet.abort()
	end)
end
