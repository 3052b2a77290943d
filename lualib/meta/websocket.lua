---@meta http.websocket
--- Annotations for the Lua language server: what `require "http.websocket"` returns.

---@class http.websocket.handler
---@field connect? fun(id: integer)
---@field handshake? fun(id: integer, header: http.header, url: string)
---@field message? fun(id: integer, data: string, kind: "text"|"binary")
---@field ping? fun(id: integer)
---@field pong? fun(id: integer)
---@field close? fun(id: integer, code?: integer, reason?: string)
---@field error? fun(id: integer, why: any)
---@field warning? fun(ws: table, kilobytes: integer)

---@class http.websocket
local websocket = {}

---Serves a connection until its end.
---@param id integer
---@param handler http.websocket.handler
---@param protocol? "ws"|"wss"
---@param address? string what `addrinfo` returns
---@param options? { upgrade?: { header: http.header, method: string, url: string }, unmasked?: boolean }
---@return boolean ok
---@return string? why not
function websocket.accept(id, handler, protocol, address, options) end

---Connects, or raises. Waits.
---@param url string `ws://name[:port][/path]`
---@param header? http.header
---@param timeout? integer ticks
---@return integer id
function websocket.connect(url, header, timeout) end

---A client's next message; false and the payload of the close frame at the end. Waits.
---@param id integer
---@return string|false
---@return string?
function websocket.read(id) end

---@param id integer
---@param data string UTF-8 if it is a text
---@param kind? "text"|"binary"
function websocket.write(id, data, kind) end

---@param id integer
function websocket.ping(id) end

---@param id integer
---@param code? integer
---@param reason? string
function websocket.close(id, code, reason) end

---@param id integer
---@return boolean
function websocket.is_close(id) end

---@param id integer
---@return string|nil
function websocket.addrinfo(id) end

---@param id integer
---@return string|nil
function websocket.real_ip(id) end

return websocket
