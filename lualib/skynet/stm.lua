--- Bytes with one writer and many readers in other services. Nothing here yields.
--- A writer is called with a message (`skynet.pack`) or a string to publish it; a reader is called
--- with a function, which gets the bytes if they are new to this reader.

local skynet = require "skynet"
local shared = require "skyloom.shared"

local stm = {}

local handles = setmetatable({}, { __mode = "k" }) -- of writers and readers

--- The bytes of a message, which is used up, or of a string.
local function take(message, size, name)
	if type(message) == "string" then
		return message
	elseif type(message) ~= "userdata" then
		error(("bad argument #1 to '%s' (string expected, got %s)"):format(name, message == nil and "no value" or type(message)), 3)
	end
	local bytes = skynet.tostring(message, size)
	skynet.trash(message, size)
	return bytes
end

local writer = {
	__name = "stm writer",
	__call = function(self, message, size)
		shared.write(handles[self], take(message, size, "write"))
	end,
}

local reader = {
	__name = "stm reader",
	__call = function(self, f, ...)
		if type(f) ~= "function" then
			error(("bad argument #1 to 'read' (function expected, got %s)"):format(f == nil and "no value" or type(f)), 2)
		end
		local bytes = shared.read(handles[self])
		if not bytes then
			return false
		end
		return true, f(bytes, #bytes, ...)
	end,
}

local function object(handle, meta)
	local self = setmetatable({}, meta)
	handles[self] = handle
	return self
end

--- A writer that has published `message`.
function stm.new(message, size)
	return object(shared.writer(take(message, size, "new")), writer)
end

--- A number that one other service can turn into a reader.
function stm.copy(self)
	local handle = handles[self]
	if getmetatable(self) ~= writer or not handle then
		error("bad argument #1 to 'copy' (writer expected)", 2)
	end
	return shared.issue(handle)
end

--- The reader that a number from `copy` stands for.
function stm.newcopy(token)
	return object(shared.redeem(token), reader)
end

return stm
