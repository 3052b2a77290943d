--- Several requests at once, with one time limit: `skynet.request`.
--- `for request, answer in skynet.request(first):add(second):select(ticks) do` sends them all and
--- gives each when its answer comes. The head of the loop yields.

local skynet = require "skynet"

local requests = {}
requests.__index = requests

--- Adds `{ address, protocol, args... }`; `n` says how long it is if there are nils in it.
function requests:add(entry)
	if self.selected then
		error("these requests have been sent already", 2)
	end
	self[#self + 1] = entry
	return self
end

requests.__call = requests.add

--- The state of one loop.
local function new_state(count)
	return {
		token = {}, -- what the loop waits on
		waits = false,
		begun = false, -- all have been sent
		left = count, -- not answered yet
		pending = {}, -- coroutine -> true
		lost = {}, -- requests without a receiver
		first = 1, -- answered and not yet given to the loop: done[first .. last]
		last = 0,
		done = {},
		answers = {}, -- request -> its answer
		timer = nil,
	}
end

local function wake(state)
	if state.waits then
		state.waits = false
		skynet.wakeup(state.token)
	end
end

local function take(state, entry, ok, ...)
	state.left = state.left - 1
	local answer = false
	if ok then
		answer = table.pack(...)
	else
		local why = tostring((...))
		if why:find("call to invalid address", 1, true) then
			state.lost[#state.lost + 1] = entry
			return
		elseif not why:find("call failed", 1, true) then
			state.wrong = why
		end
	end
	state.last = state.last + 1
	state.done[state.last] = { entry, answer }
end

local function ask(state, entry)
	local me = coroutine.running()
	state.pending[me] = true
	take(state, entry, pcall(skynet.call, entry[1], entry[2], table.unpack(entry, 3, entry.n)))
	state.pending[me] = nil
	if state.begun then
		wake(state)
	end
end

local function cleanup(state)
	if state.timer then
		skynet.killthread(state.timer)
		state.timer = nil
	end
	for co in pairs(state.pending) do
		skynet.killthread(co)
	end
	state.pending = {}
end

--- Sends all; each step of the loop gives a request and its answer: a table of the results, false
--- if it failed, nil if there is nobody. `timeout` is true afterwards if the time was over.
function requests:select(ticks)
	if self.selected then
		error("requests can be selected once", 2)
	end
	self.selected = true
	local state = new_state(#self)
	for _, entry in ipairs(self) do
		skynet.fork(ask, state, entry)
	end
	skynet.fork(function()
		state.begun = true
		wake(state)
	end)
	if ticks then
		state.timer = skynet.timeout(ticks, function()
			state.timer = nil
			self.timeout = true
			wake(state)
		end)
	end

	local function step()
		while true do
			if state.begun then
				if state.wrong then
					error(state.wrong, 0)
				end
				local entry = table.remove(state.lost)
				if entry then
					return entry, nil
				end
				local done = state.done[state.first]
				if done then
					state.done[state.first] = nil
					state.first = state.first + 1
					return done[1], done[2]
				end
				if state.left == 0 or self.timeout then
					return nil
				end
			end
			state.waits = true
			skynet.wait(state.token)
		end
	end

	return step, nil, nil, setmetatable({}, {
		__close = function()
			cleanup(state)
		end,
	})
end

local function request(entry)
	local self = setmetatable({}, requests)
	if entry then
		self:add(entry)
	end
	return self
end

return { request = request }
