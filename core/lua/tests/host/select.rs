//! `skynet.request`: several requests at once.

use crate::world::World;

/// Answers after some time, or with an error, or never.
const ANSWERER: &str = "skynet.start(function()
    skynet.dispatch('lua', function(_, _, cmd, ticks, ...)
        if cmd == 'err' then error 'no' end
        if cmd == 'never' then skynet.wait() end
        skynet.sleep(ticks)
        skynet.retpack(cmd, ticks, ...)
    end)
    skynet.register 'ANSWERER'
end)";

fn ask(script: &str) -> Vec<String> {
    let mut world = World::new();
    world.run("answerer", ANSWERER);
    world.run("asker", script);
    for _ in 0..40 {
        world.pass(1);
    }
    world.lines().into_iter().filter(|line| !line.starts_with("lua call")).collect()
}

#[test]
fn answers_come_in_the_order_of_their_arrival_and_after_those_without_a_receiver() {
    let lines = ask("skynet.start(function()
        local r = skynet.request { 'ANSWERER', 'lua', 'slow', 9 }
        r { 0x7777, 'lua', 'one' } { 'ANSWERER', 'lua', 'err' } { 0x7778, 'lua', 'two' }
        r:add { 'ANSWERER', 'lua', 'fast', 3, nil, 'x', n = 6, mark = 'M' }
        for request, answer in r:select() do
            skynet.error(request[3], request.mark, answer and table.concat({ answer.n, answer[1], answer[2], tostring(answer[4]) }, ' ') or answer)
        end
        skynet.error(r.timeout)
    end)");
    assert_eq!(
        lines,
        ["two nil nil", "one nil nil", "err nil false", "fast M 4 fast 3 x", "slow nil 2 slow 9 nil", "nil"]
    );
}

#[test]
fn the_time_limit_ends_the_loop_and_late_answers_are_not_heard_of() {
    let lines = ask("skynet.start(function()
        local r = skynet.request { 'ANSWERER', 'lua', 'fast', 1 }
        r:add { 'ANSWERER', 'lua', 'slow', 8 }:add { 'ANSWERER', 'lua', 'never' }
        for request, answer in r:select(5) do skynet.error(answer[1]) end
        skynet.error(r.timeout, skynet.task())
        skynet.sleep(10)
    end)");
    assert_eq!(lines, ["fast", "true 0"]);
}

#[test]
fn leaving_the_loop_leaves_nothing_behind() {
    let lines = ask("skynet.start(function()
        local r = skynet.request { 'ANSWERER', 'lua', 'fast', 1 } { 'ANSWERER', 'lua', 'slow', 8 }
        for request, answer in r:select(50) do break end
        skynet.error(skynet.task())
        local r = skynet.request { 'ANSWERER', 'lua', 'fast', 1 } { 'ANSWERER', 'lua', 'never' }
        skynet.error(pcall(function() for request in r:select() do error('inside', 0) end end))
        skynet.error(skynet.task(), (select(2, pcall(r.select, r))))
        skynet.error(pcall(function()
            for _ in skynet.request({ 'ANSWERER', 'no such protocol' }):select() do end
        end))
    end)");
    assert_eq!(lines[..2], ["0", "false inside"], "{lines:?}");
    assert!(lines[2].starts_with("0 ") && lines[2].contains("selected once"), "{lines:?}");
    assert!(lines[3].starts_with("false") && lines[3].contains("unknown protocol"), "{lines:?}");
}
