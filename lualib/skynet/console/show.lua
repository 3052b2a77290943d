--- How the debug console prints values: a table as sorted lines `key<TAB>value`, a table in it as
--- `key:value<TAB>key:value`.

local show = {}

--- Depth to which tables are shown; what lies deeper is named.
local DEEPEST = 4

local function less(one, other)
	local a, b = type(one), type(other)
	if a == "number" and b == "number" then
		return one < other
	elseif a ~= b then
		return a == "number" or b ~= "number" and a < b
	end
	return tostring(one) < tostring(other)
end

local function sorted(t)
	local keys = {}
	for key in pairs(t) do
		keys[#keys + 1] = key
	end
	table.sort(keys, less)
	return keys
end

--- A value in one line.
function show.value(value, depth)
	if type(value) ~= "table" then
		return tostring(value)
	end
	depth = (depth or 0) + 1
	if depth > DEEPEST then
		return tostring(value)
	end
	local parts = {}
	for _, key in ipairs(sorted(value)) do
		parts[#parts + 1] = tostring(key) .. ":" .. show.value(value[key], depth)
	end
	return table.concat(parts, "\t")
end

--- Prints what a command returned.
function show.result(print, result)
	if type(result) ~= "table" then
		if result ~= nil then
			print(tostring(result))
		end
		return
	end
	for _, key in ipairs(sorted(result)) do
		print(tostring(key) .. "\t" .. show.value(result[key]))
	end
end

return show
