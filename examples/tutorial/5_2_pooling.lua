--- Section 5.2: a few connections, shared by many.
--
-- Changed: `#connection_pool` is always 0, because the pool's keys are the connections; so they are
-- counted. Without that the pool would grow without end.
--
-- Prints:
--   opened 2 connections for 2 users
--   a third user has to wait: true
--   after a release it gets one of the same: true
local skynet = require "skynet"

local connection_pool = {}
local connections = 0
local max_connections = 2

local function create_new_connection()
	connections = connections + 1
	return { number = connections }
end

local function get_connection()
	for conn, busy in pairs(connection_pool) do
		if not busy then
			connection_pool[conn] = true
			return conn
		end
	end

	if connections < max_connections then
		local new_conn = create_new_connection()
		connection_pool[new_conn] = true
		return new_conn
	end

	return nil
end

local function release_connection(conn)
	connection_pool[conn] = false
end

skynet.start(function()
	local first, second = get_connection(), get_connection()
	print("opened " .. connections .. " connections for 2 users")
	print("a third user has to wait: " .. tostring(get_connection() == nil))
	release_connection(first)
	local third = get_connection()
	print("after a release it gets one of the same: " .. tostring(third == first and third ~= second))
	skynet.abort()
end)
