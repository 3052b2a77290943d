//! `skynet.snax`: services with named methods, and their replacement while they run.

use super::house::House;

/// A service with a bit of everything.
const COUNTER: &str = "
local snax = require 'skynet.snax'
local queue = require 'skynet.queue'
local lock = queue()
local count, step = 0, 1
step_name = 'one'
function init(first, ...) count = first or 0 end
function exit(word) skynet.error('exit', word, count) return 'gone' end
function accept.add(n) count = count + n * step end
function response.count() return count, step_name end
function response.double() return response.count() * 2 end
function response.fail() error 'oops' end
function response.me() return snax.self().handle, SERVICE_NAME end
";

fn house() -> House {
    House::new(&[("counter.lua", COUNTER)])
}

/// The results of `code`, in which `c` is a counter that began with 10.
fn says(house: &mut House, code: &str) -> String {
    let folder = house.folder.0.display().to_string();
    house.says(&format!(
        "if not skynet.getenv 'snax' then skynet.setenv('snax', '{folder}/none/?.lua;{folder}/?.lua') end
        local snax = require 'skynet.snax'
        local c = snax.newservice('counter', 10)
        {code}"
    ))
}

#[test]
fn methods_are_called_with_and_without_an_answer() {
    let mut house = house();
    assert_eq!(says(&mut house, "c.post.add(5) return c.type, c.req.count()"), "counter 15 one");
    assert_eq!(says(&mut house, "return c.req.double()"), "20");
    assert_eq!(says(&mut house, "local h, n = c.req.me() return h == c.handle, n"), "true counter");
}

#[test]
fn a_method_that_does_not_exist_is_named() {
    let mut house = house();
    assert!(says(&mut house, "c.req.add(1)").ends_with("request counter:add no exist"));
    assert!(says(&mut house, "c.post.count()").ends_with("post counter:count no exist"));
}

#[test]
fn an_error_in_a_method_reaches_the_caller() {
    let mut house = house();
    let said = says(&mut house, "c.req.fail()");
    assert!(said.contains("call failed") && said.contains("oops"), "{said}");
    assert_eq!(says(&mut house, "pcall(c.req.fail) return c.req.count()"), "10 one");
}

#[test]
fn numbers_follow_the_order_of_the_definitions() {
    let mut house = house();
    let said = says(
        &mut house,
        "local i = snax.interface 'counter'
        return i.system.init, i.system.profile, i.accept.add, i.response.count, i.response.me, i.response.add",
    );
    assert_eq!(said, "1 4 5 6 9 nil");
}

#[test]
fn the_end_is_told_to_the_service_and_then_it_is_gone() {
    let mut house = house();
    let said = says(&mut house, "snax.kill(c, 'now') local ok, why = pcall(c.req.count) return ok, why");
    assert!(said.starts_with("false "), "{said}");
    assert!(house.lines().contains(&"exit now 10".to_owned()));
    assert_eq!(house.count("snaxd"), 0);
}

#[test]
fn there_is_one_unique_service_which_others_find() {
    let mut house = house();
    let said = says(
        &mut house,
        "local a = snax.uniqueservice('counter', 1)
        local b = snax.uniqueservice('counter', 2)
        return a == b, a.handle ~= c.handle, snax.queryservice('counter').req.count()",
    );
    assert_eq!(said, "true true 1 one");
    let said = says(&mut house, "return snax.globalservice('counter', 7).handle == snax.queryglobal('counter').handle");
    assert_eq!(said, "true");
}

#[test]
fn every_call_is_counted() {
    let mut house = house();
    let said = says(
        &mut house,
        "c.post.add(1) c.post.add(1) pcall(c.req.fail)
        local info = snax.profile_info(c)
        return info.add.count, info.fail.count, info.count, math.type(info.add.time)",
    );
    assert_eq!(said, "2 1 nil float");
}

#[test]
fn only_a_service_that_was_initialised_once_takes_calls() {
    let mut house = house();
    let said = says(
        &mut house,
        "local raw = skynet.newservice('snaxd', 'counter')
        local _, first = pcall(skynet.call, raw, 'snax', 6)
        local _, never = pcall(skynet.call, raw, 'snax', 2)
        local _, again = pcall(skynet.call, c.handle, 'snax', 1)
        return first:match 'Init first', never:match 'Never init', again:match 'Already init'",
    );
    assert_eq!(said, "Init first Never init Already init");
}

#[test]
fn a_patch_goes_on_with_the_state_that_is_there() {
    let mut house = house();
    let said = says(
        &mut house,
        "local old = snax.hotfix(c, [[
            local count, step
            local function more(n) return n + 1000 end
            function accept.add(n) count = more(count) + n * step end
            function hotfix(new) local before = step step = new step_name = 'patched' return before end
        ]], 3)
        c.post.add(2)
        return old, c.req.count()",
    );
    assert_eq!(said, "1 1016 patched");
}

#[test]
fn a_patch_that_does_not_fit_changes_nothing() {
    let mut house = house();
    let table = [
        ("function accept.add() end function response.none() end", "Patch mismatch response.none"),
        ("function accept.add() end nonsense", "syntax error"),
        ("function accept.add() end accept.other = 5", "accept.other must be function"),
        ("function accept.add() end function accept.add() end", "accept.add duplicate definition"),
        ("function accept.add() end error 'half'", "half"),
        ("function accept.add() end function hotfix() error 'in it' end", "in it"),
    ];
    for (patch, expected) in table {
        let said = says(&mut house, &format!("snax.hotfix(c, [[{patch}]])"));
        assert!(said.starts_with("error: ") && said.contains(expected), "{patch}: {said}");
    }
    let said = says(
        &mut house,
        "pcall(snax.hotfix, c, 'function accept.add() end error(1)') c.post.add(1) return c.req.count()",
    );
    assert_eq!(said, "11 one");
}

#[test]
fn a_file_that_is_no_service_says_what_is_wrong() {
    let mut house = House::new(&[
        ("counter.lua", COUNTER),
        ("number.lua", "accept.x = 1"),
        ("index.lua", "response[1] = print"),
        ("twice.lua", "function init() end function init() end"),
    ]);
    let table = [
        ("number", "accept.x must be function"),
        ("index", "response method only support string"),
        ("twice", "system.init duplicate definition"),
        ("missing", "no snax file missing: tried "),
    ];
    for (name, expected) in table {
        let said = says(&mut house, &format!("snax.newservice('{name}')"));
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn without_a_place_for_snax_files_it_says_so() {
    let mut house = house();
    let said = house.says("require('skynet.snax').newservice 'counter'");
    assert_eq!(said, "error: please set snax in config file");
}

#[test]
fn a_service_may_be_called_by_the_lua_protocol_if_it_says_so() {
    let text = format!("{COUNTER} function accept.open() snax.enablecluster() end");
    let mut house = House::new(&[("counter.lua", text.as_str())]);
    let said =
        says(&mut house, "c.post.open() return skynet.call(c.handle, 'lua', snax.interface('counter').response.count)");
    assert_eq!(said, "10 one");
}
