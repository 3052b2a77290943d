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
