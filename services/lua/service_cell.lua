--- What a service that is made of a function runs in. `service_provider` makes it and tells it
--- which function.

local skynet = require "skynet"

local name = ...

local function init(_, _, command, code, ...)
	if command ~= "init" then
		error(("service %s is not ready yet"):format(name))
	end
	local main = require("skynet.function").find(code)
	local begin
	-- Its `skynet.start` says what is to be done when it has been set up.
	skynet.start = function(f)
		begin = f
	end
	main(...)
	if begin then
		begin()
	end
	skynet.ret()
end

SERVICE_NAME = name

skynet.start(function()
	skynet.dispatch("lua", init)
end)
