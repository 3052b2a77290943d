---@meta
--- Annotations for the Lua language server: the modules `http.httpd`, `http.httpc`, `http.url` and
--- `http.sockethelper`. Times are in ticks of 10 ms.

---@alias http.header table<string, string|string[]> names in lower case

---@class http.httpd
---@field timeout integer|nil ticks in which a whole request must have come; config `http_timeout`
---@field bodylimit integer bytes of a body, if `read_request` is given no limit
local httpd = {}

---Reads one request. Waits.
---@param read fun(n?: integer): string see `sockethelper.readfunc`
---@param limit? integer most bytes of the body
---@return integer|nil status 200, or what to answer with: 400, 413, 501, 505; nil if the connection ended
---@return string|any url or, after nil, why: `sockethelper.socket_error`
---@return string? method
---@return http.header? header
---@return string? body
function httpd.read_request(read, limit) end

---@param write fun(bytes: string)
---@param status integer
---@param body? string|fun(): string|nil a function is called for one chunk after the other
---@param header? http.header
---@return boolean ok
---@return any why
function httpd.write_response(write, status, body, header) end

---@class http.httpc
---@field timeout integer|nil ticks for an exchange; config `http_timeout`
---@field bodylimit integer|nil longest body that is gathered
local httpc = {}

---@param method string
---@param host string `[http://]name[:port]`
---@param url string
---@param recvheader? table is filled with the headers of the answer
---@param header? http.header
---@param content? string
---@return integer status
---@return string body
function httpc.request(method, host, url, recvheader, header, content) end

---@param host string
---@param url string
---@param recvheader? table
---@param header? http.header
---@param content? string
---@return integer status
---@return string body
function httpc.get(host, url, recvheader, header, content) end

---@param host string
---@param url string
---@param recvheader? table
---@param header? http.header
---@param content? string
---@return integer status
function httpc.head(host, url, recvheader, header, content) end

---Posts a form.
---@param host string
---@param url string
---@param form table<string, any>
---@param recvheader? table
---@return integer status
---@return string body
function httpc.post(host, url, form, recvheader) end

---@class http.stream call it for the next part of the body
---@field status integer
---@field header http.header
---@field connected boolean
---@operator call: string|nil
local stream = {}
function stream:close() end

---@param method string
---@param host string
---@param url string
---@param recvheader? table
---@param header? http.header
---@param content? string
---@return http.stream
function httpc.request_stream(method, host, url, recvheader, header, content) end

---Resolves names by this DNS server from now on.
---@param server? string
---@param port? integer
function httpc.dns(server, port) end

---@class http.url
local url = {}

---@param text string
---@return string path decoded
---@return string query
function url.parse(text) end

---@param query string
---@return table<string, string|string[]>
function url.parse_query(query) end

---@class http.sockethelper
---@field socket_error any equal to every error of a connection
local sockethelper = {}

---@param fd integer
---@param pre? string bytes that have been read already
---@return fun(n?: integer): string
function sockethelper.readfunc(fd, pre) end

---@param fd integer
---@return fun(bytes: string)
function sockethelper.writefunc(fd) end

---@param fd integer
---@return string|false
function sockethelper.readall(fd) end

---@param host string
---@param port integer
---@param timeout? integer
---@return integer fd
function sockethelper.connect(host, port, timeout) end

---@param fd integer
function sockethelper.close(fd) end

---@param fd integer
function sockethelper.shutdown(fd) end
