//! Two Lua services talk.

use crate::world::World;

#[test]
fn a_call_returns_what_the_other_service_answered() {
    let mut world = World::new();
    world.run(
        "echo",
        "skynet.start(function()
        skynet.dispatch('lua', function(session, source, cmd, ...) skynet.retpack(cmd, ...) end)
        skynet.register 'ECHO'
    end)",
    );
    world.run(
        "asker",
        "skynet.start(function()
        skynet.error(skynet.call('ECHO', 'lua', 'hello', 1, 2.5, nil, true, { 1, 2, x = { y = 'z' } }))
        local t = select(6, skynet.call('ECHO', 'lua', 'hello', 1, 2.5, nil, true, { 1, 2, x = { y = 'z' } }))
        skynet.error(#t, t[1], t[2], t.x.y)
    end)",
    );
    let lines = world.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("hello 1 2.5 nil true table: "), "{lines:?}");
    assert_eq!(lines[1], "2 1 2 z");
}

#[test]
fn a_protocol_whose_handler_is_replaced_uses_the_new_one_at_once() {
    let mut world = World::new();
    world.run(
        "changing",
        "local function handler(name)
            return function(_, _, next)
                skynet.error(name)
                if next then skynet.dispatch('lua', handler(next)) end
                collectgarbage()
            end
        end
        skynet.start(function()
            skynet.dispatch('lua', handler 'one')
            for _, next in ipairs { false, 'two', false, 'three', 'four', false } do
                skynet.send(skynet.self(), 'lua', next)
                skynet.yield()
            end
        end)",
    );
    assert_eq!(world.lines(), ["one", "one", "two", "two", "three", "four"]);
}

#[test]
fn a_finished_coroutine_that_a_script_kept_and_resumed_is_not_used_again() {
    let mut world = World::new();
    world.run(
        "kept",
        "local kept = {}
        skynet.start(function()
            skynet.dispatch('lua', function(session, source, what)
                if what == nil then coroutine.yield 'by hand' end
                kept[#kept + 1] = coroutine.running()
                skynet.error(what)
            end)
            for i = 1, 3 do
                skynet.send(skynet.self(), 'lua', i)
                skynet.yield()
                coroutine.resume(kept[#kept])
            end
            assert(kept[1] ~= kept[2] and kept[2] ~= kept[3])
            skynet.error 'ok'
        end)",
    );
    assert_eq!(world.lines(), ["1", "2", "3", "ok"]);
}
