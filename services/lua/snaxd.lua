--- Runs one snax service: `snaxd NAME`. Its file's globals are those of this service.

local hotfix = require "snax.hotfix"
local interface = require "snax.interface"
local profile = require "skynet.profile"
local skynet = require "skynet"
local snax = require "skynet.snax"

local name = tostring((...))

local state = {
	methods = nil, -- by number: { id, group, name, f }
	ready = false, -- between init and exit
	counts = {}, -- by name: { count, time }
}

local function count(method, seconds)
	local entry = state.counts[method.name]
	if not entry then
		entry = { count = 0, time = 0 }
		state.counts[method.name] = entry
	end
	entry.count = entry.count + 1
	entry.time = entry.time + seconds
end

-- What only the service itself has.
local system = {}

function system.init(method, ...)
	assert(not state.ready, "Already init")
	if method.f then
		method.f(...)
	end
	state.ready = true
	skynet.retpack()
end

function system.exit(method, ...)
	assert(state.ready, "Never init")
	if method.f then
		method.f(...)
	end
	skynet.retpack()
	state.ready = false
	skynet.exit()
end

function system.hotfix(_, source, ...)
	skynet.retpack(pcall(hotfix, state.methods, _ENV, source, ...))
end

function system.profile()
	skynet.retpack(state.counts)
end

local function call(method, ...)
	profile.start()
	local results = table.pack(xpcall(method.f, debug.traceback, ...))
	count(method, profile.stop())
	if not results[1] then
		error(results[2], 0)
	elseif method.group == "response" then
		skynet.retpack(table.unpack(results, 2, results.n))
	end
end

local function dispatch(_, _, id, ...)
	local method = state.methods[id]
	if not method then
		error(("%s has no method %s"):format(name, id), 0)
	elseif method.group == "system" then
		system[method.name](method, ...)
	else
		assert(state.ready, "Init first")
		call(method, ...)
	end
end

function snax.enablecluster()
	skynet.dispatch("lua", dispatch)
end

-- While its file is read it may ask who it is, and require what lies beside it.
SERVICE_NAME = name
SERVICE_PATH = interface.find(name):match "^(.*/)[^/]*$" or "./"
package.path = SERVICE_PATH .. "?.lua;" .. package.path
state.methods = interface.load(name, _ENV)

skynet.start(function()
	skynet.info_func(function() return state.counts end)
	skynet.dispatch("snax", dispatch)
end)
