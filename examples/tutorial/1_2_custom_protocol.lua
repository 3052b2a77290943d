--- Section 1.2: a protocol of one's own, with its own packing.
--
-- Changed: `unpack` gets a message and its size, not a string, so `skynet.tostring` makes one of it
-- first; and the position that `string.unpack` returns as well is left out.
--
-- Prints:
--   the receiver read: hello
--   the caller read: HELLO
local skynet = require "skynet"

skynet.register_protocol {
	name = "myproto",
	id = 20,
	pack = function(...)
		return string.pack("z", ...)
	end,
	unpack = function(msg, sz)
		return (string.unpack("z", skynet.tostring(msg, sz)))
	end,
}

local role = ...

if role == "receiver" then
	skynet.start(function()
		skynet.dispatch("myproto", function(_, _, text)
			print("the receiver read: " .. text)
			skynet.ret(string.pack("z", text:upper()))
		end)
	end)
else
	skynet.start(function()
		local receiver = skynet.newservice(SERVICE_NAME, "receiver")
		print("the caller read: " .. skynet.call(receiver, "myproto", "hello"))
		skynet.abort()
	end)
end
