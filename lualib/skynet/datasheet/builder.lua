--- Makes datasheets, from tables or from compiled strings. Nothing here yields.

local shared = require "skyloom.shared"
local objects = require "skynet.sharedata.objects"
local image = require "skynet.datasheet.image"

local builder = {}

local function read(value)
	if type(value) == "string" then
		return image.decode(value)
	elseif type(value) ~= "table" then
		error(("a datasheet is a table or a compiled string, not a %s"):format(type(value)), 3)
	end
	return value
end

--- Shares a datasheet under a name that is not taken.
function builder.new(name, value)
	return shared.new("sheet", name, read(value))
end

--- Puts another version in the place of one that is there.
function builder.update(name, value)
	local sheet = read(value)
	if not shared.view("sheet", name) then
		error(("no datasheet named '%s': create data first"):format(name), 2)
	end
	shared.set("sheet", name, sheet)
	objects.forget()
end

--- The string that other programs know datasheets by.
builder.compile = image.encode

return builder
