//! Names without a dot, and `skynet.harbor`.

use super::house::House;

#[test]
fn a_service_is_reached_by_a_global_name() {
    let mut house = House::new(&[]);
    let said = house.says(
        "local harbor = require 'skynet.harbor'
        skynet.dispatch('lua', function(_, _, word) skynet.retpack(word .. '!') end)
        harbor.globalname('HALL')
        local handle = harbor.queryname 'HALL'
        return handle == skynet.self(), skynet.call('HALL', 'lua', 'hello')",
    );
    assert_eq!(said, "true hello!");
}

#[test]
fn a_query_for_a_name_waits_until_a_service_has_it() {
    let mut house = House::new(&[]);
    let said = house.says(
        "local harbor = require 'skynet.harbor'
        skynet.timeout(100, function() skynet.register 'LATE' end)
        local before = skynet.now()
        return harbor.queryname 'LATE' == skynet.self(), skynet.now() - before <= 106",
    );
    assert_eq!(said, "true true");
}

#[test]
fn a_name_that_is_taken_stays_with_its_owner() {
    let mut house = House::new(&[]);
    let said = house.says(
        "local harbor = require 'skynet.harbor'
        skynet.register 'MINE'
        harbor.globalname('MINE', harbor.queryname 'MINE' + 1)
        skynet.sleep(1)
        return harbor.queryname 'MINE' == skynet.self()",
    );
    assert_eq!(said, "true");
    let lines = house.lines();
    assert!(lines.iter().any(|line| line.contains("the name MINE is taken")), "{lines:?}");
}

#[test]
fn a_local_name_that_nobody_has_is_not_waited_for() {
    let mut house = House::new(&[]);
    assert_eq!(house.says("return require('skynet.harbor').queryname '.nobody'"), "nil");
}

#[test]
fn there_are_no_other_nodes_to_wait_for() {
    let mut house = House::new(&[]);
    assert_eq!(
        house.says("require('skynet.harbor').link(2) require('skynet.harbor').linkmaster() return 'back'"),
        "back"
    );
    let said = house.says("require('skynet.harbor').connect(2)");
    assert!(said.contains("call failed") && said.contains("skynet.cluster"), "{said}");
    assert!(house.lines().iter().any(|line| line == "Can't connect to other harbor in single node mode"));
}
