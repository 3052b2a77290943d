--- Replaces methods of a running snax service.
--- A patch is written like the service's own file. Its locals stand for the service's locals of
--- the same name, so that it goes on with the state that is there.

local interface = require "snax.interface"

-- Adds the upvalues of `f`, and of the functions among them, to `found` by name.
local function gather(f, found, seen)
	if seen[f] then
		return
	end
	seen[f] = true
	local index = 1
	while true do
		local name, value = debug.getupvalue(f, index)
		if not name then
			return
		end
		local id = debug.upvalueid(f, index)
		local before = found[name]
		if not before then
			found[name] = { f = f, index = index, id = id }
		elseif before.id ~= id and name ~= "_ENV" then
			-- Which one a patch means is not known: it is an error to mean any.
			before.ambiguous = true
		end
		if type(value) == "function" then
			gather(value, found, seen)
		end
		index = index + 1
	end
end

-- Ties the upvalues of a function of the patch to those of the service.
local function join(f, found, globals, seen)
	if seen[f] then
		return
	end
	seen[f] = true
	local index = 1
	while true do
		local name, value = debug.getupvalue(f, index)
		if not name then
			return
		end
		local running = found[name]
		if name == "_ENV" then
			debug.upvaluejoin(f, index, globals, 1)
		elseif running and running.ambiguous then
			error(("ambiguity local value %s"):format(name), 0)
		elseif running then
			debug.upvaluejoin(f, index, running.f, running.index)
		elseif type(value) == "function" then
			join(value, found, globals, seen)
		end
		index = index + 1
	end
end

local function method_of(methods, group, name)
	for _, method in ipairs(methods) do
		if method.group == group and method.name == name then
			return method
		end
	end
	error(("Patch mismatch %s.%s"):format(group, name), 0)
end

--- `hotfix(methods, env, source, ...)`: what the patch's own `hotfix(...)` returns. Either the
--- whole patch is taken or, with an error, nothing of it.
return function(methods, env, source, ...)
	local patch = setmetatable({}, { __index = env })
	local chunk = assert(load(source, "=patch", "bt", patch))
	local replaced = {}
	interface.collect(chunk, patch, function(group, name, f)
		replaced[#replaced + 1] = { method = method_of(methods, group, name), f = f }
	end, env)
	local found = {}
	local gathered = {}
	for _, method in ipairs(methods) do
		if method.f then
			gather(method.f, found, gathered)
		end
	end
	local globals = load("return _ENV", "=globals", "t", env)
	local joined = {}
	for _, new in ipairs(replaced) do
		join(new.f, found, globals, joined)
	end
	-- Its `hotfix` is for this patch only, and may still refuse it.
	local run
	for _, new in ipairs(replaced) do
		if new.method.name == "hotfix" and new.method.group == "system" then
			run = new.f
		else
			new.before, new.method.f = new.method.f, new.f
		end
	end
	local results = table.pack(pcall(run or function() end, ...))
	if not results[1] then
		for _, new in ipairs(replaced) do
			new.method.f = new.before or new.method.f
		end
		error(results[2], 0)
	end
	return table.unpack(results, 2, results.n)
end
