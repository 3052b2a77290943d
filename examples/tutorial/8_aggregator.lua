--- Section 8, the exercise: a service that collects similar requests, works on each kind together and
--- answers everybody by itself.
---
--- A batch of one kind is worked on when it has 10 requests, or 100 ms after its first. Answers to one
--- client come in the order of its requests, whatever their kinds: an answer that is ready too early
--- waits for those before it. A request that is not worked on in time is answered with an error.
--
-- Prints:
--   ten squares: 1 4 9 16 25 36 49 64 81 100
--   batches of squares: 10
--   two kinds, in the order they were asked: square 4, slow 5, square 9
--   a kind that nobody knows: false unknown kind
--   one that takes too long: false timeout
--   and the next: true 49
local skynet = require "skynet"

local role = ...

if role == "aggregator" then
	local BATCH, WAIT, LIMIT = 10, 10, 50 -- requests, and hundredths of a second

	local sizes = {}
	local kinds = {
		square = function(numbers)
			sizes[#sizes + 1] = #numbers
			local results = {}
			for i, number in ipairs(numbers) do
				results[i] = number * number
			end
			return results
		end,
		slow = function(numbers)
			skynet.sleep(20)
			return numbers
		end,
		stuck = function(numbers)
			skynet.sleep(100)
			return numbers
		end,
	}

	local batches = {} -- kind -> requests that wait for their batch
	local lines = {} -- client -> its requests that are not answered, in their order

	-- Answers what is ready at the head of a client's line.
	local function answer(source)
		local line = lines[source]
		while line[1] and line[1].result do
			local request = table.remove(line, 1)
			request.respond(true, table.unpack(request.result))
		end
		if not line[1] then
			lines[source] = nil
		end
	end

	local function finish(request, ...)
		if not request.result then
			request.result = { ... }
			answer(request.source)
		end
	end

	local function work(kind)
		local batch = batches[kind]
		if not batch then
			return
		end
		batches[kind] = nil
		local numbers = {}
		for i, request in ipairs(batch) do
			numbers[i] = request.number
		end
		local ok, results = pcall(kinds[kind], numbers)
		for i, request in ipairs(batch) do
			finish(request, ok, ok and results[i] or "failed")
		end
	end

	skynet.start(function()
		skynet.dispatch("lua", function(_, source, kind, number)
			if kind == "sizes" then
				return skynet.ret(skynet.pack(table.concat(sizes, " ")))
			end
			local request = { source = source, number = number, respond = skynet.response() }
			lines[source] = lines[source] or {}
			table.insert(lines[source], request)
			if not kinds[kind] then
				return finish(request, false, "unknown kind")
			end
			skynet.timeout(LIMIT, function()
				finish(request, false, "timeout")
			end)
			local batch = batches[kind]
			if not batch then
				batch = {}
				batches[kind] = batch
				skynet.timeout(WAIT, function()
					if batches[kind] == batch then
						work(kind)
					end
				end)
			end
			table.insert(batch, request)
			if #batch >= BATCH then
				skynet.fork(work, kind)
			end
		end)
	end)
else
	local aggregator

	-- Asks for many things at once; `got` is told of each answer as it comes.
	local function ask(list, got)
		local left, all = #list, {}
		for _, wish in ipairs(list) do
			local kind, number = wish[1], wish[2]
			skynet.fork(function()
				got(kind, skynet.call(aggregator, "lua", kind, number))
				left = left - 1
				if left == 0 then
					skynet.wakeup(all)
				end
			end)
		end
		skynet.wait(all)
	end

	skynet.start(function()
		aggregator = skynet.newservice(SERVICE_NAME, "aggregator")

		local wishes, squares = {}, {}
		for i = 1, 10 do
			wishes[i] = { "square", i }
		end
		ask(wishes, function(_, _, result)
			squares[#squares + 1] = result
		end)
		print("ten squares: " .. table.concat(squares, " "))
		print("batches of squares: " .. skynet.call(aggregator, "lua", "sizes"))

		local order = {}
		ask({ { "square", 2 }, { "slow", 5 }, { "square", 3 } }, function(kind, _, result)
			order[#order + 1] = kind .. " " .. result
		end)
		print("two kinds, in the order they were asked: " .. table.concat(order, ", "))

		local function one(kind, number)
			local ok, result = skynet.call(aggregator, "lua", kind, number)
			return tostring(ok) .. " " .. result
		end
		print("a kind that nobody knows: " .. one("cube", 2))
		print("one that takes too long: " .. one("stuck", 1))
		print("and the next: " .. one("square", 7))
		skynet.abort()
	end)
end
