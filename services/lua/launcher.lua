--- The service named `.launcher`: what runs on this node, and starting and ending it by request.
--- Services are started by the node itself; this service only presents it in Skynet's terms.

local skynet = require "skynet"

--- How long services may take to answer, in ticks, unless the request says otherwise.
local PATIENCE = 300

local function is_lua(label)
	return label:find("^snlua ") ~= nil
end

--- Yields. Asks every Lua service; returns what each answered, `false` for an error, nothing for
--- those that were too slow.
local function ask_all(patience, ...)
	local request = skynet.request()
	local labels = {}
	for handle, label in pairs(skynet.services()) do
		if is_lua(label) then
			request:add { handle, "debug", ... }
			labels[handle] = label
		end
	end
	if patience == nil then
		patience = PATIENCE
	end
	local answers = {}
	for asked, answer in request:select(patience ~= 0 and patience or nil) do
		answers[asked[1]] = answer and answer[1] or false
	end
	return answers, labels
end

local command = {}

--- Those that understand what Lua services understand, but for this one, which Skynet's does not
--- list either: programs send debug requests to all in the list, and end some.
function command.LIST()
	local list = {}
	for handle, label in pairs(skynet.services()) do
		if is_lua(label) and handle ~= skynet.self() then
			list[skynet.address(handle)] = label
		end
	end
	return list
end

function command.STAT(_, patience)
	local answers, labels = ask_all(patience, "STAT")
	local list = {}
	for handle in pairs(labels) do
		local answer = answers[handle]
		if answer == nil then
			answer = "TIMEOUT"
		end
		list[skynet.address(handle)] = answer or "ERROR"
	end
	-- Services of other kinds answer no such question; the node knows the rest of it.
	for handle, label in pairs(skynet.services()) do
		local stat = not is_lua(label) and skynet.servicestat(handle)
		if stat then
			list[skynet.address(handle)] = { task = 0, mqlen = stat.mqlen, cpu = stat.cpu or 0, message = stat.message }
		end
	end
	return list
end

function command.MEM(_, patience)
	local answers, labels = ask_all(patience, "MEM")
	local list = {}
	for handle, label in pairs(labels) do
		local answer = answers[handle]
		local text = "TIMEOUT"
		if answer then
			text = ("%.2f Kb"):format(answer)
		elseif answer == false then
			text = "ERROR"
		end
		list[skynet.address(handle)] = ("%s (%s)"):format(text, label)
	end
	return list
end

function command.GC(source, patience)
	for handle, label in pairs(skynet.services()) do
		if is_lua(label) then
			skynet.send(handle, "debug", "GC")
		end
	end
	return command.MEM(source, patience)
end

function command.KILL(_, handle)
	local label = skynet.services()[handle] or "nil"
	skynet.kill(handle)
	return { [skynet.address(handle)] = label }
end

--- Yields until the service has started.
function command.LAUNCH(_, module, name, ...)
	if module ~= "snlua" then
		error(("there is no module %s: services are launched as snlua NAME ARGUMENTS"):format(tostring(module)))
	end
	return skynet.newservice(name, ...)
end

--- The same, with a log of its messages if the node writes such logs.
function command.LOGLAUNCH(source, ...)
	local handle = command.LAUNCH(source, ...)
	if handle then
		pcall(function()
			require("skynet.core").command("LOGON", skynet.address(handle))
		end)
	end
	return handle
end

--- The handle of a service that is just being launched for a session: known to the node alone.
function command.QUERY() end

--- The node knows by itself how services begin and end; those who say so are heard politely.
local function ignore() end

local silent = { LAUNCHOK = ignore, ERROR = ignore, REMOVE = ignore }

skynet.register_protocol {
	name = "text",
	id = skynet.PTYPE_TEXT,
	unpack = skynet.tostring,
	dispatch = ignore,
}

skynet.start(function()
	skynet.dispatch("lua", function(session, source, name, ...)
		name = tostring(name):upper()
		if silent[name] then
			return skynet.ignoreret()
		end
		local run = command[name]
		if run then
			local answer = run(source, ...)
			if session ~= 0 then
				skynet.retpack(answer)
			end
		elseif session ~= 0 then
			skynet.retpack { "Unknown command" }
		end
	end)
	if not skynet.register ".launcher" then
		skynet.exit()
	end
end)
