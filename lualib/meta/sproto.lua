---@meta sproto
--- Annotations for the Lua language server: what `require "sproto.core"` and `require "sprotoparser"` return.
--- `sproto` and `sprotoloader` are Lua files of their own.

---@class sproto.core
local core = {}

---@param bundle string
---@return userdata proto
function core.newproto(bundle) end

---@param proto userdata
function core.deleteproto(proto) end

---@param proto userdata
---@return string text for people
function core.dumpproto(proto) end

---@param proto userdata
---@param name string
---@return userdata|nil type
function core.querytype(proto, name) end

---@param proto userdata
---@param key string|integer
---@return integer|string|nil other the tag of a name, the name of a tag
---@return userdata|nil request
---@return userdata|nil response
function core.protocol(proto, key) end

---@param type userdata
---@param value table
---@return string
function core.encode(type, value) end

---@param type userdata
---@param bytes string
---@return table value
---@return integer size
function core.decode(type, bytes) end

---@param type userdata
---@return table
function core.default(type) end

---@param proto userdata
---@param slot? integer 0 to 15
function core.saveproto(proto, slot) end

---@param slot? integer 0 to 15
---@return userdata proto
function core.loadproto(slot) end

---@param bytes string
---@return string
function core.pack(bytes) end

---@param bytes string
---@return string
function core.unpack(bytes) end

---@class sprotoparser
local parser = {}

---@param text string
---@param name? string stands for the text in error messages
---@return string bundle
function parser.parse(text, name) end

return core
