--- Objects of a sproto type with one writer and many readers in other services.
--- `register` names the schema once for the node, in slot 0. Nothing here yields.

local sprotoloader = require "sprotoloader"
local stm = require "skynet.stm"

local sharemap = {}

--- Takes the schema from a file.
function sharemap.register(file)
	sprotoloader.register(file, 0)
end

--- `object` with `:commit()`, which publishes its fields as they are, and `:copy()`, which returns what a
--- reader in another service is made of. Its fields are published now.
function sharemap.writer(name, object)
	local schema = sprotoloader.load(0)
	object = object or {}
	local writer = stm.new(schema:encode(name, object))
	local methods = {}
	function methods:commit()
		writer(schema:encode(name, self))
	end
	function methods.copy()
		return stm.copy(writer)
	end
	return setmetatable(object, { __index = methods })
end

--- The object that a writer's copy stands for, with `:update()`, which takes the fields that were
--- published last and returns whether they are new.
function sharemap.reader(name, token)
	local schema = sprotoloader.load(0)
	local reader = stm.newcopy(token)
	local function decode(bytes)
		return schema:decode(name, bytes)
	end
	local methods = {}
	function methods:update()
		local changed, fields = reader(decode)
		if changed then
			for key in next, self do
				self[key] = nil
			end
			for key, value in pairs(fields) do
				self[key] = value
			end
		end
		return changed
	end
	local object = setmetatable({}, { __index = methods })
	methods.update(object)
	return object
end

return sharemap
