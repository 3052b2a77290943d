//! Which of two wins: a built-in service, or a file of that name.

use super::house::House;

const OWN: &str = "skynet.start(function() skynet.dispatch('lua', function() skynet.retpack 'own' end) end)";

#[test]
fn a_file_of_the_project_wins_over_a_built_in_service() {
    let mut house = House::new(&[("datacenterd.lua", OWN)]);
    assert_eq!(house.says("return skynet.call(skynet.newservice 'datacenterd', 'lua')"), "own");
}

#[test]
fn but_not_one_in_a_copy_of_skynets_service_folder() {
    let mut house =
        House::new(&[("datacenterd.lua", OWN), ("bootstrap.lua", OWN), ("launcher.lua", OWN), ("other.lua", OWN)]);
    let said = house.says("return skynet.call(skynet.newservice 'datacenterd', 'lua', 'QUERY', 'x')");
    assert_eq!(said, "nil", "the built-in one answered");
    assert_eq!(house.says("return skynet.call(skynet.newservice 'other', 'lua')"), "own", "what is not built in");
}
