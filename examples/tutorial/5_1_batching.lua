--- Section 5.1: requests are collected and worked on together; each caller gets its own answer.
--
-- Changed: an answer is a message of the protocol "response" to whoever asked; the listing sends the
-- service a request in the caller's name, which nobody would ever answer. And `data = ...` keeps the
-- first argument only, so it is written as such.
--
-- Prints:
--   a full batch of 3: 1 4 9
--   a lone request waited for the timer: 16
--   batches: 3 1
local skynet = require "skynet"

local role = ...

if role == "batch" then
	local batch_queue = {}
	local batch_size = 3
	local batch_timer
	local sizes = {}

	local function process_item(item)
		return item.data * item.data
	end

	local function process_batch()
		if #batch_queue == 0 then
			return
		end

		local current_batch = batch_queue
		batch_queue = {}
		sizes[#sizes + 1] = #current_batch

		local results = {}
		for i, item in ipairs(current_batch) do
			results[i] = process_item(item)
		end

		for i, item in ipairs(current_batch) do
			skynet.redirect(item.source, item.client, "response", item.session, skynet.pack(results[i]))
		end
	end

	skynet.start(function()
		skynet.dispatch("lua", function(session, source, cmd, ...)
			if cmd == "process" then
				-- Answered by hand, with its batch.
				skynet.ignoreret()
				table.insert(batch_queue, {
					data = (...),
					client = skynet.self(),
					source = source,
					session = session,
				})

				if #batch_queue >= batch_size then
					process_batch()
				elseif not batch_timer then
					batch_timer = skynet.timeout(10, function()
						batch_timer = nil
						process_batch()
					end)
				end
			elseif cmd == "sizes" then
				skynet.ret(skynet.pack(table.concat(sizes, " ")))
			end
		end)
	end)
else
	skynet.start(function()
		local batch = skynet.newservice(SERVICE_NAME, "batch")
		local results, left, all = {}, 3, {}
		for i = 1, 3 do
			skynet.fork(function()
				results[i] = skynet.call(batch, "lua", "process", i)
				left = left - 1
				if left == 0 then
					skynet.wakeup(all)
				end
			end)
		end
		skynet.wait(all)
		print("a full batch of 3: " .. table.concat(results, " "))
		print("a lone request waited for the timer: " .. skynet.call(batch, "lua", "process", 4))
		print("batches: " .. skynet.call(batch, "lua", "sizes"))
		skynet.abort()
	end)
end
