--- Shares schemas of sproto between the services of a node, by the number of a slot, 0 to 15.
--- Nothing here yields.

local parser = require "sprotoparser"
local core = require "sproto.core"
local sproto = require "sproto"

local loader = {}

--- Reads a file, and puts the schema in it into a slot.
---@param file string
---@param slot? integer
function loader.register(file, slot)
	local f = io.open(file, "r")
	if not f then
		error("Can't open sproto file " .. file, 2)
	end
	local text = f:read "a"
	f:close()
	core.saveproto(core.newproto(parser.parse(text, file)), slot)
end

--- Puts a schema into a slot.
---@param bundle string what `sprotoparser.parse` made
---@param slot? integer
function loader.save(bundle, slot)
	core.saveproto(core.newproto(bundle), slot)
end

--- The schema in a slot.
---@param slot? integer
function loader.load(slot)
	return sproto.sharenew(core.loadproto(slot))
end

return loader
