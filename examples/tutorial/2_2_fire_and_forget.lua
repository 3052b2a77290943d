--- Section 2.2: tell, and do not wait. Messages from one service to another arrive in the order they were sent.
--
-- Prints:
--   1 User login 7
--   2 User logout 7
--   2 events
local skynet = require "skynet"

local role = ...

if role == "log" then
	local events = 0

	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			if cmd == "log" then
				local event, user_id = ...
				events = events + 1
				print(events .. " " .. event .. " " .. user_id)
				-- Nobody waits: no answer.
			elseif cmd == "count" then
				skynet.ret(skynet.pack(events))
			end
		end)
	end)
else
	skynet.start(function()
		local log = skynet.newservice(SERVICE_NAME, "log")
		skynet.send(log, "lua", "log", "User login", 7)
		skynet.send(log, "lua", "log", "User logout", 7)
		print(skynet.call(log, "lua", "count") .. " events")
		skynet.abort()
	end)
end
