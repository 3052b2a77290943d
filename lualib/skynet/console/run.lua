--- One command of the debug console: found, allowed, run with a deadline, printed.

local skynet = require "skynet"
local commands = require "skynet.console.commands"
local show = require "skynet.console.show"

local run = {}

--- Longest a command may take, in ticks, if it names a time itself; and what it gets besides.
local LONGEST = 100 * 3600
local MARGIN = 100

local function split(line)
	local words = {}
	for word in line:gmatch "%S+" do
		words[#words + 1] = word
	end
	return words
end

--- Yields. Runs `f(...)` in a coroutine of its own, for so many ticks at most; results as of pcall.
local function within(ticks, f, ...)
	local results
	local token = {}
	local worker = skynet.fork(function(...)
		results = table.pack(xpcall(f, function(why)
			return type(why) == "string" and why or tostring(why)
		end, ...))
		skynet.wakeup(token)
	end, ...)
	skynet.sleep(ticks, token)
	if results then
		return table.unpack(results, 1, results.n)
	end
	skynet.killthread(worker)
	return false, ("no answer after %d ticks"):format(ticks)
end

--- Whether this session may run code on the node.
local function may_run(session)
	return session.trusted or skynet.getenv "debug_console_unsafe" == "true"
end

local refusal = "this command runs code, which is off: say `token VALUE` first, "
	.. "VALUE being the config's debug_console_token, or set debug_console_unsafe = \"true\""

--- Compares without telling by its time how much was right.
local function same(one, other)
	local differ = #one ~ #other
	for i = 1, #one do
		differ = differ | one:byte(i) ~ (other:byte((i - 1) % math.max(#other, 1) + 1) or 0)
	end
	return differ == 0
end

--- Yields. `token VALUE`: from now on the session may run code.
local function token(session, value)
	local known = skynet.getenv "debug_console_token"
	if known == nil or known == "" then
		return false, "no debug_console_token is configured"
	end
	if value and same(value, known) then
		session.trusted = true
		return true
	end
	-- Guessing takes its time.
	session.wrong = (session.wrong or 0) + 1
	skynet.sleep(100)
	return false, "wrong token"
end

--- Yields. Runs the command in `line` and prints what comes of it; never raises, never waits for
--- longer than the command may take.
function run.line(session, line, print)
	local words = split(line)
	local name = words[1]
	if not name then
		return
	end
	local ok, result
	local command = commands[name]
	if name == "token" then
		ok, result = token(session, words[2])
	elseif not command then
		ok, result = false, "Invalid command, type help for command list"
	elseif command.code and (command.code == true or command.code(words)) and not may_run(session) then
		ok, result = false, refusal
	else
		local ticks = command.ticks and tonumber(words[command.ticks]) or commands.PATIENCE
		ticks = ticks > 0 and math.min(ticks, LONGEST) or LONGEST
		ok, result = within(math.ceil(ticks) + MARGIN, command.run, words, line, print)
	end
	if not ok then
		print(tostring(result))
		print "<CMD Error>"
		return
	end
	show.result(print, result)
	print "<CMD OK>"
end

return run
