---@meta cjson
--- Annotations for the Lua language server: what `require "cjson"` returns. In `cjson.safe` failures of `encode` and
--- `decode` are returned: nil and the text.

---@class cjson
---@field null lightuserdata
---@field empty_array lightuserdata
---@field empty_array_mt table the metatable of an empty table that is an array
---@field array_mt table the metatable of a table that is an array
---@field _NAME string
---@field _VERSION string
local cjson = {}

---@param value any
---@return string
function cjson.encode(value) end

---@param text string
---@return any
function cjson.decode(text) end

---An instance with settings of its own.
---@return cjson
function cjson.new() end

---@param convert? boolean whether a sparse array becomes an object
---@param ratio? integer
---@param safe? integer arrays up to this index are not sparse
---@return boolean convert
---@return integer ratio
---@return integer safe
function cjson.encode_sparse_array(convert, ratio, safe) end

---@param depth? integer
---@return integer
function cjson.encode_max_depth(depth) end

---@param depth? integer
---@return integer
function cjson.decode_max_depth(depth) end

---@param digits? integer 1 to 17
---@return integer
function cjson.encode_number_precision(digits) end

---Has no effect: buffers are never kept.
---@param keep? boolean
---@return boolean
function cjson.encode_keep_buffer(keep) end

---@param setting? boolean|"null"
---@return boolean|"null"
function cjson.encode_invalid_numbers(setting) end

---@param setting? boolean
---@return boolean
function cjson.decode_invalid_numbers(setting) end

---@param setting? boolean
---@return boolean
function cjson.encode_empty_table_as_object(setting) end

---@param setting? boolean
---@return boolean
function cjson.encode_escape_forward_slash(setting) end

---@param setting? boolean
---@return boolean
function cjson.decode_array_with_array_mt(setting) end

return cjson
