--- Runs a piece of code inside a service: `inject(source, name, args...)` to success and output.
--- It sees the globals, `print` (whose lines are the output), `_P` (for each protocol, the tables
--- that its handler uses, by name) and `_U` (the same of the dispatcher, which here has none).

local skynet = require "skynet"
local host = require "skyloom.host"

--- Adds the tables among the upvalues of a function, and of the functions that it uses.
local function collect(f, into, seen)
	if seen[f] then
		return into
	end
	seen[f] = true
	for i = 1, math.huge do
		local name, value = debug.getupvalue(f, i)
		if not name then
			return into
		elseif type(value) == "table" then
			into[name] = value
		elseif type(value) == "function" then
			collect(value, into, seen)
		end
	end
end

local function handlers()
	local all = {}
	for name in pairs(host.protocols()) do
		local handler = skynet.dispatch(name)
		if handler then
			all[name] = collect(handler, {}, {})
		end
	end
	return all
end

local function inject(source, name, ...)
	local output = {}
	local function print(...)
		local words = table.pack(...)
		for i = 1, words.n do
			words[i] = tostring(words[i])
		end
		output[#output + 1] = table.concat(words, "\t")
	end
	local env = setmetatable({ print = print, _U = {}, _P = handlers() }, { __index = _ENV })
	local f, why = load(source, name or "=inject", "t", env)
	if not f then
		return false, why
	end
	local ok, failure = xpcall(f, debug.traceback, ...)
	if not ok then
		output[#output + 1] = tostring(failure)
	end
	return ok, table.concat(output, "\n")
end

return inject
