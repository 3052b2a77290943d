---@meta skynet
--- Annotations for the Lua language server: what `require "skynet"` returns.
--- Times are in ticks of a hundredth of a second. "Waits" means that other
--- coroutines of the service run meanwhile.

---@alias skynet.address integer|string a handle, `":0000000a"`, `".name"` or `"name"`
---@alias skynet.protocol string|integer

---@class skynet
---@field PTYPE_TEXT integer
---@field PTYPE_RESPONSE integer
---@field PTYPE_MULTICAST integer
---@field PTYPE_CLIENT integer
---@field PTYPE_SYSTEM integer
---@field PTYPE_HARBOR integer
---@field PTYPE_SOCKET integer
---@field PTYPE_ERROR integer
---@field PTYPE_QUEUE integer
---@field PTYPE_DEBUG integer
---@field PTYPE_LUA integer
---@field PTYPE_SNAX integer
---@field PTYPE_TRACE integer
local skynet = {}

---Runs `f` when the main chunk has returned; the service has started when `f` returns. `f` may wait.
---@param f fun()
function skynet.start(f) end

---Runs `f` before the start function, in the order of the calls.
---@param f fun()
function skynet.init(f) end

---Ends this service. Does not return.
function skynet.exit() end

---Starts a service and waits until its start function has returned.
---@param name string
---@param ... any each is passed as a string
---@return integer|nil handle nil if the service exited in its start function
function skynet.newservice(name, ...) end

---Starts a service once per node; later callers get the same. Waits.
---@param name string
---@return integer handle
function skynet.uniqueservice(name, ...) end

---Waits until a unique service exists.
---@param name string
---@return integer handle
function skynet.queryservice(name) end

---Starts a service and does not wait.
---@param module "snlua"
---@param name string
---@return integer|nil handle
function skynet.launch(module, name, ...) end

---Ends a service, or takes out a coroutine that waits (also a `timeout`).
---@param target skynet.address|thread
function skynet.kill(target) end

---Ends every service of the node.
function skynet.abort() end

---@class skynet.register_protocol
---@field name string
---@field id integer 0 to 255
---@field pack? fun(...): (string|lightuserdata), integer?
---@field unpack? fun(msg: lightuserdata, sz: integer): ...
---@field trace? boolean true traces each message, false none
---@field dispatch? fun(session: integer, source: integer, ...)

---@param class skynet.register_protocol
function skynet.register_protocol(class) end

---Sets the handler of a protocol; returns the one before. The handler may wait.
---@param protocol skynet.protocol
---@param f? fun(session: integer, source: integer, ...)
---@return function|nil before
function skynet.dispatch(protocol, f) end

---Sets what handles messages of unknown protocols that await no answer; returns the one before.
---@param f fun(session: integer, source: integer, msg: lightuserdata, sz: integer, protocol: integer)
---@return function before
function skynet.dispatch_unknown_request(f) end

---Sets what handles answers that nobody waits for; returns the one before.
---@param f fun(session: integer, source: integer, msg: lightuserdata, sz: integer)
---@return function before
function skynet.dispatch_unknown_response(f) end

---Has a message handled, when the callback or filter that got it has returned.
---@param protocol integer
---@param msg lightuserdata|string|nil
---@param sz integer
---@param session integer
---@param source integer
function skynet.dispatch_message(protocol, msg, sz, session, source) end

---Starts a service whose messages all pass `f`: what it returns is handled, nothing drops the message.
---@param f fun(protocol: integer, msg: lightuserdata, sz: integer, session: integer, source: integer): ...
---@param start fun()
function skynet.filter(f, start) end

---Starts a service that handles messages of some protocols as messages of others; they belong to their handler.
---@param map table<integer, integer>
---@param start fun()
function skynet.forward_type(map, start) end

---Runs a start function by hand; an error in it ends the service.
---@param start fun()
function skynet.init_service(start) end

---The unique service of this name gets a CLIENT message from each Lua service of the node that ends.
---@param service string
---@param query? boolean wait for it instead of starting it
---@return integer handle
function skynet.monitor(service, query) end

---Traces this coroutine and whoever it calls: lines `<TRACE tag> nanoseconds event` in the log.
---@param info? any
function skynet.trace(info) end

---@return string|nil tag of this coroutine
function skynet.tracetag() end

---A line of a trace.
---@param tag string
function skynet.tracelog(tag, ...) end

---True traces each message of the protocol, false none, nil those of traced callers.
---@param protocol skynet.protocol
---@param flag boolean|nil
function skynet.traceproto(protocol, flag) end

---A `rawcall` under a tag.
---@param tag string
---@param to skynet.address
---@param protocol skynet.protocol
---@param msg string|lightuserdata
---@param sz? integer
---@return lightuserdata msg
---@return integer sz
function skynet.tracecall(tag, to, protocol, msg, sz) end

---Sends and does not wait.
---@param to skynet.address
---@param protocol skynet.protocol
---@return integer|nil zero nil if there is nobody
function skynet.send(to, protocol, ...) end

---Sends a payload that is packed already.
---@param to skynet.address
---@param protocol skynet.protocol
---@param msg string|lightuserdata
---@param sz? integer
---@return integer|nil
function skynet.rawsend(to, protocol, msg, sz) end

---Sends in another service's name.
---@param to skynet.address
---@param source skynet.address|0
---@param protocol skynet.protocol
---@param session integer
---@param msg string|lightuserdata|nil
---@param sz? integer
---@return integer|nil
function skynet.redirect(to, source, protocol, session, msg, sz) end

---Asks, waits, and returns the answer. Raises `call failed: …` or `call to invalid address …`.
---@param to skynet.address
---@param protocol skynet.protocol
---@return any ...
function skynet.call(to, protocol, ...) end

