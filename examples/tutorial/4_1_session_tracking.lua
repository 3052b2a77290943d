--- Section 4.1: an operation that goes on after its request was answered, and can be asked about.
--
-- Prints:
--   started operation 1
--   status: true running nil
--   told: operation 1 is complete: 42
--   status: true completed 42
--   of another: false Operation not found
local skynet = require "skynet"

local role = ...

if role == "worker" then
	local active_sessions = {}
	local last_id = 0

	local function generate_id()
		last_id = last_id + 1
		return last_id
	end

	local function perform_long_operation()
		skynet.sleep(5)
		return 42
	end

	skynet.start(function()
		skynet.dispatch("lua", function(_, source, cmd, ...)
			if cmd == "start_operation" then
				local operation_id = generate_id()
				active_sessions[operation_id] = {
					status = "running",
					start_time = skynet.time(),
					client = source,
				}

				skynet.fork(function()
					local result = perform_long_operation()
					active_sessions[operation_id].result = result
					active_sessions[operation_id].status = "completed"
					skynet.send(source, "lua", "operation_complete", operation_id, result)
				end)

				skynet.ret(skynet.pack(true, operation_id))
			elseif cmd == "get_status" then
				local operation_id = ...
				local session_data = active_sessions[operation_id]
				if session_data then
					skynet.ret(skynet.pack(true, session_data.status, session_data.result))
				else
					skynet.ret(skynet.pack(false, "Operation not found"))
				end
			end
		end)
	end)
else
	local function join(...)
		local words = table.pack(...)
		for i = 1, words.n do
			words[i] = tostring(words[i])
		end
		return table.concat(words, " ")
	end

	skynet.start(function()
		local worker = skynet.newservice(SERVICE_NAME, "worker")
		local complete = {}
		skynet.dispatch("lua", function(_, _, cmd, operation_id, result)
			if cmd == "operation_complete" then
				print("told: operation " .. operation_id .. " is complete: " .. result)
				skynet.wakeup(complete)
			end
		end)

		local _, operation_id = skynet.call(worker, "lua", "start_operation")
		print("started operation " .. operation_id)
		print("status: " .. join(skynet.call(worker, "lua", "get_status", operation_id)))
		skynet.wait(complete)
		print("status: " .. join(skynet.call(worker, "lua", "get_status", operation_id)))
		print("of another: " .. join(skynet.call(worker, "lua", "get_status", 99)))
		skynet.abort()
	end)
end
