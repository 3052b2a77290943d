//! `skynet.sharetable`.

use super::house;

fn says(code: &str) -> String {
    let mut house = house(&[(
        "owner.lua",
        "local sharetable = require 'skynet.sharetable'
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, what, ...) sharetable[what](...) skynet.retpack() end)
            skynet.register '.owner'
        end)",
    )]);
    house.says(&format!(
        "local sharetable = require 'skynet.sharetable'
        skynet.newservice 'owner'
        local function own(...) skynet.call('.owner', 'lua', ...) end
        {code}"
    ))
}

#[test]
fn tables_come_from_tables_sources_and_files() {
    let house = house(&[]);
    let path = house.folder.0.join("t.lua");
    std::fs::write(&path, "return { ... }").unwrap();
    let said = says(&format!(
        "own('loadtable', 'a', {{ v = 1 }})
        own('loadstring', 'b', 'local x = ... return {{ v = x }}', 2)
        own('loadfile', '{0}', 3)
        return sharetable.query('a').v, sharetable.query('b').v, sharetable.query('{0}')[1], sharetable.query('c')",
        path.display()
    ));
    assert_eq!(said, "1 2 3 nil");
}

#[test]
fn all_of_them_or_a_list_are_found_by_name() {
    let said = says(
        "for _, name in ipairs { 'a', 'b', 'c' } do own('loadtable', name, { n = name }) end
        local names = {}
        for name, t in pairs(sharetable.queryall()) do names[#names + 1] = name .. t.n end
        table.sort(names)
        local some = sharetable.queryall { 'a', 'x', 'c' }
        return table.concat(names, ','), some.a.n, some.b, some.c.n, some.x",
    );
    assert_eq!(said, "aa,bb,cc a nil c nil");
}

#[test]
fn a_version_stays_until_update_shows_the_next_one_everywhere() {
    let said = says(
        "own('loadtable', 't', { a = { b = { v = 1 } } })
        local t = sharetable.query 't'
        local held = { t, deep = { t.a.b } }
        own('loadtable', 't', { a = { b = { v = 2 } } })
        local before, new = t.a.b.v, sharetable.query 't'
        local differ = t ~= new
        sharetable.update('t', 'none')
        return before, new.a.b.v, differ, t.a.b.v, held.deep[1].v, held[1] == t, t == new, held.deep[1] == t.a.b",
    );
    assert_eq!(said, "1 2 true 2 2 true true true");
}

#[test]
fn what_the_next_version_does_not_have_stays_as_it_was() {
    let said = says(
        "own('loadtable', 't', { a = { v = 1 } })
        local t = sharetable.query 't'
        local a = t.a
        own('loadtable', 't', {}) sharetable.update 't'
        return t.a, a.v",
    );
    assert_eq!(said, "nil 1");
}

#[test]
fn circles_and_functions_without_upvalues_are_fine() {
    let said = says(
        "own('loadstring', 't', 'local t = { twice = function(x) return x * 2 end } t.me = t return t')
        local t = sharetable.query 't'
        return t.me == t, t.me.me == t, t.twice(4), t.twice == t.me.twice",
    );
    assert_eq!(said, "true true 8 true");
}

#[test]
fn nobody_can_change_one() {
    let change = "own('loadtable', 't', { 1, a = {} }) local t = sharetable.query 't' ";
    for code in ["t.x = 1", "t[1] = 2", "t.a.b = 1", "table.insert(t, 1)"] {
        assert!(says(&format!("{change}{code}")).contains("attempt to change a shared table, the key ["), "{code}");
    }
    assert!(says(&format!("{change}setmetatable(t, {{}})")).contains("cannot change a protected metatable"));
}

#[test]
fn what_cannot_be_shared_is_refused_with_its_place() {
    let refusals = [
        ("local y = 1 return { f = function() return y end }", "Invalid function with upvalue at [.f]"),
        ("return { a = { print } }", "cannot share a function that is not written in Lua at [.a.1]"),
        ("return { a = setmetatable({}, {}) }", "Can't share metatable at [.a]"),
        ("return { coroutine.create(print) }", "cannot share a thread at [.1]"),
        ("return 5", "Not a table, it's a number."),
        ("x = 1", "Not a table, it's a nil."),
        ("return = 1", "t:1: unexpected symbol near '='"),
    ];
    for (source, text) in refusals {
        let said = says(&format!("sharetable.loadstring('t', [[{source}]])"));
        assert!(said.contains(text), "{source}: {said}");
    }
    assert!(says("sharetable.loadtable('t', { f = print })").contains("cannot share a function at [.f]"));
}
