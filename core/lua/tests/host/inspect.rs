//! What services tell of themselves: the debug protocol, tasks, the log of lives.

use skyloom_abi::Protocol;

use crate::lifecycle::Folder;
use crate::world::World;

const SUBJECT: &str = "local CMD = { touched = 0 }
    local function deeper() return CMD end
    skynet.start(function()
        skynet.info_func(function(...) return 'info', ... end)
        skynet.dispatch('lua', function(_, _, what)
            if what == 'wait' then skynet.wait() end
            skynet.retpack(deeper().touched)
        end)
        skynet.register 'SUBJECT'
    end)";

fn ask(script: &str) -> Vec<String> {
    let mut world = World::new();
    world.run("subject", SUBJECT);
    let script = format!(
        "local function debug(...) return skynet.call('SUBJECT', 'debug', ...) end
        skynet.start(function() {script} end)"
    );
    world.run("asker", &script);
    world.pass(5);
    world.lines()
}

#[test]
fn every_service_answers_the_debug_protocol() {
    let lines = ask("
        local stat = debug 'STAT'
        assert(math.type(debug 'MEM') == 'float' and stat.task == 0 and stat.mqlen and stat.message and stat.cpu >= 0)
        assert(select('#', debug 'PING') == 0 and debug('SUPPORT', 'lua') == true and debug('SUPPORT', 'text') == false)
        local a, b, c = debug('INFO', 1, 2)
        assert(a == 'info' and b == 1 and c == 2)
        assert(debug('TASK', 77) == 'No session' and debug('KILLTASK', 'zzz') == 'Not found')
        skynet.send('SUBJECT', 'lua', 'wait')
        local task = debug 'TASK'
        local name, trace = next(task)
        assert(next(task, name) == nil and name:find '^thread: 0x%x+ session: %d+$' and trace:find 'traceback', name)
        local group, trace = next((debug 'UNIQTASK'))
        assert(group:find '^1\\tsessions:%[%d+%]\\n$', group)
        assert(debug('KILLTASK', name:match '0x%x+') == nil and next(debug 'TASK') == nil)
        skynet.error(pcall(debug, 'NO_SUCH'))");
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.starts_with("lua call")).collect();
    assert_eq!(lines[0], "Kill zzz : Not found");
    assert!(lines[1].starts_with("Kill 0x"), "{lines:?}");
    assert!(lines[2].starts_with("false asker:1: call failed: ") && lines.len() == 3, "{lines:?}");
}

