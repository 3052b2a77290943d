---@meta bson
--- Annotations for the Lua language server: what `require "bson"` returns.

---@class bson.document: userdata
---@operator len: integer
local document = {}

---@return table
function document:decode() end

---Lets fields of a fixed size be assigned to.
---@return bson.document
function document:makeindex() end

---@class bson
---@field null string
---@field minkey string
---@field maxkey string
local bson = {}

---@param document table
---@return bson.document
function bson.encode(document) end

---A document whose keys are in this order.
---@param ... any key, value, key, value
---@return bson.document
function bson.encode_order(...) end

---@param document bson.document|lightuserdata|string
---@return table
function bson.decode(document) end

---@param document bson.document
---@return lightuserdata key it keeps the document alive no longer than the script does
function bson.to_lightuserdata(document) end

---@param seconds integer
---@return string
function bson.date(seconds) end

---@param seconds integer
---@param count? integer
---@return string
function bson.timestamp(seconds, count) end

---@param pattern string
---@param options? string
---@return string
function bson.regex(pattern, options) end

---@param bytes string
---@return string
function bson.binary(bytes) end

---@param hex? string 24 digits; a new one if left out
---@return string
function bson.objectid(hex) end

---@param number integer
---@return string
function bson.int64(number) end

---@param value any
---@return string name
---@return any ... what is in it
function bson.type(value) end

return bson
