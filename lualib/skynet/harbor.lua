--- Names that all nodes know, and news of other nodes. Nodes stand alone, so the names are this
--- node's; see `skynet.cluster` for more nodes.

local skynet = require "skynet"
local unique = require "skynet.unique"

local harbor = {}

local function slave()
	return unique.find(".cslave", "cdummy")
end

--- Gives a service (this one, if none is given) a name without a dot.
function harbor.globalname(name, handle)
	skynet.send(slave(), "lua", "REGISTER", name, handle or skynet.self())
end

--- Yields. The service with this name, waiting until there is one.
function harbor.queryname(name)
	return skynet.call(slave(), "lua", "QUERYNAME", name)
end

--- Yields. Returns when the node is not connected any more: at once.
function harbor.link(id)
	skynet.call(slave(), "lua", "LINK", id)
end

--- Yields. Returns when the node is connected; raises, because there are no others.
function harbor.connect(id)
	skynet.call(slave(), "lua", "CONNECT", id)
end

--- Yields. Returns when the master is lost: at once.
function harbor.linkmaster()
	skynet.call(slave(), "lua", "LINKMASTER")
end

return harbor
