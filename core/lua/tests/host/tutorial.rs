//! The code blocks of the tutorial on messages run as they stand.

use crate::world::World;

/// Section 7: the chat hub.
const HUB: &str = include_str!("tutorial/chat_message_hub.lua");

/// Sections 2 to 6: the blocks with the helpers that they leave out.
const PATTERNS: &str = include_str!("tutorial/patterns.lua");

#[test]
fn the_chat_hub_takes_users_and_passes_messages_on() {
    let mut world = World::new();
    let spawn = world.lua.text("chat_message_hub", HUB, &[]);
    world.node().spawn(spawn);
    world.sim.run_until_idle();
    world.run(
        "user",
        "skynet.register_protocol { name = 'chat', id = 25, pack = skynet.pack, unpack = skynet.unpack }
        skynet.start(function()
            skynet.dispatch('chat', function(_, _, cmd, message)
                skynet.error(cmd, message.type, message.user, message.text)
            end)
            local hub = skynet.query 'CHAT_HUB'
            skynet.error(skynet.call(hub, 'lua', 'create_room', 'den'))
            skynet.error(skynet.call(hub, 'lua', 'create_room', 'den'))
            skynet.error(skynet.call(hub, 'lua', 'join_room', 'ann', 'den', skynet.self()))
            skynet.send(hub, 'chat', 'message', 'bob', 'den', 'hello')
        end)",
    );
    assert_eq!(world.lines(), ["true", "false Room exists", "message join ann nil", "true", "message chat bob hello"]);
}

#[test]
fn the_patterns_work() {
    let mut world = World::new();
    let spawn = world.lua.text("patterns", PATTERNS, &[]);
    world.node().spawn(spawn);
    for _ in 0..800 {
        world.pass(1);
    }
    let lines = world.lines();
    assert_eq!(lines.last().map(String::as_str), Some("ok"), "{lines:#?}");
}