#[test]
fn the_debug_protocol_collects_links_and_ends() {
    let lines = ask("debug 'GC'
        skynet.fork(function() skynet.error(pcall(debug, 'LINK')) end)
        skynet.sleep(1)
        skynet.error(pcall(debug, 'EXIT'))");
    assert!(lines[0].starts_with("GC ") && lines[0].contains(" Kb -> ") && lines[0].ends_with(" sec"), "{lines:?}");
    assert!(lines[1].contains("call failed") && lines[2].contains("call failed") && lines.len() == 3, "{lines:?}");
}

#[test]
fn code_can_be_run_inside_a_service() {
    let lines = ask("skynet.error(debug('RUN', [[print('hi', ...) _P.lua.CMD.touched = 5]], '@x', 'a', 2))
        skynet.error(skynet.call('SUBJECT', 'lua'))
        skynet.error(debug('RUN', 'x = = 1', '@x'))
        skynet.error(debug('RUN', 'print \"before\" error \"oh\"', '@x'))");
    assert_eq!(lines[..3], ["true hi\ta\t2", "5", "false x:1: unexpected symbol near '='"], "{lines:?}");
    assert!(lines[3].starts_with("false before\nx:1: oh"), "{lines:?}");
}

#[test]
fn debug_commands_can_be_added() {
    let mut world = World::new();
    world.run(
        "own",
        "require('skynet.debug').reg_debugcmd('OWN', function(...) skynet.retpack('own', ...) end)
        skynet.register 'OWN'",
    );
    world.run("asker", "skynet.error(skynet.call('OWN', 'debug', 'OWN', 1))");
    assert_eq!(world.lines(), ["own 1"]);
}

#[test]
fn a_service_that_nobody_debugs_has_not_loaded_what_answers() {
    let mut world = World::new();
    let plain = world.run(
        "plain",
        "local function loaded() return package.loaded['skynet.debug'] ~= nil end
        skynet.dispatch('lua', function() skynet.error(loaded()) end)",
    );
    world.post(plain, Protocol::LUA, b"");
    world.post(plain, Protocol::DEBUG, b"\x24PING");
    world.post(plain, Protocol::LUA, b"");
    assert_eq!(world.lines(), ["false", "true"]);
}

#[test]
fn tasks_can_be_looked_at_in_every_form() {
    let mut world = World::new();
    world.run(
        "tasks",
        "skynet.start(function()
        local co = skynet.fork(function() skynet.sleep(10) end)
        skynet.sleep(1)
        local session = skynet.task(co)
        assert(math.type(session) == 'integer' and skynet.task(session):find 'sleep', skynet.task(session))
        assert(skynet.task() == 1 and skynet.task(4711) == 'No session')
        assert(skynet.task 'init':find 'stack traceback')
        local all = {}
        assert(skynet.task(all) == nil and all[tostring(co) .. ' session: ' .. session])
        for _ = 1, 12 do skynet.fork(function() skynet.wait {} end) end
        skynet.sleep(1)
        local found
        for group in pairs(skynet.uniqtask()) do found = found or group:match '^12\\tsessions:(%b[])\\n$' end
        assert(found and select(2, found:gsub(',', '')) == 8 and found:find '%.%.%.%]$', found)
        skynet.trace_timeout(true)
        local timer = skynet.timeout(20, function() end)
        assert(skynet.task(skynet.task(timer)):find '^TIMER %d+%+20 : \\nstack traceback:')
        skynet.trace_timeout(false)
        skynet.error 'ok'
    end)",
    );
    world.pass(3);
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_service_knows_figures_about_itself() {
    let mut world = World::new();
    world.run(
        "figures",
        "skynet.start(function()
        assert(skynet.stat 'mqlen' == 0 and math.type(skynet.stat 'message') == 'integer' and skynet.stat 'bogus' == 0)
        assert(skynet.stat 'cpu' >= 0 and skynet.stat 'time' >= 0 and skynet.stat 'endless' == 0)
        assert(skynet.endless() == false)
        skynet.sleep(1)
        for i = 1, 1e5 do end
        assert(skynet.stat 'time' > 0 and skynet.stat 'cpu' > 0)
        local memory = require 'skynet.memory'
        assert(memory.current() > 10000 and memory.info()[skynet.self()] and memory.block() == 0)
        skynet.memlimit(16 << 20)
        skynet.error 'ok'
    end)",
    );
    world.pass(3);
    assert_eq!(world.lines(), ["Set memory limit to 16.00 M", "ok"]);
}

#[test]
fn the_log_tells_of_lives_if_it_is_told_to() {
    let folder = Folder::new(
        "lives",
        &[
            (
                "child.lua",
                "local skynet = require 'skynet' skynet.start(function() skynet.error 'here' end)
                skynet.dispatch('lua', function()
                    local own <close> = setmetatable({}, { __close = function() skynet.error 'own' end })
                    skynet.exit()
                end)",
            ),
            ("bad.lua", "require 'skynet'.start(function() error 'no' end)"),
        ],
    );
    let mut world = folder.world();
    world.node().set_env("loglife", "true").unwrap();
    let parent = world.run(
        "parent",
        "skynet.start(function()
        local child = skynet.newservice('child', 1, 'b')
        skynet.send(child, 'lua')
        skynet.sleep(1)
        child = skynet.newservice 'child'
        skynet.kill(child)
        pcall(skynet.newservice, 'bad')
    end)",
    );
    world.pass(3);
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("init service")).collect();
    let killed = format!("KILL :{:x}", parent.get() + 2);
    let expected = [
        "LAUNCH snlua parent",
        "LAUNCH snlua child 1 b",
        "here",
        "KILL self",
        "own",
        "LAUNCH snlua child",
        "here",
        &killed,
        "LAUNCH snlua bad",
        "KILL self",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_monitor_hears_of_every_service_that_ends() {
    let folder = Folder::new(
        "monitor",
        &[(
            "watcher.lua",
            "local skynet = require 'skynet'
            skynet.register_protocol { name = 'client', id = skynet.PTYPE_CLIENT, unpack = function() end,
                dispatch = function(_, source) skynet.error('gone', source) end }
            skynet.start(function() end)",
        )],
    );
    let mut world = folder.world();
    world.run("setter", "skynet.start(function() require('skyloom.host').monitor(skynet.newservice 'watcher') end)");
    let leaver = world.run("leaver", "skynet.start(function() skynet.fork(skynet.exit) end)");
    assert_eq!(world.lines(), [format!("gone {}", leaver.get())]);
}
