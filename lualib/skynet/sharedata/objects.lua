--- The tables by which scripts see shared data: their metatables, and when they look for updates.
--- A message handler sees one version until it waits: the first access looks, and the next look is
--- only after the handler has returned or waits. Nothing here yields.

local skynet = require "skynet"
local shared = require "skyloom.shared"

local error, pcall = error, pcall
local fork = skynet.fork
local fetch, len, step, place = shared.fetch, shared.len, shared.step, shared.place

local objects = {}

local data = { __metatable = false } -- of sharedata
local gone = { __metatable = false } -- of sharedata that an update has removed
local sheet = { __metatable = false } -- of datasheet
local fixed = { __metatable = false } -- of sharetable

local looked = false -- whether this handler has looked

local function vanished(path)
	error(("The key [%s] doesn't exist after update"):format(path), 3)
end

--- Looks again at the next access.
local function forget()
	looked = false
	data.__index = data.first
	sheet.__index = sheet.first
end

local function look()
	if looked then
		return
	end
	shared.refresh()
	-- A task that is forked runs when this message has been handled, or when its handler waits.
	if pcall(fork, forget) then
		looked = true
		data.__index = fetch
		sheet.__index = fetch
	end
end

function data.first(t, key)
	look()
	local value, path = fetch(t, key)
	if path then
		vanished(path)
	end
	return value
end

function data.__len(t)
	look()
	return len(t) or vanished(place(t))
end

function data.__pairs(t)
	look()
	if not len(t) then
		vanished(place(t))
	end
	return step, t
end

function data.__newindex(t)
	error(("Error newindex, the key [%s]"):format(place(t)), 2)
end

for _, name in ipairs { "__index", "__len", "__pairs", "__newindex" } do
	gone[name] = function(t)
		error(("The key [%s] doesn't exist after update"):format(place(t)), 2)
	end
end

function sheet.first(t, key)
	look()
	return (fetch(t, key))
end

function sheet.__len(t)
	look()
	return len(t) or 0
end

function sheet.__pairs(t)
	look()
	return step, t
end

function sheet.__newindex(t, key)
	error(("cannot change a datasheet, the key [%s.%s]"):format(place(t), key), 2)
end

fixed.__index = fetch
fixed.__len = len
fixed.__eq = shared.same

function fixed.__pairs(t)
	return step, t
end

function fixed.__newindex(t, key)
	error(("attempt to change a shared table, the key [%s.%s]"):format(place(t), tostring(key)), 2)
end

forget()
shared.dress("data", data, gone)
shared.dress("sheet", sheet)
shared.dress("table", fixed)

--- Who has updated something expects to see it at once.
objects.forget = forget

--- Runs a source, or the file behind an `@`, with globals of its own. Returns what it returns, and
--- those globals. Raises what it raises.
function objects.run(source, name, ...)
	local globals = setmetatable({}, { __index = _G })
	local chunk, problem
	if source:byte() == 64 then -- @
		chunk, problem = loadfile(source:sub(2), "t", globals)
	else
		chunk, problem = load(source, name, "t", globals)
	end
	if not chunk then
		error(problem, 0)
	end
	local result = chunk(...)
	return result, setmetatable(globals, nil)
end

return objects
