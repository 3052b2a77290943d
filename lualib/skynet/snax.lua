--- Services with named methods: `obj.req.name(...)` waits for an answer, `obj.post.name(...)` does
--- not. The service itself runs in `snaxd`.

local interface = require "snax.interface"
local skynet = require "skynet"

local snax = {}

skynet.register_protocol {
	name = "snax",
	id = skynet.PTYPE_SNAX,
	pack = skynet.pack,
	unpack = skynet.unpack,
}

-- The numbers of each service's methods by its name.
local types = {}

-- Objects by handle, as long as somebody has them.
local objects = setmetatable({}, { __mode = "v" })

--- The numbers of a service's methods: tables `system`, `accept` and `response`.
function snax.interface(name)
	local found = types[name]
	if not found then
		found = interface.numbers(name)
		types[name] = found
	end
	return found
end

-- Functions by the names of methods, each made when it is first used.
local function methods(kind, group, name, make)
	return setmetatable({}, {
		__index = function(self, method)
			local id = group[method]
			if not id then
				error(("%s %s:%s no exist"):format(kind, name, method), 2)
			end
			local f = make(id)
			rawset(self, method, f)
			return f
		end,
	})
end

--- The object for a service that runs already.
function snax.bind(handle, name)
	local object = objects[handle]
	if object then
		assert(object.type == name, "this service is of another type")
		return object
	end
	local numbers = snax.interface(name)
	object = {
		handle = handle,
		type = name,
		req = methods("request", numbers.response, name, function(id)
			return function(...) return skynet.call(handle, "snax", id, ...) end
		end),
		post = methods("post", numbers.accept, name, function(id)
			return function(...) skynet.send(handle, "snax", id, ...) end
		end),
	}
	objects[handle] = object
	return object
end

--- Yields. Starts a service and has it initialised; its handle.
function snax.rawnewservice(name, ...)
	local numbers = snax.interface(name)
	local handle = assert(skynet.newservice("snaxd", name), "snax service exited in its start: " .. name)
	skynet.call(handle, "snax", numbers.system.init, ...)
	return handle
end

function snax.newservice(name, ...)
	return snax.bind(snax.rawnewservice(name, ...), name)
end

--- Yields. The one service with this name in the node; who comes first decides about the arguments.
function snax.uniqueservice(name, ...)
	return snax.bind(skynet.uniqueservice("snaxd", name, ...), name)
end

--- Yields. The one in all nodes.
function snax.globalservice(name, ...)
	return snax.bind(skynet.uniqueservice(true, "snaxd", name, ...), name)
end

--- Yields. Waits until there is such a service.
function snax.queryservice(name)
	return snax.bind(skynet.queryservice("snaxd", name), name)
end

function snax.queryglobal(name)
	return snax.bind(skynet.queryservice(true, "snaxd", name), name)
end

--- Yields. Calls the service's `exit(...)` and ends it.
function snax.kill(object, ...)
	return skynet.call(object.handle, "snax", snax.interface(object.type).system.exit, ...)
end

--- The object of the service that asks.
function snax.self()
	return snax.bind(skynet.self(), SERVICE_NAME)
end

--- Yields. Ends the service that asks.
function snax.exit(...)
	snax.kill(snax.self(), ...)
end

local function result(ok, ...)
	if not ok then
		error(..., 0)
	end
	return ...
end

--- Yields. Replaces methods by those of a text, see `snax.hotfix`; what its `hotfix(...)` returns.
function snax.hotfix(object, source, ...)
	local id = snax.interface(object.type).system.hotfix
	return result(skynet.call(object.handle, "snax", id, source, ...))
end

--- Yields. How often each method was called and what it took: `{ name = { count, time } }`.
function snax.profile_info(object)
	return skynet.call(object.handle, "snax", snax.interface(object.type).system.profile)
end

function snax.printf(format, ...)
	skynet.error(format:format(...))
end

--- In a snax service: its methods can be called by the lua protocol, too, as a cluster does.
function snax.enablecluster()
	error("snax.enablecluster is for snax services", 2)
end

return snax
