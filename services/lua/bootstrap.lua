--- The first service of a node that a config file describes: starts the services that every
--- program relies on, then the program's own, and leaves.

local skynet = require "skynet"

skynet.start(function()
	local harbor = skynet.getenv "harbor"
	if harbor and harbor ~= "0" then
		skynet.error(("harbor = %s: nodes are not connected by harbors, this one stands alone; use skynet.cluster")
			:format(harbor))
	end
	if not skynet.getenv "standalone" then
		skynet.setenv("standalone", "true")
	end
	for _, name in ipairs { "launcher", "cdummy", "datacenterd", "service_mgr" } do
		skynet.newservice(name)
	end
	local ok, why = pcall(skynet.newservice, skynet.getenv "start" or "main")
	if not ok then
		-- There is nothing to run: the node ends, and the command line with these words.
		skynet.setenv("skyloom.failure", (tostring(why):gsub("^.-call failed: ", "")))
		return skynet.abort()
	end
	-- Not here: who leaves in its start has not started.
	skynet.fork(skynet.exit)
end)
