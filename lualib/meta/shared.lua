---@meta skynet.shared
--- Annotations for the Lua language server: `skynet.sharedata`, `skynet.sharetable`,
--- `skynet.datasheet`, `skynet.datasheet.builder`, `skynet.stm` and `skynet.sharemap`.

---@class skynet.sharedata
local sharedata = {}

---Shares `value` under a name that is not taken. Raises what a source raises.
---@param name string
---@param value table|string|nil a table, Lua source, or "@" and a path
---@param ... any arguments of the source
function sharedata.new(name, value, ...) end

---Puts another version in its place, or makes it.
---@param name string
---@param value table|string|nil
---@param ... any
function sharedata.update(name, value, ...) end

---Raises if there is none. What was queried stays readable.
---@param name string
function sharedata.delete(name) end

---Raises if there is none.
---@param name string
---@return table data read-only; follows updates
function sharedata.query(name) end

---@param name string
---@param ... any the keys that lead to what is copied
---@return any copy nil if there is nothing
function sharedata.deepcopy(name, ...) end

---Lets go of versions that nothing in this service uses any more.
function sharedata.flush() end

---@class skynet.sharetable
local sharetable = {}

---@param name string a path, which becomes the name
---@param ... any arguments of the file
function sharetable.loadfile(name, ...) end

---@param name string
---@param source string Lua source, or "@" and a path
---@param ... any arguments of the source
function sharetable.loadstring(name, source, ...) end

---@param name string
---@param value table
function sharetable.loadtable(name, value) end

---@param name string
---@return table|nil shared read-only; stays as it is until `update`
function sharetable.query(name) end

---@param list? string[] all if left out
---@return table<string, table>
function sharetable.queryall(list) end

---@param ... string names whose current versions are shown from now on
function sharetable.update(...) end

---@class skynet.datasheet
local datasheet = {}

---Raises if there is none.
---@param name string
---@return table sheet read-only; changes in place
function datasheet.query(name) end

---@class skynet.datasheet.builder
local builder = {}

---@param name string one that is not taken
---@param value table|string a table, or what `compile` returned
function builder.new(name, value) end

---@param name string
---@param value table|string
function builder.update(name, value) end

---@param value table texts or 1 to n as keys
---@return string
function builder.compile(value) end

---@class skynet.stm
local stm = {}

---@alias skynet.stm.writer fun(message: string|lightuserdata, size?: integer)
---@alias skynet.stm.reader fun(f: fun(bytes: string, size: integer, ...): ...): boolean, ...

---@param message string|lightuserdata used up
---@param size? integer
---@return skynet.stm.writer
function stm.new(message, size) end

---@param writer skynet.stm.writer
---@return integer token can be taken once
function stm.copy(writer) end

---@param token integer
---@return skynet.stm.reader
function stm.newcopy(token) end

---@class skynet.sharemap
local sharemap = {}

---@param file string a schema
function sharemap.register(file) end

---@param name string a type of the schema
---@param object? table
---@return table writer with `:commit()` and `:copy()`
function sharemap.writer(name, object) end

---@param name string
---@param token integer
---@return table reader with `:update()`
function sharemap.reader(name, token) end
