--- The service named `.multicastd`: channels, and who hears them.

local skynet = require "skynet"

--- Channel to the set of its subscribers, as a list and as places in it.
local channels = {}
local next_channel = skynet.harbor(skynet.self())

local function channel_of(id)
	return channels[id] or error(("there is no channel %s"):format(tostring(id)))
end

local function remove(channel, source)
	local place = channel.place[source]
	if not place then
		return
	end
	table.remove(channel.list, place)
	channel.place[source] = nil
	for i = place, #channel.list do
		channel.place[channel.list[i]] = i
	end
end

local command = {}

--- A channel is the number of its node and, 256 apart, a number of its own.
function command.NEW()
	local id = next_channel
	next_channel = id + 256
	channels[id] = { list = {}, place = {} }
	return id
end

function command.DEL(_, id)
	channels[id] = nil
end

--- Each subscriber gets the package from its publisher, with the channel as session.
function command.PUB(source, id, package)
	local channel = channel_of(id)
	local gone
	for _, subscriber in ipairs(channel.list) do
		if skynet.redirect(subscriber, source, "multicast", id, package) == nil then
			gone = gone or {}
			gone[#gone + 1] = subscriber
		end
	end
	for _, subscriber in ipairs(gone or {}) do
		remove(channel, subscriber)
	end
end

function command.SUB(source, id)
	local channel = channel_of(id)
	if not channel.place[source] then
		table.insert(channel.list, source)
		channel.place[source] = #channel.list
	end
end

function command.USUB(source, id)
	-- A channel that was deleted has no subscribers any more.
	if channels[id] then
		remove(channels[id], source)
	end
end

skynet.register_protocol {
	name = "multicast",
	id = skynet.PTYPE_MULTICAST,
}

skynet.start(function()
	skynet.dispatch("lua", function(session, source, name, ...)
		local run = command[name]
		if not run then
			error(("multicastd does not know the command %s"):format(tostring(name)))
		end
		local answer = run(source, ...)
		if session ~= 0 then
			skynet.retpack(answer)
		end
	end)
	if not skynet.register ".multicastd" then
		skynet.exit()
	end
end)
