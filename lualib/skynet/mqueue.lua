--- Messages handled one after another, the next when the last is done: the protocol `queue`.
--- Deprecated: `skynet.queue` does the same for any function.

local skynet = require "skynet"

local mqueue = {}

--- Messages that wait: { session, source, values }.
local queue = {}
local first, last = 1, 0
local handler
local worker

local function answer(respond, ok, ...)
	if respond then
		-- The text of an error is an answer too: `call` raises it over there.
		respond(true, ok, ...)
	elseif not ok then
		skynet.error("mqueue: ", ...)
	end
end

local function work()
	while first <= last do
		local message = queue[first]
		queue[first] = nil
		first = first + 1
		answer(message.respond, pcall(handler, message.session, message.source, table.unpack(message, 1, message.n)))
	end
	worker = nil
end

skynet.register_protocol {
	name = "queue",
	id = skynet.PTYPE_QUEUE,
	pack = skynet.pack,
	unpack = skynet.unpack,
	dispatch = function(session, source, ...)
		local message = table.pack(...)
		message.session, message.source = session, source
		message.respond = session ~= 0 and skynet.response()
		last = last + 1
		queue[last] = message
		if handler and not worker then
			worker = skynet.fork(work)
		end
	end,
}

--- Sets the function for the messages of this service: `f(session, source, ...)`.
function mqueue.register(f)
	assert(handler == nil, "mqueue.register is called once")
	handler = f
	if first <= last then
		worker = skynet.fork(work)
	end
end

local function check(ok, ...)
	if not ok then
		error(..., 0)
	end
	return ...
end

--- Yields. Asks, and raises the error of the other side with its text.
function mqueue.call(address, ...)
	return check(skynet.call(address, "queue", ...))
end

--- Sends without an answer.
function mqueue.send(address, ...)
	return skynet.send(address, "queue", ...)
end

--- How many messages wait.
function mqueue.size()
	return last - first + 1
end

return mqueue
