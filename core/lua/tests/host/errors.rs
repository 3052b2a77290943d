//! An error in any callback leaves one line with a traceback; the caller hears of it, and the
//! service lives.

use skyloom_abi::Protocol;

use crate::world::World;

/// A service that fails in every way it is asked to.
const FAULTY: &str = "
    local function deep(what) error(what) end
    local fail = {}
    function fail.dispatch() deep 'in dispatch' end
    function fail.fork() skynet.fork(function() deep 'in fork' end) skynet.ret() end
    function fail.timeout() skynet.timeout(1, function() deep 'in timeout' end) skynet.ret() end
    function fail.response()
        skynet.sleep(1)
        deep 'after sleep'
    end
    function fail.table() error({}) end
    function fail.null() error(nil) end
    function fail.tostring() error(setmetatable({}, { __tostring = function() error 'again' end })) end
    function fail.named() error(setmetatable({}, { __tostring = function() return 'my error' end })) end
    function fail.overflow() local function f() return 1 + f() end return f() end
    function fail.yield() coroutine.yield(1) end
    function fail.close()
        local guard <close> = setmetatable({}, { __close = function() skynet.error 'closed' end })
        deep 'with close'
    end
    function fail.nothing() skynet.retpack 'fine' end
    skynet.start(function()
        skynet.dispatch('lua', function(session, source, what) fail[what]() end)
        skynet.register 'FAULTY'
    end)";

/// Asks for a failure and returns what the caller heard, and the log.
fn ask(what: &str) -> (String, Vec<String>) {
    let mut world = World::new();
    world.run("faulty", FAULTY);
    world.run(
        "asker",
        &format!(
            "skynet.start(function()
        skynet.fork(function()
            local ok, err = pcall(skynet.call, 'FAULTY', 'lua', '{what}')
            skynet.sleep(5)
            skynet.error('heard ' .. tostring(ok) .. ' ' .. tostring(err))
            skynet.error('lives ' .. skynet.call('FAULTY', 'lua', 'nothing'))
        end)
    end)"
        ),
    );
    world.pass(10);
    let mut lines = world.lines();
    let lives = lines.pop().unwrap();
    assert_eq!(lives, "lives fine", "{lines:?}");
    let heard = lines.pop().unwrap();
    // A stack that overflows has grown large first.
    lines.retain(|line| !line.starts_with("Memory warning"));
    (heard, lines)
}

fn one_traceback(lines: &[String], text: &str) {
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("lua call ["), "{lines:#?}");
    assert!(lines[0].contains("error : ") && lines[0].contains(text), "{lines:#?}");
    assert!(lines[0].contains("stack traceback:"), "{lines:#?}");
}

#[test]
fn in_a_handler_the_caller_hears_the_text() {
    let (heard, lines) = ask("dispatch");
    assert_eq!(heard, "heard false call failed: faulty:2: in dispatch");
    one_traceback(&lines, "in dispatch");
    assert!(lines[0].contains("in upvalue 'deep'") || lines[0].contains("in function"), "{lines:?}");
}

#[test]
fn in_a_fork_it_is_told_though_nobody_waits() {
    let (heard, lines) = ask("fork");
    assert_eq!(heard, "heard true nil");
    one_traceback(&lines, "in fork");
}

#[test]
fn in_a_timeout_it_is_told_though_nobody_waits() {
    let (heard, lines) = ask("timeout");
    assert_eq!(heard, "heard true nil");
    one_traceback(&lines, "in timeout");
}

#[test]
fn after_a_response_the_first_caller_hears_it() {
    let (heard, lines) = ask("response");
    assert!(heard.ends_with("after sleep"), "{heard}");
    one_traceback(&lines, "after sleep");
}

#[test]
fn an_error_object_of_any_kind_gives_a_line() {
    for (what, text) in [
        ("table", "(error object is a table value)"),
        ("null", "<no error object>"),
        ("tostring", "(error object is a table value whose __tostring fails)"),
        ("named", "my error"),
    ] {
        let (heard, lines) = ask(what);
        assert!(heard.contains(text), "{what}: {heard}");
        one_traceback(&lines, text);
    }
}

#[test]
fn a_stack_overflow_is_an_error_like_any_other() {
    let (heard, lines) = ask("overflow");
    assert!(heard.contains("stack overflow"), "{heard}");
    one_traceback(&lines, "stack overflow");
}

#[test]
fn a_plain_yield_would_never_be_resumed_and_is_an_error() {
    let (heard, lines) = ask("yield");
    assert!(heard.contains("coroutine.yield"), "{heard}");
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn variables_to_be_closed_are_closed() {
    let (_, lines) = ask("close");
    assert!(lines.iter().any(|line| line == "closed"), "{lines:?}");
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn in_the_start_function_the_creator_hears_it_and_the_service_ends() {
    let mut world = World::new();
    let handle = world.run("bad", "skynet.start(function() error 'no start' end)");
    let lines = world.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("init service failed: bad:1: no start\nstack traceback:"), "{lines:?}");
    assert!(!world.node().is_alive(handle));
}

#[test]
fn broken_lua_is_told_with_its_line() {
    let mut world = World::new();
    let handle = world.run("broken", "\n\nif then");
    let lines = world.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("broken:3:"), "{lines:?}");
    assert!(!world.node().is_alive(handle));
}

#[test]
fn bytes_that_are_no_values_are_told_to_the_caller_too() {
    let mut world = World::new();
    let faulty = world.run("faulty", FAULTY);
    world.post(faulty, Protocol::LUA, b"\x07");
    let lines = world.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("Invalid serialize stream"), "{lines:?}");
    world.run(
        "asker",
        "skynet.start(function()
        skynet.error(pcall(skynet.rawcall, 'FAULTY', 'lua', '\\x07'))
    end)",
    );
    let lines = world.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("false call failed: Invalid serialize")), "{lines:?}");
}

