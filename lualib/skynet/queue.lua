--- Serialises critical sections of one service.
--- `queue()` returns `lock(f, ...)`, which runs `f` when no other coroutine is
--- inside; it yields while one is. The same coroutine may enter again.

local skynet = require "skynet"

local function queue()
	local state = {
		owner = nil, -- the coroutine that is inside
		depth = 0, -- how often it entered
		first = 1, -- who waits, in order: waiting[first .. last]
		last = 0,
		waiting = {},
	}

	local function leave()
		state.depth = state.depth - 1
		if state.depth > 0 then
			return
		end
		state.owner = nil
		while state.first <= state.last do
			local next = state.waiting[state.first]
			state.waiting[state.first] = nil
			state.first = state.first + 1
			-- One that was killed meanwhile does not wait any more.
			if skynet.wakeup(next) then
				-- Handed over at once: a third one cannot slip in between.
				state.owner = next
				return
			end
		end
	end

	return function(f, ...)
		local me = coroutine.running()
		if state.owner ~= me then
			if state.owner then
				state.last = state.last + 1
				state.waiting[state.last] = me
				skynet.wait(me)
			else
				state.owner = me
			end
		end
		state.depth = state.depth + 1
		local guard <close> = setmetatable({}, { __close = leave })
		return f(...)
	end
end

return queue
