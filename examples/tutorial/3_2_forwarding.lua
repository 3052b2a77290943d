--- Section 3.2: a gateway hands a request on, unread, and the answer goes straight to whoever asked.
--
-- Prints:
--   echo: hello 42
--   the gateway has seen 1 request and no answer
local skynet = require "skynet"

local role = ...

if role == "gateway" then
	local seen = 0

	skynet.start(function()
		skynet.dispatch("lua", function(session, source, cmd, ...)
			if cmd == "forward" then
				local target_service, msg, sz = ...
				seen = seen + 1
				-- The bytes stay as they are, and so do session and source.
				skynet.redirect(target_service, source, "lua", session, msg, sz)
				-- No skynet.ret(): the target answers.
			elseif cmd == "seen" then
				skynet.ret(skynet.pack(seen))
			end
		end)
	end)
elseif role == "echo" then
	skynet.start(function()
		skynet.dispatch("lua", function(_, _, ...)
			skynet.ret(skynet.pack("echo: " .. table.concat({ ... }, " ")))
		end)
	end)
else
	skynet.start(function()
		local gateway = skynet.newservice(SERVICE_NAME, "gateway")
		local echo = skynet.newservice(SERVICE_NAME, "echo")
		print(skynet.call(gateway, "lua", "forward", echo, skynet.packstring("hello", 42)))
		print("the gateway has seen " .. skynet.call(gateway, "lua", "seen") .. " request and no answer")
		skynet.abort()
	end)
end