#[test]
fn an_error_in_one_coroutine_does_not_stop_the_others() {
    let mut world = World::new();
    world.run(
        "forks",
        "skynet.start(function()
        for i = 1, 3 do
            skynet.fork(function() if i == 2 then error 'two' end skynet.error(i) end)
        end
    end)",
    );
    let lines = world.lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!((lines[0].as_str(), lines[2].as_str()), ("1", "3"));
}

#[test]
fn yielding_functions_in_a_plain_coroutine_say_what_is_wrong() {
    let mut world = World::new();
    world.run(
        "wrap",
        "skynet.start(function()
        for _, name in ipairs { 'sleep', 'wait', 'call', 'yield', 'newservice' } do
            local ok, err = pcall(coroutine.wrap(function() skynet[name](1, 'lua') end))
            assert(not ok and err:find 'coroutine.wrap', err)
        end
        local t = setmetatable({}, { __index = function() skynet.sleep(1) end })
        assert(pcall(function() return t.x end), 'metamethods may wait')
        local ok, err = pcall(table.sort, { 2, 1 }, function() skynet.sleep(1) end)
        assert(not ok and err:find 'cannot wait here', err)
        skynet.error 'ok'
    end)",
    );
    world.pass(5);
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_coroutine_that_waits_cannot_be_resumed_by_hand() {
    let mut world = World::new();
    let victim = world.run(
        "hand",
        "local waiting
        skynet.start(function()
            skynet.dispatch('lua', function()
                waiting = coroutine.running()
                skynet.sleep(2)
                skynet.error 'not reached'
            end)
            skynet.fork(function()
                skynet.sleep(1)
                skynet.error(coroutine.resume(waiting))
            end)
            skynet.register 'HAND'
        end)",
    );
    world.run("asker", "skynet.start(function() skynet.error(pcall(skynet.call, 'HAND', 'lua')) end)");
    world.pass(5);
    let lines = world.lines();
    assert!(lines[0].starts_with("false") && lines[0].contains("resumed by hand"), "{lines:?}");
    assert!(lines[1].contains("by hand"), "{lines:?}");
    assert!(world.node().is_alive(victim));
}

#[test]
fn coroutines_of_scripts_behave_as_luas_own() {
    let mut world = World::new();
    world.run(
        "coroutines",
        "local co = coroutine.create(function(a, b)
            local c = coroutine.yield(a + b)
            local d, e = coroutine.yield(c * 2)
            return d, e
        end)
        assert(select(2, coroutine.resume(co, 1, 2)) == 3)
        assert(select(2, coroutine.resume(co, 10)) == 20)
        local ok, d, e = coroutine.resume(co, 'd', 'e')
        assert(ok and d == 'd' and e == 'e')
        local ok, err = coroutine.resume(co)
        assert(not ok and err == 'cannot resume dead coroutine')
        local ok, err = coroutine.resume(coroutine.create(function() error { code = 5 } end))
        assert(not ok and err.code == 5)
        assert(not pcall(coroutine.resume, 5) and not pcall(coroutine.wrap, 5))
        local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
        assert(gen() == 1 and gen() == 2 and gen() == 3 and gen() == nil)
        local ok, err = pcall(gen)
        assert(not ok and err:find 'cannot resume dead coroutine')
        local ok, err = pcall(coroutine.wrap(function() error 'inside' end))
        assert(not ok and err:find 'inside')
        local closed
        local ok, err = pcall(coroutine.wrap(function()
            local x <close> = setmetatable({}, { __close = function() closed = true end })
            error({})
        end))
        assert(not ok and type(err) == 'table' and closed)
        assert(select('#', coroutine.resume(coroutine.create(function(...) return ... end), nil, nil)) == 3)
        local ok, err = coroutine.resume(coroutine.running())
        assert(not ok and err == 'cannot resume non-suspended coroutine')
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_coroutine_that_has_not_begun_can_be_spoilt_but_nothing_else() {
    let mut world = World::new();
    world.run(
        "spoilt",
        "skynet.start(function()
        for _, spoil in ipairs { coroutine.resume, coroutine.close } do
            spoil(skynet.fork(function() skynet.error 'never' end, 1, 2, 3))
            spoil(skynet.fork(function() coroutine.yield() skynet.error 'never' end))
            spoil(skynet.timeout(1, function() coroutine.yield() skynet.error 'never' end))
            spoil(skynet.timeout(0, function() pcall(skynet.sleep, 1) coroutine.yield() end))
        end
        skynet.fork(skynet.error, 'others run')
    end)",
    );
    world.pass(3);
    assert_eq!(world.lines(), ["others run"]);
}

#[test]
fn a_coroutine_that_waits_and_is_closed_by_hand_owes_nothing_any_more() {
    let mut world = World::new();
    world.run(
        "closed",
        "local waiting = {}
        skynet.start(function()
            skynet.dispatch('lua', function() waiting[#waiting + 1] = coroutine.running() skynet.sleep(1) end)
            skynet.register 'CLOSED'
            skynet.timeout(1, function() coroutine.close(waiting[1]) end)
        end)",
    );
    world.run("asker", "skynet.start(function() skynet.error(pcall(skynet.call, 'CLOSED', 'lua')) end)");
    world.pass(3);
    let lines = world.lines();
    assert!(lines.len() == 1 && lines[0].contains("by hand"), "{lines:?}");
}
