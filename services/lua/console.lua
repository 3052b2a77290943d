--- Reads commands from standard input: `name arguments` starts a service, `snax name arguments` a
--- snax service.

local skynet = require "skynet"
local socket = require "skynet.socket"

--- Yields until the service has started.
local function start(words)
	if words[1] == "snax" then
		local object = require("skynet.snax").newservice(table.unpack(words, 2))
		return object and object.handle
	end
	return skynet.newservice(table.unpack(words))
end

local function read(stdin)
	while true do
		local line = socket.readline(stdin, "\n")
		if not line then
			return
		end
		local words = {}
		for word in line:gmatch "%S+" do
			words[#words + 1] = word
		end
		if words[1] then
			-- The next line is read meanwhile: a service may take its time.
			skynet.fork(function()
				local ok, why = pcall(start, words)
				if not ok then
					skynet.error(("cannot start %s: %s"):format(words[1], why))
				end
			end)
		end
	end
end

skynet.start(function()
	if not socket.stdin then
		error "this node cannot read standard input"
	end
	skynet.fork(read, socket.stdin())
end)
