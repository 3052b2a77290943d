---@meta lfs
--- Annotations for the Lua language server: what `require "lfs"` returns.
--- Failures are returned: nil, the text, the system's number.

---@class lfs.attributes
---@field mode "file"|"directory"|"link"|"socket"|"named pipe"|"char device"|"block device"|"other"
---@field size integer
---@field access integer
---@field modification integer
---@field change integer
---@field permissions string
---@field dev integer
---@field ino integer
---@field nlink integer
---@field uid integer
---@field gid integer
---@field target? string where a link leads

---@class lfs
local lfs = {}

---@param path string
---@param what? string|table the name of one, or a table to fill
---@return lfs.attributes|any
function lfs.attributes(path, what) end

---The same of a link itself.
---@param path string
---@param what? string|table
---@return lfs.attributes|any
function lfs.symlinkattributes(path, what) end

---`for name in lfs.dir(path) do … end`; `.` and `..` are the first names.
---@param path string
function lfs.dir(path) end

---@param path string
function lfs.mkdir(path) end

---@param path string
function lfs.rmdir(path) end

---Moves the whole process, with all its services.
---@param path string
function lfs.chdir(path) end

---@return string
function lfs.currentdir() end

---@param path string
---@param access? integer
---@param modification? integer
function lfs.touch(path, access, modification) end

return lfs
