--- The service named `DATACENTER`: a tree of values for all services, and waiting for them.

local skynet = require "skynet"

local root = {}

--- Those who wait: the first word of their path to a list of { path, respond }.
local waiting = {}

--- The value at a path, or nil.
local function find(path)
	local value = root
	for i = 1, path.n do
		if type(value) ~= "table" then
			error(("%s holds a value, not a branch"):format(table.concat(path, ".", 1, i - 1)))
		end
		value = value[path[i]]
		if value == nil then
			return nil
		end
	end
	return value
end

--- How many words two paths have in common.
local function common(one, other)
	local n = 0
	while n < one.n and n < other.n and one[n + 1] == other[n + 1] do
		n = n + 1
	end
	return n
end

--- A value was set: tells those who waited for it, or for a part of it.
local function tell(path)
	local list = waiting[path[1]]
	if not list then
		return
	end
	local left = {}
	for _, one in ipairs(list) do
		local same = common(path, one.path)
		if same == one.path.n and same < path.n then
			-- What is waited for has become a branch: it will never be one value.
			one.respond(false)
		elseif same == path.n then
			local ok, value = pcall(find, one.path)
			if ok and value ~= nil then
				one.respond(true, value)
			elseif ok then
				left[#left + 1] = one
			else
				one.respond(false)
			end
		elseif one.respond "TEST" then
			left[#left + 1] = one
		end
	end
	waiting[path[1]] = left[1] and left or nil
end

local function path_of(...)
	local path = table.pack(...)
	assert(path.n > 0, "a path needs at least one key")
	for i = 1, path.n do
		assert(path[i] ~= nil, "nil cannot be a key")
	end
	return path
end

local command = {}

--- The last argument is the value; returns the one before.
function command.UPDATE(...)
	local path = table.pack(...)
	assert(path.n > 1, "a path and a value are needed")
	local value = path[path.n]
	path[path.n], path.n = nil, path.n - 1
	local branch = root
	for i = 1, path.n - 1 do
		local key = path[i]
		local below = branch[key]
		if below == nil then
			below = {}
			branch[key] = below
		elseif type(below) ~= "table" then
			error(("%s holds a value, not a branch"):format(table.concat(path, ".", 1, i)))
		end
		branch = below
	end
	local key = path[path.n]
	local before = branch[key]
	branch[key] = value
	if before == nil and value ~= nil then
		tell(path)
	end
	skynet.retpack(before)
end

function command.QUERY(...)
	skynet.retpack(find(path_of(...)))
end

function command.WAIT(...)
	local path = path_of(...)
	local value = find(path)
	if value ~= nil then
		return skynet.retpack(value)
	end
	local list = waiting[path[1]]
	if not list then
		list = {}
		waiting[path[1]] = list
	end
	list[#list + 1] = { path = path, respond = skynet.response() }
end

skynet.start(function()
	skynet.dispatch("lua", function(_, _, name, ...)
		local run = command[name]
		if not run then
			error(("datacenterd does not know the command %s"):format(tostring(name)))
		end
		run(...)
	end)
	if not skynet.register "DATACENTER" then
		skynet.exit()
	end
end)
