--- Section 2.1: ask, wait, read the answer.
--
-- Prints:
--   7 is called Ada
--   8: no such user
local skynet = require "skynet"
require "skynet.manager"

local role = ...

if role == "users" then
	local database = { [7] = { name = "Ada" } }

	skynet.start(function()
		skynet.dispatch("lua", function(_, _, cmd, ...)
			if cmd == "get_user" then
				local user_id = ...
				local user_data = database[user_id]
				if user_data then
					skynet.ret(skynet.pack(true, user_data))
				else
					skynet.ret(skynet.pack(false, "no such user"))
				end
			end
		end)
		skynet.register "USER_SERVICE"
	end)
else
	local function get_user_data(user_id)
		local user_service = skynet.query("USER_SERVICE")
		local ok, user_data = skynet.call(user_service, "lua", "get_user", user_id)
		if not ok then
			print(user_id .. ": " .. user_data)
			return nil
		end
		return user_data
	end

	skynet.start(function()
		skynet.newservice(SERVICE_NAME, "users")
		print("7 is called " .. get_user_data(7).name)
		get_user_data(8)
		skynet.abort()
	end)
end
