--- Section 1.1: the kinds of messages. The host knows their numbers; nobody has to set them.
--
-- Prints:
--   CLIENT 3
--   DEBUG 9
--   ERROR 7
--   LUA 10
--   QUEUE 8
--   RESPONSE 1
--   SOCKET 6
--   TEXT 0
--   TRACE 12
local skynet = require "skynet"

local names = { "CLIENT", "DEBUG", "ERROR", "LUA", "QUEUE", "RESPONSE", "SOCKET", "TEXT", "TRACE" }

skynet.start(function()
	for _, name in ipairs(names) do
		print(name .. " " .. skynet["PTYPE_" .. name])
	end
	skynet.abort()
end)
