--- What the debug console understands. Each command is { help, run, code, ticks }: `run(words,
--- line, print)` yields and returns what is to be shown; `code` is true (or says of the words) if
--- it lets the user run code; `ticks` is the place of the word that says how long it may take.

local skynet = require "skynet"

local commands = {}

--- How long services may take to answer, in ticks.
commands.PATIENCE = 300

local function add(name, help, run, more)
	local command = more or {}
	command.help, command.run = help, run
	commands[name] = command
end

--- The handle that `:hex`, `.name`, a bare hexadecimal number or another name stands for.
local function address(text)
	if text == nil then
		error("an address is needed: :0000000a, a or .name", 0)
	end
	local number = tonumber(text:match "^:?(%x+)$" or "", 16)
	if number and number > 0 and number <= 0xffffffff then
		if number <= 0xffffff and text:sub(1, 1) ~= ":" then
			number = skynet.harbor(skynet.self()) << 24 | number
		end
		return number
	end
	return skynet.localname(text) or error(("no service is called %s"):format(text), 0)
end

local function debug_call(handle, ...)
	return skynet.call(handle, "debug", ...)
end

--- What follows the first `n` words of a line.
local function rest(line, n)
	return (line:gsub("^%s*", ""):gsub("^" .. ("%S+%s*"):rep(n), ""))
end

local function launcher(...)
	return skynet.call(require("skynet.unique").find(".launcher", "launcher"), "lua", ...)
end

--- Shows a service that was to be started.
local function started(ok, handle, name)
	if not ok then
		skynet.error(handle)
		return "Failed"
	end
	return handle and { [skynet.address(handle)] = name } or "Exit"
end

add("help", "This help message", function()
	local list = {}
	for name, command in pairs(commands) do
		if type(command) == "table" then
			list[name] = command.help
		end
	end
	return list
end)

add("list", "List all the services", function()
	local list = {}
	for handle, label in pairs(skynet.services()) do
		list[skynet.address(handle)] = label
	end
	return list
end)

for _, name in ipairs { "stat", "mem", "gc" } do
	local help = {
		stat = "stat [ticks] : messages, queues and tasks of every service",
		mem = "mem [ticks] : memory of every Lua service",
		gc = "gc [ticks] : every Lua service collects its garbage",
	}
	add(name, help[name], function(words)
		return launcher(name:upper(), tonumber(words[2]) or commands.PATIENCE)
	end, { ticks = 2 })
end

add("service", "List unique services", function()
	return skynet.call(require("skynet.unique").find(".service", "service_mgr"), "lua", "LIST")
end)

add("info", "info address [...] : what the service tells of itself", function(words)
	return debug_call(address(words[2]), "INFO", table.unpack(words, 3))
end)

add("task", "task address [session] : what the service's coroutines wait for", function(words)
	return debug_call(address(words[2]), "TASK", tonumber(words[3]))
end)

add("uniqtask", "uniqtask address : the same, grouped", function(words)
	return debug_call(address(words[2]), "UNIQTASK")
end)

add("killtask", "killtask address threadname : ends a coroutine that task shows", function(words)
	return debug_call(address(words[2]), "KILLTASK", words[3] or error("a thread name is needed, see task", 0))
end)

add("ping", "ping address : ticks until the service answers", function(words)
	local before = skynet.now()
	debug_call(address(words[2]), "PING")
	return skynet.now() - before
end)

add("exit", "exit address : asks a service to end", function(words)
	skynet.send(address(words[2]), "debug", "EXIT")
end)

add("kill", "kill address : ends a service", function(words)
	return launcher("KILL", address(words[2]))
end)

add("start", "start name ... : starts a Lua service", function(words)
	local ok, handle = pcall(skynet.newservice, table.unpack(words, 2))
	return started(ok, handle, words[2])
end, { code = true })

add("log", "log name ... : starts a Lua service, with a log of its messages where there are such logs", function(words)
	local ok, handle = pcall(launcher, "LOGLAUNCH", "snlua", table.unpack(words, 2))
	return started(ok, handle, words[2])
end, { code = true })

add("snax", "snax name ... : starts a snax service", function(words)
	local ok, object = pcall(function()
		return require("skynet.snax").newservice(table.unpack(words, 2))
	end)
	return started(ok, ok and object and object.handle or object, words[2])
end, { code = true })

add("inject", "inject address file ... : runs a Lua file in a service", function(words, _, print)
	local handle = address(words[2])
	local name = words[3] or error("a file is needed", 0)
	local file = assert(io.open(name, "rb"))
	local source = file:read "a"
	file:close()
	local ok, output = debug_call(handle, "RUN", source, name, table.unpack(words, 4))
	if not ok then
		error(output, 0)
	end
	print(tostring(output))
end, { code = true })

