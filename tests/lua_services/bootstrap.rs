//! The first service of a node that a config file describes.

use super::house::House;

fn boot(house: &mut House, start: &str) {
    house.sim.node().set_env("start", start).unwrap();
    let bootstrap = house.lua.service("bootstrap", &[]);
    house.sim.node().spawn(bootstrap);
    house.sim.run();
}

#[test]
fn it_starts_what_programs_rely_on_then_the_program_and_leaves() {
    let mut house =
        House::new(&[("game.lua", "local a, b = ... skynet.start(function() skynet.error('up', a, b) end)")]);
    boot(&mut house, "game one two");
    let node = house.sim.node();
    for name in [".launcher", ".cslave", "DATACENTER", ".service", "SERVICE"] {
        assert!(node.lookup(name).is_some(), "{name}");
    }
    assert_eq!(node.env("standalone").as_deref(), Some("true"));
    assert_eq!(house.count("snlua game one two"), 1);
    assert_eq!(house.count("snlua bootstrap"), 0, "it has left");
    assert!(house.lines().contains(&"up one two".to_owned()));
}

#[test]
fn the_program_has_the_small_handle_that_skynet_gives_it() {
    let mut house = House::new(&[("game.lua", "skynet.start(function() skynet.error(skynet.self()) end)")]);
    boot(&mut house, "game");
    assert!(house.lines().contains(&"8".to_owned()));
}

#[test]
fn a_program_that_fails_ends_the_node_with_its_error() {
    let mut house = House::new(&[("game.lua", "skynet.start(function() error 'no data' end)")]);
    boot(&mut house, "game");
    let failure = house.sim.node().env("skyloom.failure").unwrap();
    assert!(failure.contains("no data"), "{failure}");
    assert!(house.sim.node().lookup(".launcher").is_none(), "the node ends");
    let lines = house.lines();
    assert!(lines.iter().any(|line| line.contains("init service failed") && line.contains("no data")), "{lines:?}");
}

#[test]
fn a_program_may_end_the_node_in_its_start() {
    let mut house = House::new(&[("game.lua", "skynet.start(function() skynet.abort() end)")]);
    boot(&mut house, "game");
    assert_eq!(house.sim.node().env("skyloom.failure"), None);
}

#[test]
fn a_program_may_leave_in_its_start() {
    let mut house = House::new(&[("game.lua", "skynet.start(function() skynet.exit() end)")]);
    boot(&mut house, "game");
    assert_eq!(house.lines(), Vec::<String>::new());
    assert!(house.sim.node().lookup(".launcher").is_some());
}
