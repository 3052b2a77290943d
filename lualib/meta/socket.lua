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

---Sends what was written, then closes. Who reads the socket gets the rest first; a
---function that was set with `onclose` is called.
---@param id integer
function socket.close(id) end

---Closes a socket that this service never started.
---@param id integer
function socket.close_fd(id) end

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

---The addresses of a name. Waits, unless it is an address itself; raises if there are none.
---@param host string
---@return string[]
function socket.resolve(host) end

---A socket that reads the standard input, whose file is 0.
---@param file integer
---@return integer id
function socket.bind(file) end

---The standard input.
---@return integer id
function socket.stdin() end

---A socket for datagrams: `f(data, from)` gets each that comes. Without an address it
---has one when it has sent something.
---@param f fun(data: string, from: string)
---@param host? string
---@param port? integer
---@return integer id
function socket.udp(f, host, port) end

---What is written to the socket goes there from now on.
---@param id integer
---@param host string
---@param port integer
---@param f? fun(data: string, from: string)
function socket.udp_connect(id, host, port, f) end

---A socket for datagrams at this address.
---@param host string
---@param port integer
---@param f fun(data: string, from: string)
---@return integer id
function socket.udp_listen(host, port, f) end

---A socket that exchanges datagrams with this address only.
---@param host string
---@param port integer
---@param f fun(data: string, from: string)
---@return integer id
function socket.udp_dial(host, port, f) end

---@param id integer
---@param to string as the function of the socket got it
---@param data string|string[]|lightuserdata
---@param sz? integer
---@return boolean
function socket.sendto(id, to, data, sz) end

---@param from string
---@return string ip
---@return integer port
function socket.udp_address(from) end

---@class skynet.socket.info
---@field id integer
---@field address integer whose it is
---@field type "LISTEN"|"TCP"|"UDP"|"BIND"|"CLOSING"|"UNKNOWN"
---@field sock? string where a listener is
---@field peer? string
---@field read? integer bytes
---@field write? integer bytes
---@field wbuffer? integer bytes that wait to be sent
---@field reading? boolean
---@field writing? boolean

---All sockets of the node.
---@return skynet.socket.info[]
function socket.netstat() end

---@param text string one to four bytes
---@return integer
function socket.header(text) end

return socket
