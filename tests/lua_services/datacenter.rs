//! `skynet.datacenter`.

use super::house::House;

fn says(code: &str) -> String {
    House::new(&[]).says(&format!("local data = require 'skynet.datacenter' {code}"))
}

#[test]
fn a_value_is_found_by_its_path_and_replaced_by_the_next() {
    assert_eq!(
        says(
            "local before = data.set('a', 'b', 1)
            return before, data.set('a', 'b', 2), data.get('a', 'b'), data.get('a').b, data.get('x', 'y')"
        ),
        "nil 1 2 2 nil"
    );
}

#[test]
fn all_services_share_it() {
    let mut house = House::new(&[]);
    house.says("require('skynet.datacenter').set('shared', true)");
    assert_eq!(house.says("return require('skynet.datacenter').get('shared')"), "true");
}

#[test]
fn whoever_waits_gets_the_value_when_it_comes() {
    let code = "skynet.timeout(50, function() data.set('a', 'b', 'here') end)
        local before = skynet.now()
        return data.wait('a', 'b'), skynet.now() - before, data.wait('a', 'b')";
    assert_eq!(says(code), "here 50 here");
}

#[test]
fn a_branch_that_is_set_at_once_serves_those_who_wait_for_its_leaves() {
    assert_eq!(says("skynet.timeout(1, function() data.set('a', { b = 7 }) end) return data.wait('a', 'b')"), "7");
}

#[test]
fn waiting_for_what_becomes_a_branch_fails() {
    let said = says("skynet.timeout(1, function() data.set('a', 'b', 1) end) return data.wait 'a'");
    assert!(said.contains("call failed"), "{said}");
}

#[test]
fn a_value_has_no_branches_and_the_error_says_where() {
    let said = says("data.set('a', 'b', 1) data.set('a', 'b', 'c', 2)");
    assert!(said.contains("call failed") && said.contains("a.b holds a value, not a branch"), "{said}");
    let said = says("data.set('a', 1) return data.get('a', 'b')");
    assert!(said.contains("a holds a value, not a branch"), "{said}");
}
