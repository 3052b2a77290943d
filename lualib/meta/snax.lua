---@meta skynet.snax
--- Annotations for the Lua language server: what `require "skynet.snax"` returns.

---@class skynet.snax.object
---@field handle integer
---@field type string
---@field req table<string, fun(...): ...> methods with an answer
---@field post table<string, fun(...)> methods without
local object = {}

---@class skynet.snax
local snax = {}

---@param name string
---@return skynet.snax.object
function snax.newservice(name, ...) end

---@param name string
---@return integer handle
function snax.rawnewservice(name, ...) end

---@param name string
---@return skynet.snax.object
function snax.uniqueservice(name, ...) end

---@param name string
---@return skynet.snax.object
function snax.globalservice(name, ...) end

---@param name string
---@return skynet.snax.object
function snax.queryservice(name) end

---@param name string
---@return skynet.snax.object
function snax.queryglobal(name) end

---@param handle integer
---@param name string
---@return skynet.snax.object
function snax.bind(handle, name) end

---@return skynet.snax.object
function snax.self() end

---Ends the service that asks.
function snax.exit(...) end

---@param object skynet.snax.object
function snax.kill(object, ...) end

---@param object skynet.snax.object
---@param source string the text of a patch
---@return any ... what the patch's `hotfix(...)` returns
function snax.hotfix(object, source, ...) end

---@param object skynet.snax.object
---@return table<string, { count: integer, time: number }>
function snax.profile_info(object) end

---@param name string
---@return { name: string, system: table<string, integer>, accept: table<string, integer>, response: table<string, integer> }
function snax.interface(name) end

---@param format string
function snax.printf(format, ...) end

function snax.enablecluster() end

return snax
