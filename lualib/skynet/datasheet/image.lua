--- Datasheets as strings: the layout that compiled sheets have, all of it little-endian.
--- The offset of the texts, the number of tables, their offsets behind this index, the tables, the
--- texts. A table is two counts, a byte of type for each value, the array, and pairs of a key's
--- offset and a value. Nothing here yields.

local image = {}

local ABSENT <const> = 0xffffffff
local DEPTH <const> = 200

local NIL <const>, INTEGER <const>, NUMBER <const>, BOOLEAN <const>, TABLE <const>, TEXT <const> = 0, 1, 2, 3, 4, 5

--- The string of a table with an array part and texts as keys. Integers beyond 32 bits and fractions
--- become single-precision numbers, as in every compiled sheet.
function image.encode(root)
	local tables, texts, places, size = {}, {}, {}, 0

	local function text_at(text)
		if text:find("\0", 1, true) then
			error("a text of a compiled datasheet cannot have a zero byte", 0)
		end
		if not places[text] then
			places[text] = size
			texts[#texts + 1] = text .. "\0"
			size = size + #text + 1
		end
		return places[text]
	end

	local add

	--- The type of a value and its four bytes.
	local function field(value, depth)
		local kind = math.type(value) or type(value)
		if kind == "integer" and value >= -0x80000000 and value <= 0x7fffffff then
			return INTEGER, ("<i4"):pack(value)
		elseif kind == "integer" or kind == "float" then
			return NUMBER, ("<f"):pack(value)
		elseif kind == "boolean" then
			return BOOLEAN, value and "\0\0\0\1" or "\0\0\0\0"
		elseif kind == "table" then
			return TABLE, ("<I4"):pack(add(value, depth + 1))
		elseif kind == "string" then
			return TEXT, ("<I4"):pack(text_at(value))
		end
		error("a compiled datasheet cannot have a value of type " .. kind, 0)
	end

	function add(t, depth)
		if depth > DEPTH then
			error(("a compiled datasheet cannot have tables nested deeper than %d"):format(DEPTH), 0)
		end
		local id = #tables + 1
		tables[id] = false
		local kinds, fields, keys, count = {}, {}, {}, #t
		for place = 1, count do
			local kind, bytes = field(t[place], depth)
			kinds[#kinds + 1], fields[#fields + 1] = string.char(kind), bytes
		end
		for key in pairs(t) do
			if type(key) == "string" then
				keys[#keys + 1] = key
			elseif math.type(key) ~= "integer" or key < 1 or key > count then
				error(("a compiled datasheet has texts or 1 to n as keys, not %s"):format(tostring(key)), 0)
			end
		end
		table.sort(keys)
		for _, key in ipairs(keys) do
			local place = ("<I4"):pack(text_at(key))
			local kind, bytes = field(t[key], depth)
			kinds[#kinds + 1], fields[#fields + 1] = string.char(kind), place .. bytes
		end
		local padding = ("\0"):rep(-#kinds % 4)
		tables[id] = ("<I4I4"):pack(count, #keys) .. table.concat(kinds) .. padding .. table.concat(fields)
		return id - 1
	end

	if type(root) ~= "table" then
		error(("a datasheet is a table, not a %s"):format(type(root)), 2)
	end
	local good, problem = pcall(add, root, 1)
	if not good then
		error(problem, 2)
	end
	local index, place = {}, 0
	for id, bytes in ipairs(tables) do
		index[id] = ("<I4"):pack(place)
		place = place + #bytes
	end
	local head = ("<I4I4"):pack(8 + 4 * #tables + place, #tables)
	return head .. table.concat(index) .. table.concat(tables) .. (texts[1] and table.concat(texts) or "\0")
end

--- The table of such a string; raises if it is none.
function image.decode(text)
	local known = {}
	local texts, count, base

	local function text_at(offset)
		return (("z"):unpack(text, texts + offset + 1))
	end

	local function value(kind, at, read)
		if kind == INTEGER then
			return (("<i4"):unpack(text, at))
		elseif kind == NUMBER then
			return (("<f"):unpack(text, at))
		end
		local word = ("<I4"):unpack(text, at)
		if kind == BOOLEAN then
			return word ~= 0
		elseif kind == TABLE then
			return read(word)
		elseif kind == TEXT then
			return text_at(word)
		elseif kind ~= NIL then
			error(("unknown type %d"):format(kind), 0)
		end
	end

	local function read(id)
		if id >= count then
			error(("there is no table %d"):format(id), 0)
		end
		-- Otherwise few bytes could mean very many tables.
		if known[id] then
			error(("table %d stands in two places"):format(id), 0)
		end
		known[id] = true
		local offset = ("<I4"):unpack(text, 9 + 4 * id)
		local t = {}
		if offset == ABSENT then
			return t
		end
		local values, pairs = ("<I4I4"):unpack(text, base + offset + 1)
		local kinds = base + offset + 9
		local at = kinds + (values + pairs + 3) // 4 * 4
		if at + 4 * values + 8 * pairs - 1 > #text then
			error(("table %d ends beyond the string"):format(id), 0)
		end
		for place = 1, values do
			t[place] = value(text:byte(kinds + place - 1), at, read)
			at = at + 4
		end
		for place = values + 1, values + pairs do
			local key = text_at((("<I4"):unpack(text, at)))
			t[key] = value(text:byte(kinds + place - 1), at + 4, read)
			at = at + 8
		end
		return t
	end

	local good, result = pcall(function()
		texts, count = ("<I4I4"):unpack(text)
		base = 8 + 4 * count
		return read(0)
	end)
	if not good then
		error("not a compiled datasheet: " .. tostring(result), 3)
	end
	return result
end

return image
