--- The first service of a node that a config file describes: starts the services that every
--- program relies on, then the program's own, and leaves.

local skynet = require "skynet"

--- The start service could not start: the command line finds the reason here.
local FAILURE = "skyloom.failure"

local function boot()
	for _, name in ipairs { "launcher", "cdummy", "datacenterd", "service_mgr" } do
		skynet.newservice(name)
	end
	skynet.newservice(skynet.getenv "start" or "main")
end

skynet.start(function()
	local harbor = skynet.getenv "harbor"
	if harbor and harbor ~= "0" then
		skynet.error(("harbor = %s: nodes are not connected by harbors, this one stands alone; use skynet.cluster")
			:format(harbor))
	end
	if not skynet.getenv "standalone" then
		skynet.setenv("standalone", "true")
	end
	-- Not here: the program may end the node in its start, and that is no failure of this service.
	skynet.fork(function()
		local ok, why = pcall(boot)
		-- If the program fails there is nothing to run. If it was ended, the node is ending.
		if not ok and not why:find("it ended before it had started", 1, true) then
			pcall(skynet.setenv, FAILURE, why)
			skynet.abort()
		end
		skynet.exit()
	end)
end)
