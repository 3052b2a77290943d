//! `skynet.service`: services that are made of a function.

use super::house::House;

/// A function service that answers with its arguments, and the module at hand.
const DESK: &str = "local service = require 'skynet.service'
    local function desk(...)
        local skynet = require 'skynet'
        local given = table.concat({ ... }, ' ')
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, word) skynet.retpack(given .. ' ' .. word) end)
        end)
    end ";

fn says(code: &str) -> String {
    House::new(&[]).says(&format!("{DESK}{code}"))
}

#[test]
fn a_function_becomes_a_service_with_its_arguments() {
    assert_eq!(says("return skynet.call(service.new('desk', desk, 'a', 2), 'lua', 'x')"), "a 2 x");
}

#[test]
fn there_is_one_of_each_name_whoever_asks() {
    assert_eq!(
        says(
            "local handles, done = {}, 0
            for i = 1, 3 do skynet.fork(function()
                handles[i] = service.new('desk', desk, i)
                done = done + 1
            end) end
            while done < 3 do skynet.sleep(1) end
            assert(handles[1] == handles[2] and handles[2] == handles[3])
            return #skynet.call(handles[1], 'lua', 'x'), service.new('other', desk) ~= handles[1]"
        ),
        "3 true"
    );
}

#[test]
fn other_services_find_it_and_wait_for_it() {
    assert_eq!(
        says(
            "skynet.timeout(10, function() service.new('desk', desk, 'late') end)
            return skynet.call(service.query 'desk', 'lua', 'x')"
        ),
        "late x"
    );
}

#[test]
fn a_function_that_uses_what_surrounds_it_is_refused_by_name() {
    let said = says("local outer = 1 return service.new('bad', function() return outer end)");
    assert!(said.contains("the function uses \"outer\" of what surrounds it"), "{said}");
    assert!(says("return service.new('bad', print)").contains("a function written in Lua is needed"));
}

#[test]
fn one_that_fails_says_why_leaves_nothing_behind_and_is_tried_again() {
    let mut house = House::new(&[]);
    let said = house.says(&format!("{DESK}return service.new('bad', function() error 'no desk today' end)"));
    assert!(said.contains("no desk today"), "{said}");
    assert_eq!(house.count("snlua service_cell bad"), 0);
    assert_eq!(house.says(&format!("{DESK}return skynet.call(service.new('bad', desk, 1), 'lua', 'x')")), "1 x");
}

#[test]
fn one_that_is_closed_ends_and_can_be_made_again() {
    assert_eq!(
        says(
            "local first = service.new('desk', desk, 1)
            local closed, again = service.close 'desk', service.close 'desk'
            assert(not pcall(skynet.call, first, 'lua', 'x'))
            return closed, again, skynet.call(service.new('desk', desk, 2), 'lua', 'x')"
        ),
        "true false 2 x"
    );
}

#[test]
fn no_bytecode_passes_through_the_hands_of_scripts() {
    let mut house = House::new(&[]);
    assert_eq!(
        house.says("return type(require('skynet.function').keep(function() end)), (load(string.dump(function() end)))"),
        "number nil"
    );
    let said = house.says("return require('skynet.function').find(12345)");
    assert!(said.contains("no function was kept under the number 12345"), "{said}");
}
