//! `skynet.uniqueservice`, `queryservice` and the service behind them.

use super::house::House;

const ECHO: &str = "local args = { ... } skynet.start(function() skynet.sleep(5) \
    skynet.dispatch('lua', function() skynet.retpack(table.concat(args, ' ')) end) end)";

#[test]
fn one_who_asks_starts_it_and_all_get_the_same() {
    let mut house = House::new(&[("echo.lua", ECHO)]);
    let said = house.says(
        "local handles, done = {}, 0
        for i = 1, 3 do skynet.fork(function()
            handles[i] = skynet.uniqueservice('echo', i)
            done = done + 1
        end) end
        while done < 3 do skynet.sleep(1) end
        assert(handles[1] == handles[2] and handles[2] == handles[3])
        return skynet.call(handles[1], 'lua')",
    );
    let counts: Vec<_> = (1..=3).map(|i| house.count(&format!("snlua echo {i}"))).collect();
    assert_eq!(counts.iter().sum::<usize>(), 1, "{counts:?}");
    assert_eq!(counts[said.parse::<usize>().unwrap() - 1], 1, "the arguments of one of them count");
}

#[test]
fn a_query_waits_until_somebody_has_started_it() {
    let mut house = House::new(&[("echo.lua", ECHO)]);
    let said = house.says(
        "local before = skynet.now()
        skynet.timeout(100, function() skynet.uniqueservice('echo', 'late') end)
        return skynet.call(skynet.queryservice 'echo', 'lua'), skynet.now() - before",
    );
    assert_eq!(said, "late 105");
}

#[test]
fn one_that_fails_says_why_and_is_tried_again() {
    let mut house = House::new(&[("shy.lua", "skynet.start(function() error 'not in the mood' end)")]);
    let first = house.says("return skynet.uniqueservice 'shy'");
    assert!(first.starts_with("error: ") && first.contains("not in the mood"), "{first}");
    let known = house.says("return skynet.queryservice 'shy'");
    assert!(known.contains("not in the mood"), "a query does not wait for what has failed: {known}");
    std::fs::write(house.folder.0.join("shy.lua"), format!("local skynet = require 'skynet' {ECHO}")).unwrap();
    assert_eq!(house.says("return skynet.call(skynet.uniqueservice('shy', 'well'), 'lua')"), "well");
}

#[test]
fn one_that_has_ended_is_started_anew() {
    let mut house = House::new(&[("echo.lua", ECHO)]);
    let said = house.says(
        "local first = skynet.uniqueservice('echo', 1)
        skynet.kill(first)
        return skynet.call(skynet.uniqueservice('echo', 2), 'lua')",
    );
    assert_eq!(said, "2");
}

#[test]
fn one_that_leaves_in_its_start_is_a_failure() {
    let mut house = House::new(&[("leaver.lua", "skynet.start(function() skynet.exit() end)")]);
    let said = house.says("return skynet.uniqueservice 'leaver'");
    assert_eq!(said, "error: service leaver exited in its start");
}

#[test]
fn the_one_of_all_nodes_is_another_than_the_local_one() {
    let mut house = House::new(&[("echo.lua", ECHO)]);
    let said = house.says(
        "local here, everywhere = skynet.uniqueservice('echo', 1), skynet.uniqueservice(true, 'echo', 2)
        assert(here ~= everywhere)
        assert(here == skynet.queryservice 'echo' and everywhere == skynet.queryservice(true, 'echo'))
        local list = skynet.call('SERVICE', 'lua', 'LIST')
        return list.echo == skynet.address(here), list['@echo'] == skynet.address(everywhere)",
    );
    assert_eq!(said, "true true");
}

#[test]
fn the_list_tells_of_failures_and_of_those_who_wait() {
    let mut house = House::new(&[]);
    let said = house.says(
        "pcall(skynet.uniqueservice, 'missing')
        skynet.fork(pcall, skynet.queryservice, 'nobody')
        skynet.sleep(1)
        local list = skynet.call('.service', 'lua', 'LIST')
        return list.missing:match '^Error: ', list.nobody:match '^never started', list.nobody:match 'waits since'",
    );
    assert_eq!(said, "Error:  never started waits since");
}
