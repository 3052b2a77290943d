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
	if place then
		local list = channel.list
		local last = list[#list]
		list[place], channel.place[last] = last, place
		list[#list], channel.place[source] = nil, nil
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
	local list = channel.list
	-- From behind: whoever is gone is taken out on the way.
	for i = #list, 1, -1 do
		if not skynet.redirect(list[i], source, "multicast", id, package) then
			remove(channel, list[i])
		end
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
