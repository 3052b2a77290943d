//! In which order things happen: Skynet's.

use crate::world::World;

fn said(text: &str, ticks: u64) -> Vec<String> {
    let mut world = World::new();
    world.run("order", text);
    for _ in 0..ticks {
        world.pass(1);
    }
    world.lines()
}

#[test]
fn forks_run_before_any_later_message_and_in_order() {
    let lines = said(
        "skynet.start(function()
        skynet.timeout(0, function() skynet.error 'timeout' end)
        skynet.fork(function()
            skynet.error 'one'
            skynet.fork(function() skynet.error 'nested' end)
        end)
        skynet.fork(function(...) skynet.error('two', ...) end, 'with', 'arguments')
        skynet.error 'start'
    end)",
        1,
    );
    assert_eq!(lines, ["start", "one", "two with arguments", "nested", "timeout"]);
}

#[test]
fn a_sleep_ends_after_its_ticks_and_not_before() {
    let lines = said(
        "skynet.start(function()
        local t = skynet.now()
        assert(skynet.sleep(3) == nil)
        skynet.error(skynet.now() - t)
    end)",
        5,
    );
    assert_eq!(lines, ["3"]);
}

#[test]
fn wakeup_breaks_a_sleep_later_and_only_once() {
    let lines = said(
        "skynet.start(function()
        local sleeper = skynet.fork(function()
            skynet.error(skynet.sleep(100))
            local slept = skynet.sleep(2)
            skynet.error(slept)
        end)
        skynet.fork(function()
            skynet.error(skynet.wakeup(sleeper))
            skynet.error 'still here'
            skynet.sleep(0)
            assert(skynet.wakeup {} == nil)
        end)
    end)",
        4,
    );
    assert_eq!(lines, ["true", "still here", "BREAK", "nil"]);
}

#[test]
fn waking_twice_breaks_the_next_sleep_too() {
    let lines = said(
        "skynet.start(function()
        local sleeper = skynet.fork(function()
            skynet.wait()
            skynet.error(skynet.sleep(100))
        end)
        skynet.fork(function()
            skynet.wakeup(sleeper)
            assert(skynet.wakeup(sleeper))
        end)
    end)",
        1,
    );
    assert_eq!(lines, ["BREAK"]);
}

#[test]
fn one_can_wait_on_any_value_but_one_at_a_time() {
    let lines = said(
        "skynet.start(function()
        for _, token in ipairs { 'a word', 42, 1.5, {}, print, true } do
            skynet.fork(function()
                assert(select('#', skynet.wait(token)) == 0)
                skynet.error(type(token))
            end)
            skynet.fork(function()
                local ok, err = pcall(skynet.wait, token)
                assert(not ok and err:find 'token duplicative', err)
                assert(skynet.wakeup(token))
                skynet.yield()
                assert(skynet.wakeup(token) == nil)
            end)
        end
    end)",
        1,
    );
    assert_eq!(lines, ["string", "number", "number", "table", "function", "boolean"]);
}

#[test]
fn yield_lets_what_is_queued_run_first() {
    let lines = said(
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, x) skynet.error(x) end)
        skynet.send(skynet.self(), 'lua', 'queued')
        skynet.yield()
        skynet.error 'after'
    end)",
        1,
    );
    assert_eq!(lines, ["queued", "after"]);
}

#[test]
fn a_timeout_can_be_cancelled_by_its_coroutine() {
    let lines = said(
        "skynet.start(function()
        local co = skynet.timeout(2, function() skynet.error 'never' end)
        assert(type(co) == 'thread')
        assert(skynet.kill(co) == co and skynet.kill(co) == nil)
        local now = skynet.timeout(0, function() skynet.error 'never' end)
        assert(skynet.killthread(now))
        skynet.timeout(1, function() skynet.error 'this' end)
    end)",
        4,
    );
    assert_eq!(lines, ["this"]);
}

#[test]
fn a_killed_coroutine_is_closed_and_its_late_answer_swallowed() {
    let mut world = World::new();
    world.run(
        "slow",
        "skynet.start(function()
        skynet.dispatch('lua', function() skynet.sleep(2) skynet.ret() end) skynet.register 'SLOW' end)",
    );
    world.run(
        "killer",
        "skynet.start(function()
        local co = skynet.fork(function()
            local guard <close> = setmetatable({}, { __close = function() skynet.error 'closed' end })
            skynet.call('SLOW', 'lua')
            skynet.error 'never'
        end)
        skynet.yield()
        assert(skynet.killthread(tostring(co):match '0x%x+'))
        assert(skynet.task() == 1 or skynet.task() == 0)
    end)",
    );
    world.pass(2);
    world.pass(2);
    assert_eq!(world.lines(), ["closed"]);
}

#[test]
fn the_clock_is_skynets() {
    let lines = said(
        "skynet.start(function()
        assert(math.type(skynet.now()) == 'integer' and skynet.now() < 200)
        assert(math.type(skynet.starttime()) == 'integer')
        assert(math.abs(skynet.time() - (skynet.starttime() + skynet.now() / 100)) < 1e-6)
        local hpc = skynet.hpc()
        skynet.sleep(1)
        assert(skynet.hpc() - hpc >= 10000000)
        skynet.error 'ok'
    end)",
        2,
    );
    assert_eq!(lines, ["ok"]);
}

#[test]
fn critical_sections_take_turns() {
    let lines = said(
        "local queue = require 'skynet.queue'
    skynet.start(function()
        local lock = queue()
        for i = 1, 3 do
            skynet.fork(function()
                local r = lock(function(x)
                    skynet.error('enter', x)
                    skynet.sleep(1)
                    lock(function() skynet.error('leave', x) end)
                    if x == 2 then error 'two' end
                    return x * 10
                end, i)
                skynet.error(r)
            end)
        end
    end)",
        5,
    );
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.starts_with("lua call")).collect();
    assert_eq!(lines, ["enter 1", "leave 1", "10", "enter 2", "leave 2", "enter 3", "leave 3", "30"]);
}
