//! `skynet.coroutine`: coroutines of scripts in which the service may wait; `skynet.profile`.

use crate::world::World;

fn run(script: &str) -> Vec<String> {
    let mut world = World::new();
    world.run(
        "echo",
        "skynet.start(function()
            skynet.dispatch('lua', function(_, _, ...) if ... == 'bad' then error 'bad' end skynet.sleep(1) skynet.retpack(...) end)
            skynet.register 'ECHO'
        end)",
    );
    world.run("nested", &format!("local co = require 'skynet.coroutine' skynet.start(function() {script} end)"));
    for _ in 0..30 {
        world.pass(1);
    }
    world.lines().into_iter().filter(|line| !line.starts_with("lua call [")).collect()
}

#[test]
fn the_service_may_wait_inside_and_the_resumer_waits_with_it() {
    let lines = run("
        local gen = co.create(function(a)
            local b = co.yield(skynet.call('ECHO', 'lua', a, 'x'))
            skynet.sleep(2)
            local text, size = skynet.rawcall('ECHO', 'lua', skynet.pack(b))
            co.yield(skynet.unpack(text, size))
            local ok, why = pcall(skynet.call, 'ECHO', 'lua', 'bad')
            return ok, why:match 'call failed'
        end)
        skynet.error(co.resume(gen, 1))
        skynet.error(co.resume(gen, 2))
        skynet.error(co.resume(gen))
        skynet.error(co.status(gen))
        skynet.error(co.resume(gen))");
    assert_eq!(lines, ["true 1 x", "true 2", "true false call failed", "dead", "false cannot resume dead coroutine"]);
}

#[test]
fn it_may_be_nested_deeply_and_answer_requests() {
    let lines = run("
        skynet.dispatch('lua', function(_, _, depth)
            local function go(n)
                if n == 0 then
                    skynet.sleep(1)
                    skynet.retpack(skynet.call('ECHO', 'lua', 'deep'))
                    return 'bottom'
                end
                return co.wrap(go)(n - 1)
            end
            skynet.error(go(depth))
        end)
        skynet.error(skynet.call(skynet.self(), 'lua', 20))");
    let mut lines = lines;
    lines.sort();
    assert_eq!(lines, ["bottom", "deep"]);
}

#[test]
fn one_that_waits_is_blocked_and_cannot_be_resumed_by_another() {
    let lines = run("
        local waits = co.create(function() skynet.sleep(3) co.yield 'yielded' end)
        local me = coroutine.running()
        skynet.fork(function()
            skynet.error(co.status(waits), co.thread(waits) == me, (co.resume(waits)), select(2, co.resume(waits)))
            skynet.error(pcall(co.close, waits) == false, co.status(waits))
        end)
        skynet.error(co.resume(waits))
        skynet.error(co.status(waits), co.close(waits), co.status(waits))
        skynet.error(co.resume(coroutine.create(print)))
        skynet.error(select(2, pcall(co.yield)):match 'Call skynet.*')
        skynet.error(select(2, co.thread()), co.isyieldable())");
    assert!(lines[0].starts_with("blocked true false cannot resume a skynet coroutine suspend by"), "{lines:?}");
    assert!(lines[1] == "true blocked", "{lines:?}");
    assert_eq!(
        lines[lines.len() - 4..],
        [
            "suspended true dead",
            "false cannot resume none skynet coroutine",
            "Call skynet.coroutine.yield out of skynet.coroutine.resume",
            "true false"
        ],
        "{lines:?}"
    );
}

#[test]
fn one_whose_resumer_was_killed_stays_where_it_is() {
    let lines = run("
        local inner
        local outer = skynet.fork(function()
            inner = co.create(function() skynet.sleep(2) skynet.error 'not reached' end)
            co.resume(inner)
        end)
        skynet.sleep(1)
        assert(skynet.killthread(outer) == outer)
        for i = 1, 20 do skynet.fork(function() skynet.sleep(2) coroutine.resume(inner) host = co.resume(inner) end) end
        skynet.sleep(5)
        skynet.error(coroutine.resume(inner))
        collectgarbage()
        skynet.error 'ok'");
    assert_eq!(lines.last().map(String::as_str), Some("ok"), "{lines:?}");
    assert!(!lines.iter().any(|line| line == "not reached"), "{lines:?}");
}

#[test]
fn errors_are_handed_to_the_resumer_and_exit_works_inside() {
    let lines = run("
        skynet.error(co.resume(co.create(function() skynet.sleep(1) error { 1 } end)))
        skynet.error(pcall(co.wrap(function() skynet.sleep(1) error('inside', 0) end)))
        co.wrap(function() skynet.sleep(1) skynet.exit() end)()
        skynet.error 'not reached'");
    assert!(lines[0].starts_with("false table: "), "{lines:?}");
    assert_eq!(lines[1..], ["false inside"], "{lines:?}");
}

#[test]
fn a_coroutine_is_measured_without_the_time_that_it_waits() {
    let lines = run("
        local profile = require 'skynet.profile'
        local function burn() local n = 0 for i = 1, 2e5 do n = n + i end end
        profile.start()
        local inner = co.create(function() burn() skynet.sleep(5) burn() co.yield() end)
        profile.start(inner)
        co.resume(inner)
        local own, nested = profile.stop(), profile.stop(inner)
        assert(own >= nested and nested > 0 and own < 5, own .. ' ' .. nested)
        assert(select(2, pcall(profile.stop)):find 'Call profile.start%(%) before profile.stop%(%)')
        profile.start()
        assert(select(2, pcall(profile.start)):find 'Thread 0x%x+ start profile more than once')
        profile.stop()
        skynet.error 'ok'");
    assert_eq!(lines, ["ok"]);
}
