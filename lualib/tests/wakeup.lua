--- Sleeping, waiting and waking.

local skynet = require "skynet"

skynet.start(function()
	-- A token of any kind.
	local token = {}
	skynet.fork(function()
		skynet.sleep(2)
		assert(skynet.wakeup(token) == true)
	end)
	local before = skynet.now()
	assert(skynet.sleep(100, token) == "BREAK")
	assert(skynet.now() - before == 2)

	-- A wake-up that nobody awaits is lost.
	assert(skynet.wakeup(token) == nil)
	assert(skynet.sleep(1, token) == nil)

	-- Calls are not interrupted.
	local me = coroutine.running()
	skynet.dispatch("lua", function(_, _, ticks)
		skynet.sleep(ticks)
		skynet.retpack("done")
	end)
	skynet.fork(function()
		assert(skynet.wakeup(me) == nil)
	end)
	assert(skynet.call(skynet.self(), "lua", 1) == "done")

	-- Timers of one tick fire in the order they were set.
	local fired = {}
	for i = 1, 5 do
		skynet.timeout(1, function()
			fired[#fired + 1] = i
		end)
	end
	skynet.sleep(3)
	assert(table.concat(fired, ",") == "1,2,3,4,5")
	skynet.error("ok")
end)
