--- sproto: structures and remote calls by a schema. The codec is `sproto.core`, in Rust.
--- `sproto.parse(text)` or `sproto.new(bundle)` makes an object; nothing here yields.

local core = require "sproto.core"

local sproto = {}

---@class sproto.object
local object = {}
object.__index = object

---@class sproto.host
local host = {}
host.__index = host

-- The type by which the answer of a protocol is written that answers nothing.
local NOTHING <const> = "NOTHING"

-- Fields: __cobj, the schema; __tcache, types by name; __pcache, protocols by name and by tag.
local function wrap(cobj)
	return setmetatable({ __cobj = cobj, __tcache = {}, __pcache = {} }, object)
end

---@param bundle string what `sprotoparser.parse` made
function sproto.new(bundle)
	return wrap(core.newproto(bundle))
end

--- Wraps a schema that another service has put into a slot.
function sproto.sharenew(cobj)
	return wrap(cobj)
end

---@param text string
function sproto.parse(text)
	local parser = require "sprotoparser"
	return wrap(core.newproto(parser.parse(text)))
end

sproto.pack = core.pack
sproto.unpack = core.unpack

local function query_type(self, name)
	local found = self.__tcache[name]
	if not found then
		found = core.querytype(self.__cobj, name)
		if not found then
			error("type not found", 3)
		end
		self.__tcache[name] = found
	end
	return found
end

local function query_protocol(self, key)
	local found = self.__pcache[key]
	if found then
		return found
	end
	local other, request, response = core.protocol(self.__cobj, key)
	if not other then
		error(key .. " not found", 3)
	end
	local name, tag = key, other
	if type(key) == "number" then
		name, tag = other, key
	end
	found = { name = name, tag = tag, request = request, response = response }
	self.__pcache[name] = found
	self.__pcache[tag] = found
	return found
end

-- A message of a protocol, which may have no content.
local function encode(of, value)
	return of and core.encode(of, value) or ""
end

local function decode(of, bytes, ...)
	if of then
		return core.decode(of, bytes, ...)
	end
end

function object:exist_type(name)
	return self.__tcache[name] ~= nil or core.querytype(self.__cobj, name) ~= nil
end

function object:exist_proto(key)
	return self.__pcache[key] ~= nil or core.protocol(self.__cobj, key) ~= nil
end

function object:encode(name, value)
	return core.encode(query_type(self, name), value)
end

-- The bytes of a message: a string, or what a handler of messages gets.
local function text(message, size)
	if type(message) == "userdata" then
		return require "skynet.core".tostring(message, size)
	end
	return message
end

function object:decode(name, bytes, ...)
	return core.decode(query_type(self, name), text(bytes, ...))
end

function object:pencode(name, value)
	return core.pack(core.encode(query_type(self, name), value))
end

function object:pdecode(name, bytes, ...)
	return core.decode(query_type(self, name), core.unpack(text(bytes, ...)))
end

function object:queryproto(key)
	-- No tail call: an error is to name the caller's line.
	local found = query_protocol(self, key)
	return found
end

function object:request_encode(key, value)
	local protocol = query_protocol(self, key)
	return encode(protocol.request, value), protocol.tag
end

function object:response_encode(key, value)
	return encode(query_protocol(self, key).response, value)
end

function object:request_decode(key, ...)
	local protocol = query_protocol(self, key)
	local value = decode(protocol.request, ...)
	return value, protocol.name
end

function object:response_decode(key, ...)
	return decode(query_protocol(self, key).response, ...)
end

--- What each field is if nothing is said of it.
---@param name string
---@param part? "REQUEST"|"RESPONSE"
function object:default(name, part)
	if not part then
		return core.default(query_type(self, name))
	end
	local protocol = query_protocol(self, name)
	local of = part == "REQUEST" and protocol.request
	if part == "RESPONSE" then
		of = protocol.response
	elseif part ~= "REQUEST" then
		error("Invalid part " .. tostring(part), 2)
	end
	-- A message without content has nothing to be said of.
	if type(of) == "userdata" and getmetatable(of) ~= nil then
		return core.default(of)
	end
end

--- One end of a connection.
---@param name? string the type of a message's head, `package` if left out
function object:host(name)
	name = name or "package"
	local head = core.querytype(self.__cobj, name)
	if not head then
		error("type " .. name .. " not found", 2)
	end
	return setmetatable({ __proto = self, __package = head, __session = {} }, host)
end

-- What a request is answered with.
local function answering(self, response, session)
	return function(value, ud)
		local head = core.encode(self.__package, { session = session, ud = ud })
		return core.pack(head .. encode(response, value))
	end
end

--- Takes a message from the other end: `"REQUEST", name, arguments, respond or nil, ud`, or
--- `"RESPONSE", session, content, ud`.
function host:dispatch(...)
	local bytes = core.unpack(text(...))
	local head, size = core.decode(self.__package, bytes)
	local body = bytes:sub(size + 1)
	local session = head.session
	if head.type then
		local protocol = query_protocol(self.__proto, head.type)
		local arguments = decode(protocol.request, body)
		return "REQUEST", protocol.name, arguments, session and answering(self, protocol.response, session), head.ud
	end
	if not session then
		error("neither a request nor a response", 2)
	end
	local response = self.__session[session]
	if response == nil then
		error("Unknown session", 2)
	end
	self.__session[session] = nil
	if response == NOTHING then
		return "RESPONSE", session, nil, head.ud
	end
	return "RESPONSE", session, (decode(response, body)), head.ud
end

--- Makes the function that writes requests by another schema: `(name, arguments, session, ud)` to bytes.
function host:attach(other)
	return function(name, arguments, session, ud)
		local protocol = query_protocol(other, name)
		local head = core.encode(self.__package, { type = protocol.tag, session = session, ud = ud })
		local bytes = core.pack(head .. encode(protocol.request, arguments))
		if session then
			self.__session[session] = protocol.response or NOTHING
		end
		return bytes
	end
end

return sproto
