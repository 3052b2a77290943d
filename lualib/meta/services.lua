---@meta
--- Annotations for the modules that speak with the node's own services.

---@class skynet.datacenter
local datacenter = {}

--- Yields. The value or the branch at a path of keys; nil if there is none.
---@param ... any keys
---@return any
function datacenter.get(...) end

--- Yields. Sets the value (the last argument) at a path of keys; returns the one before.
---@param ... any keys, then the value
---@return any
function datacenter.set(...) end

--- Yields. The value at a path of keys, waiting until there is one.
---@param ... any keys
---@return any
function datacenter.wait(...) end

---@class skynet.harbor
local harbor = {}

--- Gives a service (this one, if none is given) a name without a dot.
---@param name string
---@param handle? integer
function harbor.globalname(name, handle) end

--- Yields. The service with this name, waiting until there is one.
---@param name string
---@return integer?
function harbor.queryname(name) end

--- Yields. Returns when the node is not connected any more: at once.
---@param id integer
function harbor.link(id) end

--- Yields. Raises: there are no other nodes.
---@param id integer
function harbor.connect(id) end

--- Yields. Returns when the master is lost: at once.
function harbor.linkmaster() end

---@class skynet.service
local service = {}

--- Yields. The service called `name`; the first who asks has it made: a service of its own runs `main(...)`.
---@param name string
---@param main fun(...) without upvalues but `_ENV`
---@param ... any
---@return integer handle
function service.new(name, main, ...) end

--- Yields. Waits until the service called `name` has been made.
---@param name string
---@return integer handle
function service.query(name) end

--- Yields. Ends the service called `name`; whether there was one.
---@param name string
---@return boolean
function service.close(name) end

---@class skynet.multicast.conf
---@field channel? integer the channel of another's object; a new one if absent
---@field dispatch? fun(channel: skynet.multicast.channel, source: integer, ...)
---@field pack? fun(...): lightuserdata|string, integer?
---@field unpack? fun(message: lightuserdata, size: integer): ...

---@class skynet.multicast.channel
---@field channel integer
local channel = {}

--- Yields until the package has been handed out.
function channel:publish(...) end

--- Yields. From now on the dispatch function hears the channel.
function channel:subscribe() end

--- No package is heard any more, not even one that is on its way.
function channel:unsubscribe() end

--- Yields. Ends the channel for all.
function channel:delete() end

---@class skynet.multicast
local multicast = {}

--- Yields. A channel object.
---@param conf? skynet.multicast.conf
---@return skynet.multicast.channel
function multicast.new(conf) end

---@class skynet.mqueue
---@deprecated use skynet.queue
local mqueue = {}

--- Sets the function for the messages of this service: they are handled one after another.
---@param f fun(session: integer, source: integer, ...): ...
function mqueue.register(f) end

--- Yields. Asks, and raises the error of the other side with its text.
---@param address integer|string
function mqueue.call(address, ...) end

---@param address integer|string
function mqueue.send(address, ...) end

--- How many messages wait.
---@return integer
function mqueue.size() end
