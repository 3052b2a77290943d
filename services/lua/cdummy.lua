--- The service named `.cslave` of a node that stands alone: names without a dot, and answers to
--- those who ask for other nodes. The names themselves are kept by the node.

local skynet = require "skynet"

--- Ticks between two looks at the node while somebody waits for a name: services in Rust, and
--- those that use `skynet.name`, take names without asking here.
local LOOK = 5

--- Name to the responses that it is waited for with.
local waiting = {}
local is_looking = false

local function tell()
	for name, responds in pairs(waiting) do
		local handle = skynet.localname(name)
		for i = #responds, 1, -1 do
			local gone = not responds[i]("TEST")
			if handle and not gone then
				responds[i](true, handle)
			end
			if handle or gone then
				table.remove(responds, i)
			end
		end
		if #responds == 0 then
			waiting[name] = nil
		end
	end
end

local function look()
	while next(waiting) do
		skynet.sleep(LOOK)
		tell()
	end
	is_looking = false
end

local command = {}

function command.REGISTER(name, handle)
	assert(not skynet.localname(name), ("the name %s is taken"):format(name))
	skynet.name(name, handle)
	tell()
end

function command.QUERYNAME(name)
	local handle = skynet.localname(name)
	-- A local name is there or it is not.
	if handle or name:sub(1, 1) == "." then
		return skynet.retpack(handle)
	end
	waiting[name] = waiting[name] or {}
	table.insert(waiting[name], skynet.response())
	if not is_looking then
		is_looking = true
		skynet.fork(look)
	end
end

--- Other nodes are never connected, so all of them are gone already.
function command.LINK()
	skynet.ret()
end

function command.LINKMASTER()
	skynet.ret()
end

function command.CONNECT()
	skynet.error "Can't connect to other harbor in single node mode"
	error "there is one node only; nodes find each other through skynet.cluster"
end

skynet.start(function()
	skynet.dispatch("lua", function(_, _, name, ...)
		local run = command[name]
		if not run then
			error(("cdummy does not know the command %s"):format(tostring(name)))
		end
		run(...)
	end)
	if not skynet.register ".cslave" then
		skynet.exit()
	end
end)
