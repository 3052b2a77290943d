--- Channels: what one service publishes, all subscribers hear.

local skynet = require "skynet"
local unique = require "skynet.unique"

local multicast = {}

--- Channels of this service that are subscribed, by number; an object that nobody holds any more
--- leaves, and unsubscribes when it is collected.
local heard = setmetatable({}, { __mode = "v" })

local channel = {}

local meta = {
	__index = channel,
	__tostring = function(self)
		return ("[Multicast:%x]"):format(self.channel)
	end,
}

local function daemon()
	return unique.find(".multicastd", "multicastd")
end

local function hear(id, source, message, size)
	-- What was on its way when the channel was left is not heard.
	local self = heard[id]
	if self and self.__dispatch then
		self.__dispatch(self, source, self.__unpack(message, size))
	end
end

local function prepare()
	if skynet.dispatch "multicast" == nil then
		skynet.register_protocol {
			name = "multicast",
			id = skynet.PTYPE_MULTICAST,
			dispatch = hear,
		}
	end
end

--- Yields unless `conf.channel` says which. A channel object, of a new channel if none is given;
--- `conf.dispatch(channel, source, ...)` hears, `pack` and `unpack` are the lua protocol's unless given.
function multicast.new(conf)
	conf = conf or {}
	prepare()
	local self = {
		channel = conf.channel or skynet.call(daemon(), "lua", "NEW"),
		__pack = conf.pack or skynet.packstring,
		__unpack = conf.unpack or skynet.unpack,
		__dispatch = conf.dispatch,
		__subscribe = false,
	}
	return setmetatable(self, meta)
end

--- Yields. Ends the channel for all.
function channel:delete()
	skynet.send(daemon(), "lua", "DEL", self.channel)
	self.__subscribe = nil
	heard[self.channel] = nil
end

--- Yields until the package has been handed out.
function channel:publish(...)
	local message, size = self.__pack(...)
	if type(message) ~= "string" then
		local text = skynet.tostring(message, size)
		skynet.trash(message, size)
		message = text
	end
	skynet.call(daemon(), "lua", "PUB", self.channel, message)
end

--- Yields. From now on the dispatch function hears the channel.
function channel:subscribe()
	if self.__subscribe then
		return
	end
	self.__subscribe = true
	heard[self.channel] = self
	skynet.call(daemon(), "lua", "SUB", self.channel)
end

--- No package is heard any more, not even one that is on its way.
function channel:unsubscribe()
	if not self.__subscribe then
		return
	end
	self.__subscribe = false
	heard[self.channel] = nil
	skynet.send(".multicastd", "lua", "USUB", self.channel)
end

meta.__gc = channel.unsubscribe

return multicast