---Asks with a packed payload; the answer must be read before the coroutine waits again.
---@param to skynet.address
---@param protocol skynet.protocol
---@param msg string|lightuserdata
---@param sz? integer
---@return lightuserdata msg
---@return integer sz
function skynet.rawcall(to, protocol, msg, sz) end

---@class skynet.requests
---@field timeout? boolean the time was over before all had answered
local requests = {}

---@class skynet.requests.entry
---@field n? integer the length, if there are nils among the arguments

---Adds `{ address, protocol, args... }`; so does calling the object.
---@param entry skynet.requests.entry
---@return skynet.requests
function requests:add(entry) end

---Sends all. Each step of the loop, which waits, gives a request and its answer: a table of the results,
---false if it failed, nil if there is nobody.
---@param ticks? number
function requests:select(ticks) end

---Several requests at once: `for request, answer in skynet.request(first):add(second):select(ticks) do`.
---@param entry? skynet.requests.entry
---@return skynet.requests
function skynet.request(entry) end

---Answers the request that this coroutine handles.
---@param msg? string|lightuserdata
---@param sz? integer
---@return boolean delivered
function skynet.ret(msg, sz) end

---Packs the values and answers with them.
---@return boolean delivered
function skynet.retpack(...) end

---Takes the answer out of this coroutine's hands: the function answers later, from anywhere.
---@param pack? fun(...): (string|lightuserdata), integer?
---@return fun(ok: boolean|"TEST", ...): boolean
function skynet.response(pack) end

---No answer will come, and that is no mistake.
function skynet.ignoreret() end

---@return integer session
---@return integer source
function skynet.context() end

---@return lightuserdata msg to be sent or trashed
---@return integer sz
function skynet.pack(...) end

---@return string
function skynet.packstring(...) end

---@param msg string|lightuserdata|nil
---@param sz? integer
---@return any ...
function skynet.unpack(msg, sz) end

---@param msg string|lightuserdata
---@param sz? integer
---@return string
function skynet.tostring(msg, sz) end

---@param msg string|lightuserdata
---@param sz? integer
function skynet.trash(msg, sz) end

---Runs `f` in a coroutine of its own, after the current message.
---@param f function
---@return thread
function skynet.fork(f, ...) end

---Runs `f` once after `ticks`. `skynet.kill` of the result cancels it.
---@param ticks number
---@param f fun()
---@return thread
function skynet.timeout(ticks, f) end

---Waits.
---@param ticks number
---@param token? any what `wakeup` names; this coroutine if left out
---@return "BREAK"|nil
function skynet.sleep(ticks, token) end

---Waits until what is queued has been handled.
function skynet.yield() end

---Waits until somebody wakes the token.
---@param token? any
function skynet.wait(token) end

---Wakes whoever sleeps or waits on the token, when this coroutine suspends or ends.
---@param token any
---@return true|nil
function skynet.wakeup(token) end

---Closes a coroutine that waits.
---@param co thread|string
---@return thread|nil
function skynet.killthread(co) end

---@return integer
function skynet.genid() end

---@return integer
function skynet.self() end

---@param x any
---@return string
function skynet.address(x) end

---Writes a line to the log.
function skynet.error(...) end

---@param key string
---@return string|nil
function skynet.getenv(key) end

---@param key string
---@param value any
function skynet.setenv(key, value) end

---Gives this service a name.
---@param name string
---@return string|nil name nil if it is taken
function skynet.register(name) end

---Gives any service a name.
---@param name string
---@param address skynet.address
---@return string|nil
function skynet.name(name, address) end

---@param name string
---@return integer|nil
function skynet.localname(name) end

---@param name string
---@return integer|nil
function skynet.query(name) end

---Ticks; counted from the second in which the node started.
---@return integer
function skynet.now() end

---Seconds of the wall clock, with two decimals.
---@return number
function skynet.time() end

---@return integer
function skynet.starttime() end

---Nanoseconds of a steady clock.
---@return integer
function skynet.hpc() end

---How many coroutines wait; with an argument, where: a table is filled with `"thread: 0x... session: n"` and
---tracebacks, a session gives a traceback or `"No session"`, `"init"` that of a start function that is not over,
---a coroutine its session.
---@param what? table|integer|"init"|thread
---@return integer|string|nil
function skynet.task(what) end

---Where coroutines wait, grouped: `"count\tsessions:[...]\n"` and a traceback.
---@return table<string, string>
function skynet.uniqtask() end

---Lets `task` tell where timers were set, or not any more.
---@param on boolean
function skynet.trace_timeout(on) end

---Figures about this service. "cpu" and "time" (of this message) are seconds, measured from the first time they are asked for.
---@param what "mqlen"|"message"|"endless"|"cpu"|"time"
---@return number
function skynet.stat(what) end

---Whether a script of this service did not return for long since this was asked last.
---@return boolean
function skynet.endless() end

---All services of the node: handles and what they are called.
---@return table<integer, string>
function skynet.services() end

---@param service skynet.address
---@return { mqlen: integer, message: integer }|nil
function skynet.servicestat(service) end

---What `f` returns is the answer to the debug command INFO.
---@param f fun(...): ...
function skynet.info_func(f) end

---What this service asks of that one fails, as if it were gone.
---@param service skynet.address
function skynet.term(service) end

---Messages that wait for this service.
---@return integer
function skynet.mqlen() end

---Bytes that this VM uses.
---@return integer
function skynet.vmsize() end

---The most bytes that this VM may use.
---@param bytes integer
function skynet.memlimit(bytes) end

---@param address skynet.address
---@return integer node
---@return boolean remote
function skynet.harbor(address) end

return skynet
