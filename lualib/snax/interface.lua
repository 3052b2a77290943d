--- Reads a snax file: which methods a service has, and what they are called by.
--- Whoever calls a service reads its file, too, and so knows the same numbers: 1 to 4 for the
--- service itself, then one for each method in the order in which they are written.

local skynet = require "skynet"

local SYSTEM <const> = { "init", "exit", "hotfix", "profile" }

local interface = {}

local function missing(name, tried)
	error(("no snax file %s: tried %s"):format(name, table.concat(tried, ", ")), 0)
end

--- The file of a service, looked for in the templates of the config.
function interface.find(name)
	local templates = skynet.getenv "snax" or error("please set snax in config file", 0)
	local tried = {}
	for template in templates:gmatch "[^;]+" do
		local path = template:gsub("%?", (name:gsub("%%", "%%%%")))
		local file = io.open(path)
		if file then
			file:close()
			return path
		end
		tried[#tried + 1] = path
	end
	missing(name, tried)
end

-- A table that takes definitions: `add(group, name, f)` is told each of them.
local function group_of(group, add)
	local defined = {}
	return setmetatable({}, {
		__index = defined,
		__newindex = function(_, name, f)
			if type(name) ~= "string" then
				error(("%s method only support string"):format(group), 2)
			elseif type(f) ~= "function" then
				error(("%s.%s must be function"):format(group, name), 2)
			elseif defined[name] then
				error(("%s.%s duplicate definition"):format(group, name), 2)
			end
			defined[name] = f
			add(group, name, f)
		end,
	})
end

-- Whether a global is one of the functions that a service has for itself.
local function is_system(name)
	for _, known in ipairs(SYSTEM) do
		if known == name then
			return true
		end
	end
end

--- Runs `chunk`, whose globals are `env`, and tells `add(group, name, f)` what it defines.
--- Everything else that it assigns becomes a global, of `globals` if they are others.
function interface.collect(chunk, env, add, globals)
	local before = getmetatable(env)
	local system = group_of("system", add)
	rawset(env, "accept", group_of("accept", add))
	rawset(env, "response", group_of("response", add))
	setmetatable(env, {
		__index = before and before.__index,
		__newindex = function(_, name, value)
			if is_system(name) then
				system[name] = value
			else
				rawset(globals or env, name, value)
			end
		end,
	})
	chunk()
	setmetatable(env, before)
end

--- The methods of the service `name`, whose file runs with the globals `env`: a list of
--- `{ id, group, name, f }`, and the path of the file.
function interface.load(name, env)
	local path = interface.find(name)
	local chunk = assert(loadfile(path, "bt", env))
	local methods = {}
	for id, system in ipairs(SYSTEM) do
		methods[id] = { id = id, group = "system", name = system }
	end
	interface.collect(chunk, env, function(group, method, f)
		if group == "system" then
			for _, entry in ipairs(methods) do
				if entry.group == group and entry.name == method then
					entry.f = f
				end
			end
		else
			local id = #methods + 1
			methods[id] = { id = id, group = group, name = method, f = f }
		end
	end)
	for id, system in ipairs(SYSTEM) do
		rawset(env, system, methods[id].f)
	end
	return methods, path
end

-- What a file gets from `require` when only its methods are asked for: it can be called and
-- looked into, and nothing happens.
local blank = {}
blank.__index = function(self) return self end
blank.__call = blank.__index
blank.__newindex = function() end

local function surroundings()
	local module = skynet.getenv "snax_interface_g"
	if module then
		local made = require(module)
		return type(made) == "function" and made() or made
	end
	local nothing = setmetatable({}, blank)
	return setmetatable({ require = function() return nothing end }, { __index = _G })
end

--- The numbers of the methods, `{ name, system = {…}, accept = {…}, response = {…} }`, without
--- anything of the service being done.
function interface.numbers(name)
	local env = setmetatable({}, { __index = surroundings() })
	local numbers = { name = name, system = {}, accept = {}, response = {} }
	for _, method in ipairs((interface.load(name, env))) do
		numbers[method.group][method.name] = method.id
	end
	return numbers
end

return interface
