//! The chat on a node of its own: what Lua services see of it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use skyloom::{Handle, Log, Skyloom};

use super::{Doors, Place, configure, start};

const LONG: Duration = Duration::from_secs(20);

/// Somebody who knows the hub from the tutorial only.
const TUTORIAL_USER: &str = r#"
    local skynet = require "skynet"
    local heard = {}
    skynet.register_protocol { name = "chat", id = 25, pack = skynet.pack, unpack = skynet.unpack }
    skynet.start(function()
        local hub = skynet.query "CHAT_HUB"
        skynet.dispatch("chat", function(_, _, cmd, message)
            heard[#heard + 1] = cmd .. " " .. message.type .. " " .. message.user .. " " .. (message.text or "")
        end)
        skynet.dispatch("lua", function(_, _, cmd, ...)
            if cmd == "heard" then
                skynet.retpack(table.concat(heard, "\n"))
            elseif cmd == "say" then
                skynet.send(hub, "chat", "message", ...)
                skynet.retpack(true)
            elseif cmd == "many" then
                for i = 1, ... do
                    assert(skynet.call(hub, "lua", "create_room", "many-" .. i))
                end
                skynet.retpack(#skynet.call(hub, "lua", "rooms"))
            else
                skynet.retpack(skynet.call(hub, "lua", cmd, ...))
            end
        end)
    end)
"#;

struct World {
    skyloom: Skyloom,
    doors: Doors,
}

fn world() -> World {
    let builder =
        configure(Skyloom::builder().workers(2).log(Log::None)).lua_with(|lua| lua.builtin("user", TUTORIAL_USER));
    let skyloom = builder.start().unwrap();
    let doors = start(&skyloom, &Place { host: "127.0.0.1".into(), web: 0, lines: 0 }).unwrap();
    World { skyloom, doors }
}

impl World {
    fn ask<R: skyloom::Incoming>(&self, user: Handle, what: impl skyloom::Outgoing) -> R {
        self.skyloom.call_blocking(user, what, LONG).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.skyloom.stop(LONG);
    }
}

#[test]
fn the_tutorial_s_commands_work_and_its_users_talk_with_guests() {
    let world = world();
    let ann = world.skyloom.spawn_lua("user", &[]).unwrap();
    let bob = world.skyloom.spawn_lua("user", &[]).unwrap();
    let done: (bool, Option<String>) = world.ask(ann, ("create_room", "games"));
    assert_eq!(done, (true, None));
    let done: (bool, Option<String>) = world.ask(ann, ("create_room", "games"));
    assert_eq!(done, (false, Some("Room exists".into())));
    let done: (bool, Option<String>) = world.ask(ann, ("join_room", "ann", "nowhere", ann.get()));
    assert_eq!(done, (false, Some("Room not found".into())));
    let done: (bool, Option<String>) = world.ask(ann, ("join_room", "ann", "games", ann.get()));
    assert_eq!(done, (true, None));
    let done: bool = world.ask(bob, ("join_room", "bob", "games", bob.get()));
    assert!(done);

    let mut guest = TcpStream::connect(world.doors.lines).unwrap();
    guest.set_read_timeout(Some(LONG)).unwrap();
    guest.write_all(b"/nick carl\n/join games\n").unwrap();
    let mut lines = BufReader::new(guest.try_clone().unwrap()).lines().map(Result::unwrap);
    assert_eq!(
        lines.find(|line| line.starts_with("* you are in")),
        Some("* you are in games with ann, bob, carl".into())
    );
    let said: bool = world.ask(ann, ("say", "ann", "games", "hello"));
    assert!(said);
    assert_eq!(lines.next(), Some("<ann> hello".into()));
    guest.write_all(b"hi ann\n").unwrap();
    assert_eq!(lines.next(), Some("<carl> hi ann".into()));

    // What the guest has heard, the room has told the users before.
    let heard: String = world.ask(ann, "heard");
    assert_eq!(
        heard, "message join ann \nmessage join bob \nmessage join carl \nmessage chat carl hi ann",
        "and not her own line"
    );
    let heard: String = world.ask(bob, "heard");
    assert_eq!(heard, "message join bob \nmessage join carl \nmessage chat ann hello\nmessage chat carl hi ann");
}

#[test]
fn when_there_are_too_many_rooms_the_one_that_is_empty_for_longest_goes() {
    let world = world();
    let user = world.skyloom.spawn_lua("user", &[]).unwrap();
    let rooms: usize = world.ask(user, ("many", 520));
    assert_eq!(rooms, 500);
    let listed: Vec<(String, u64)> = world.ask(user, "rooms");
    assert!(listed.iter().any(|(name, _)| name == "lobby"), "that one stays");
    assert!(!listed.iter().any(|(name, _)| name == "many-1"));
}
