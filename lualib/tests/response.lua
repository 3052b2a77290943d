--- Answers that come later, from other coroutines, in another order.

local skynet = require "skynet"

local held = {}

skynet.start(function()
	skynet.dispatch("lua", function(session, source, cmd)
		if cmd == "hold" then
			held[#held + 1] = skynet.response()
		elseif cmd == "release" then
			for i = #held, 1, -1 do
				assert(held[i](true, i))
			end
			skynet.ret()
		end
	end)
	local answers = {}
	for i = 1, 3 do
		skynet.fork(function()
			local answer = skynet.call(skynet.self(), "lua", "hold")
			answers[#answers + 1] = answer
		end)
	end
	skynet.sleep(1)
	skynet.call(skynet.self(), "lua", "release")
	skynet.sleep(1)
	assert(table.concat(answers, ",") == "3,2,1", table.concat(answers, ","))
	skynet.error("ok")
end)
