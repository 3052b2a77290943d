-- How many lines per second does a Lua service echo with the socket library?
--
-- Runs unmodified on Skynet: config key `port`. The load comes from skyloom-bench, which also
-- ends the process. Prints `READY` when it listens.
local skynet = require "skynet"
local socket = require "skynet.socket"

skynet.start(function()
	local id = socket.listen("127.0.0.1", tonumber(skynet.getenv "port"))
	socket.start(id, function(fd)
		skynet.fork(function()
			socket.start(fd)
			while true do
				local line = socket.readline(fd, "\n")
				if not line then
					break
				end
				socket.write(fd, line .. "\n")
			end
			socket.close(fd)
		end)
	end)
	print "READY"
end)
