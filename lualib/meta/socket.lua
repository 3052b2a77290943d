---@meta skynet.socket
--- Annotations for the Lua language server: what `require "skynet.socket"` returns.
--- Functions that read wait until there is something; at the end they return
--- false and what is left.

---@class skynet.socket
local socket = {}

---Connects. Waits.
---@param host string or `host:port`
---@param port? integer
---@return integer|nil id
---@return string? why not
function socket.open(host, port) end

---Raises `Listen error: …` if it cannot.
---@param host string or `host:port`
---@param port? integer 0 takes a free one
---@param backlog? integer
---@return integer id
---@return string ip
---@return integer port
function socket.listen(host, port, backlog) end

---Takes a socket over: begins to read it, or to accept and call `f` for each connection.
---@param id integer
---@param f? fun(id: integer, address: string)
---@return integer|nil id
---@return string? why not
function socket.start(id, f) end

---@param id integer
---@param n? integer
---@return string|false
---@return string? rest
function socket.read(id, n) end

---@param id integer
---@param separator? string a line feed if left out
---@return string|false
---@return string? rest
function socket.readline(id, separator) end

---@param id integer
---@return string|false
function socket.readall(id) end

---@param id integer
---@return boolean
function socket.block(id) end

---@param id integer
---@param data string|string[]|lightuserdata
---@param sz? integer
---@return boolean
function socket.write(id, data, sz) end
socket.lwrite = socket.write

---Sends what was written, then closes.
---@param id integer
function socket.close(id) end
socket.close_fd = socket.close

---Drops what was written; `close` must follow.
---@param id integer
function socket.shutdown(id) end

---Forgets a socket, so that another service may start it.
---@param id integer
function socket.abandon(id) end

---@param id integer
---@return boolean
function socket.invalid(id) end

---@param id integer
---@return boolean|nil
function socket.disconnected(id) end

---@param id integer
---@param bytes integer
function socket.limit(id, bytes) end

---@param id integer
function socket.pause(id) end

---@param id integer
function socket.nodelay(id) end

---@param id integer
---@param f fun(id: integer)
function socket.onclose(id, f) end

---@param id integer
---@param f fun(id: integer, kilobytes: integer)
function socket.warning(id, f) end

---@param text string one to four bytes
---@return integer
function socket.header(text) end

return socket
