//! The service named `.launcher`.

use super::house::House;

const IDLE: &str = "skynet.start(function() skynet.dispatch('lua', function() skynet.ret() end) end)";

fn house() -> House {
    let mut house = House::new(&[
        ("idle.lua", IDLE),
        ("broken.lua", "skynet.start(function() error 'broken' end)"),
        ("leaver.lua", "skynet.start(function() skynet.exit() end)"),
        ("deaf.lua", "skynet.start(function() skynet.dispatch('debug', function() end) end)"),
    ]);
    let launcher = house.lua.service("launcher", &[]);
    house.sim.node().spawn(launcher);
    house.sim.run();
    house
}

#[test]
fn it_launches_services_and_lists_them_with_their_arguments() {
    let said = house().says(
        "local handle = skynet.call('.launcher', 'lua', 'LAUNCH', 'snlua', 'idle', 1, 'b')
        return skynet.call('.launcher', 'lua', 'LIST')[skynet.address(handle)]",
    );
    assert_eq!(said, "snlua idle 1 b");
}

#[test]
fn it_lists_those_that_answer_debug_requests_and_not_itself() {
    let said = house().says(
        "local list = skynet.call('.launcher', 'lua', 'LIST')
        for address in pairs(list) do
            local handle = tonumber(address:sub(2), 16)
            if handle ~= skynet.self() then skynet.call(handle, 'debug', 'PING') end
        end
        return list[skynet.address(skynet.localname '.launcher')], list[skynet.address(skynet.localname '.logger')]",
    );
    assert_eq!(said, "nil nil");
}

#[test]
fn its_commands_may_be_written_in_any_case() {
    assert_eq!(house().says("return type(skynet.call('.launcher', 'lua', 'list'))"), "table");
    assert_eq!(house().says("return skynet.call('.launcher', 'lua', 'dance')[1]"), "Unknown command");
}

#[test]
fn whoever_launches_hears_of_failures_and_of_early_ends() {
    let mut house = house();
    let said = house.says("return skynet.call('.launcher', 'lua', 'LAUNCH', 'snlua', 'broken')");
    assert!(said.contains("call failed") && said.contains("broken"), "{said}");
    assert_eq!(house.says("return skynet.call('.launcher', 'lua', 'LAUNCH', 'snlua', 'leaver')"), "nil");
}

#[test]
fn it_kills_and_says_whom() {
    let said = house().says(
        "local handle = skynet.newservice 'idle'
        local killed = skynet.call('.launcher', 'lua', 'KILL', handle)
        return killed[skynet.address(handle)], skynet.servicestat(handle), \
            skynet.call('.launcher', 'lua', 'KILL', handle)[skynet.address(handle)]",
    );
    assert_eq!(said, "snlua idle nil nil");
}

#[test]
fn it_counts_what_services_do_and_use() {
    let said = house().says(
        "local handle = skynet.newservice 'idle'
        local address = skynet.address(handle)
        local stat = skynet.call('.launcher', 'lua', 'STAT')[address]
        local memory = skynet.call('.launcher', 'lua', 'MEM')[address]
        local collected = skynet.call('.launcher', 'lua', 'GC')[address]
        return math.type(stat.mqlen), stat.task, math.type(stat.message), memory:match '^[%d.]+ Kb %(snlua idle%)$' ~= nil, \
            collected:match ' Kb ' ~= nil",
    );
    assert_eq!(said, "integer 0 integer true true");
}

#[test]
fn a_service_that_does_not_answer_holds_nobody_up() {
    let mut house = house();
    let said = house.says(
        "local handle = skynet.newservice 'deaf'
        local address, before = skynet.address(handle), skynet.now()
        local memory = skynet.call('.launcher', 'lua', 'MEM', 50)[address]
        return memory, skynet.call('.launcher', 'lua', 'STAT')[address], skynet.now() - before",
    );
    assert!(said.starts_with("TIMEOUT (snlua deaf) TIMEOUT 35"), "{said}");
}

#[test]
fn what_services_of_skynet_report_to_it_is_taken_politely() {
    let mut house = house();
    house.says(
        "skynet.send('.launcher', 'lua', 'LAUNCHOK')
        skynet.send('.launcher', 'lua', 'REMOVE', skynet.self(), false)
        skynet.rawsend('.launcher', 0, '')
        skynet.sleep(1)",
    );
    assert_eq!(house.lines(), Vec::<String>::new());
}