add("call", "call address expressions : calls a service with the values of Lua expressions", function(words, line)
	local handle = address(words[2])
	local text = "return " .. rest(line, 2)
	local values = table.pack(assert(load(text, "=call", "t"))())
	return table.pack(skynet.call(handle, "lua", table.unpack(values, 1, values.n)))
end, { code = true })

--- Debug commands that run what they are given, or let others do so.
local RUNS = { RUN = true, REMOTEDEBUG = true }

add("dbgcmd", "dbgcmd address command ... : any debug command", function(words)
	local name = words[3] or error("a debug command is needed: MEM, STAT, TASK, PING ...", 0)
	local results = table.pack(debug_call(address(words[2]), name, table.unpack(words, 4)))
	if results.n < 2 then
		return results[1]
	end
	results.n = nil
	return results
end, {
	code = function(words)
		return RUNS[words[3]] == true
	end,
})

add("trace", "trace address [protocol] [on|off] : traces the service's messages", function(words)
	local flags = { on = true, off = false }
	local handle, protocol, flag = address(words[2]), words[3], words[4]
	if flag == nil and (protocol == nil or flags[protocol] ~= nil) then
		debug_call(handle, "TRACELOG", flags[protocol])
	else
		debug_call(handle, "TRACELOG", protocol, flags[flag])
	end
end)

--- What this node has not: said so, not passed over.
local function absent(name, help, why, more)
	add(name, help, function()
		error(why, 0)
	end, more)
end

local no_signals = "services of this node take no signals: a handler that does not return is reported, see task"
local no_message_logs = "this node writes no logs of messages; see trace"

absent("signal", "signal address [number] : signals a service", no_signals, { code = true })
absent("logon", "logon address : logs the service's messages to a file", no_message_logs)
absent("logoff", "logoff address", no_message_logs)

local function amount(bytes)
	if bytes >= 1 << 20 then
		return ("%.1fM"):format(bytes / (1 << 20))
	end
	return bytes >= 1 << 10 and ("%.1fK"):format(bytes / (1 << 10)) or tostring(bytes)
end

local function age(ticks)
	return ("%.1fs"):format(ticks / 100)
end

local SHOWN = { address = skynet.address, read = amount, write = amount, rtime = age, wtime = age, wbuffer = amount }

add("netstat", "Show the node's sockets", function()
	local netstat = require("skynet.socket").netstat or error("this node does not count its sockets", 0)
	local list = netstat()
	for _, socket in ipairs(list) do
		for key, show in pairs(SHOWN) do
			local value = socket[key]
			if type(value) == "number" then
				socket[key] = show(value)
			end
		end
	end
	return list
end)

--- Memory of the process as the system counts it, in bytes by name.
local function process_memory()
	local file = io.open "/proc/self/status"
	local list = {}
	for line in file and file:lines() or function() end do
		local name, kilobytes = line:match "^Vm(%u+):%s*(%d+) kB"
		if name then
			list[name:lower()] = tonumber(kilobytes) << 10
		end
	end
	if file then
		file:close()
	end
	return list
end

local function sized(bytes)
	return ("%11d  %8.2f Mb"):format(bytes, bytes / (1 << 20))
end

add("cmem", "Show the memory of Lua services, and of the process", function()
	local list, total = {}, 0
	for handle, text in pairs(launcher "MEM") do
		local kilobytes = tonumber(text:match "^[%d.]+")
		if kilobytes then
			total = total + kilobytes * 1024
			list[handle] = sized(math.tointeger(kilobytes * 1024 // 1))
		end
	end
	list.lua = sized(total // 1 | 0)
	list.total = sized(process_memory().rss or 0)
	return list
end)

add("jmem", "Show the process's memory as the system counts it", function()
	local list = {}
	for name, bytes in pairs(process_memory()) do
		list[name] = sized(bytes)
	end
	return list
end)

add("profactive", "profactive [on|off] : heap profiles, which this allocator has not", function()
	return "heap profilling is deactive"
end)

absent(
	"dumpheap",
	"dumpheap : a heap profile, which this allocator has not",
	"this node's allocator writes no heap profiles"
)

add("getenv", "getenv name : a value of the node's environment", function(words)
	local name = words[2] or error("a name is needed", 0)
	if name == "debug_console_token" then
		error("that one is secret", 0)
	end
	return { [name] = skynet.getenv(name) }
end)

add("setenv", "setenv name value : sets a value of the node's environment, once", function(words)
	local name = words[2] or error("a name is needed", 0)
	if name:find "^debug_console_" then
		error("the console's own keys are set in the config", 0)
	end
	skynet.setenv(name, words[3] or "")
end)

add("clearcache", "Forget compiled scripts: services that start see files as they are", function()
	require("skynet.codecache").clear()
end)

absent("debug", "debug address : debug a Lua service", "this node has no interactive debugger; see task and inject", {
	code = true,
})

return commands
