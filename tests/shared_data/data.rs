//! `skynet.sharedata`.

use super::house::House;

fn house() -> House {
    super::house(&[(
        "owner.lua",
        "local sharedata = require 'skynet.sharedata'
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, what, ...) sharedata[what](...) skynet.retpack() end)
            skynet.register '.owner'
        end)",
    )])
}

/// Runs `code` in a service, with `sharedata` and with `own(what, ...)`, which has another service do it.
fn says(code: &str) -> String {
    house().says(&format!(
        "local sharedata = require 'skynet.sharedata'
        skynet.newservice 'owner'
        local function own(...) skynet.call('.owner', 'lua', ...) end
        {code}"
    ))
}

#[test]
fn what_one_service_makes_another_reads() {
    let said = says(
        "own('new', 'd', { 1, 'two', { 3 }, k = { deep = true }, [-7] = 'below' })
        local d = sharedata.query 'd'
        return type(d), d[1], d[2], d[3][1], d.k.deep, d[-7], d.none, #d",
    );
    assert_eq!(said, "table 1 two 3 true below nil 3");
}

#[test]
fn the_library_of_lua_takes_it_for_a_table() {
    let said = says(
        "own('new', 'd', { 'a', 'b', 'c', x = { y = 1 } })
        local d = sharedata.query 'd'
        local list = {}
        for i, v in ipairs(d) do list[#list + 1] = i .. v end
        for k in pairs(d) do list[#list + 1] = tostring(k) end
        return table.concat(list, ','), table.concat(d, '-'), table.unpack(d)",
    );
    assert_eq!(said, "1a,2b,3c,1,2,3,x a-b-c a b c");
}

#[test]
fn it_can_be_sent_in_a_message() {
    let said = says(
        "own('new', 'd', { 1, x = { y = 'z' } })
        local d = skynet.unpack(skynet.pack(sharedata.query 'd'))
        return d[1], d.x.y, getmetatable(d)",
    );
    assert_eq!(said, "1 z nil");
}

#[test]
fn writing_is_an_error_that_names_the_table() {
    let said = says(
        "own('new', 'd', { a = { b = {} } })
        return select(2, pcall(function() sharedata.query('d').a.b.c = 1 end))",
    );
    assert!(said.ends_with("Error newindex, the key [.a.b]"), "{said}");
}

#[test]
fn the_same_table_is_the_same_object() {
    let said = says(
        "own('new', 'd', { a = { b = {} } })
        local d = sharedata.query 'd'
        local seen = { [d.a.b] = 'seen' }
        return d.a == d.a, d == sharedata.query 'd', seen[d.a.b]",
    );
    assert_eq!(said, "true true seen");
}

#[test]
fn objects_follow_an_update() {
    let said = says(
        "own('new', 'd', { a = { v = 1 }, list = { 1, 2 } })
        local d = sharedata.query 'd'
        local a, list = d.a, d.list
        own('update', 'd', { a = { v = 2 }, list = { 3 } })
        return a.v, d.a == a, #list, list[1], list == d.list",
    );
    assert_eq!(said, "2 true 1 3 true");
}

#[test]
fn what_an_update_removes_raises_when_it_is_used() {
    let gone = "own('new', 'd', { a = { b = { v = 1 } } })
        local d = sharedata.query 'd'
        local b = d.a.b
        own('update', 'd', { a = 5 })";
    for access in ["b.v", "#b", "pairs(b)", "rawset({}, 1, b[1])"] {
        let said = says(&format!("{gone} return select(2, pcall(function() return {access} end))"));
        assert!(said.ends_with("The key [.a.b] doesn't exist after update"), "{access}: {said}");
    }
    let said = says(&format!("{gone} return d.a"));
    assert_eq!(said, "5", "the rest goes on");
}

#[test]
fn a_handler_sees_one_version_until_it_waits() {
    let mut house = house();
    house.run(
        "reader",
        "local sharedata = require 'skynet.sharedata'
        skynet.newservice 'owner'
        skynet.start(function()
            sharedata.new('d', { v = 1 })
            local d = sharedata.query 'd'
            skynet.dispatch('lua', function()
                local before = d.v
                -- As if another worker updated it in this moment.
                require('skyloom.shared').set('data', 'd', { v = 2 })
                local same = d.v
                skynet.yield()
                skynet.retpack(table.concat({ before, same, d.v }, ' '))
            end)
            skynet.register '.reader'
        end)",
    );
    assert_eq!(house.says("return skynet.call('.reader', 'lua')"), "1 1 2");
}

#[test]
fn who_updates_sees_it_at_once() {
    let said = says(
        "sharedata.new('d', { v = 1 }) local d = sharedata.query 'd'
        local before = d.v sharedata.update('d', { v = 2 }) return before, d.v",
    );
    assert_eq!(said, "1 2");
}

#[test]
fn a_walk_that_waits_meets_each_key_at_most_once() {
    let said = says(
        "own('new', 'd', { a = 1, b = 2, c = 3 })
        local d, seen = sharedata.query 'd', {}
        for k, v in pairs(d) do
            seen[#seen + 1] = k .. v
            if k == 'a' then own('update', 'd', { a = 10, c = 30, e = 50 }) assert(d.c == 30) end
        end
        return table.concat(seen, ' ')",
    );
    assert_eq!(said, "a1 c30 e50");
}

#[test]
fn a_source_gives_what_it_returns_or_else_its_globals() {
    let said = says(
        "sharedata.new('a', 'x, y = 1, { ... }', 7, 8)
        sharedata.new('b', 'x = 1 return { z = ... }', 9)
        sharedata.new('c', 'x = math.max(1, 2) return 5')
        local a, b, c = sharedata.query 'a', sharedata.query 'b', sharedata.query 'c'
        return a.x, a.y[2], b.x, b.z, c.x, _G.x",
    );
    assert_eq!(said, "1 8 nil 9 2 nil");
}

#[test]
fn a_file_is_such_a_source() {
    let mut house = house();
    let path = house.folder.0.join("items.lua");
    std::fs::write(&path, "sword = { price = ... }").unwrap();
    let said = house.says(&format!(
        "local sharedata = require 'skynet.sharedata'
        sharedata.new('items', '@{}', 30)
        return sharedata.query('items').sword.price",
        path.display()
    ));
    assert_eq!(said, "30");
}

#[test]
fn a_source_that_fails_says_where() {
    assert!(says("sharedata.new('d', 'x = = 1')").contains("d:1: unexpected symbol near '='"));
    assert!(says("sharedata.new('d', 'error \"boom\"')").contains("d:1: boom"));
    assert!(says("sharedata.new('d', '@/nowhere/d.lua')").contains("cannot open /nowhere/d.lua"));
    assert!(says("sharedata.new('d', 5)").contains("Unknown data type number"));
}

#[test]
fn names_that_are_taken_or_missing_are_errors() {
    assert!(says("sharedata.new('d', {}) sharedata.new('d', {})").contains("'d' exists already: use update"));
    assert!(says("sharedata.query 'd'").contains("no shared data named 'd'"));
    assert!(says("sharedata.delete 'd'").contains("no shared data named 'd'"));
    assert_eq!(says("sharedata.update('d', { v = 1 }) return sharedata.query('d').v"), "1", "update makes it too");
}

#[test]
fn what_was_deleted_stays_readable_and_can_be_made_anew() {
    let said = says(
        "own('new', 'd', { v = 1 })
        local old = sharedata.query 'd'
        own('delete', 'd')
        local found = pcall(sharedata.query, 'd')
        own('new', 'd', { v = 2 })
        return old.v, found, sharedata.query('d').v, old.v",
    );
    assert_eq!(said, "1 false 2 1");
}

#[test]
fn a_deep_copy_is_the_services_own() {
    let said = says(
        "own('new', 'd', { a = { b = { 1, 2 }, c = 'c' } })
        local b = sharedata.deepcopy('d', 'a', 'b')
        b[3] = 3
        return #b, sharedata.deepcopy('d', 'a', 'c'), sharedata.deepcopy('d', 'x', 'y'), sharedata.deepcopy('d').a.b[2]",
    );
    assert_eq!(said, "3 c nil 2");
}

#[test]
fn flush_lets_go_and_what_is_held_stays() {
    let said = says(
        "own('new', 'd', { a = { v = 1 } }) own('new', 'e', { v = 2 })
        local a = sharedata.query('d').a
        assert(sharedata.query('e').v == 2)
        sharedata.flush()
        return a.v, sharedata.query('d').a == a, sharedata.query('e').v",
    );
    assert_eq!(said, "1 true 2");
}

#[test]
fn data_that_cannot_be_shared_is_refused_with_its_place() {
    let refusals = [
        ("{ a = { f = print } }", "cannot share a function at [.a.f]"),
        ("{ a = io.stdout }", "cannot share a userdata at [.a]"),
        ("{ [{}] = 1 }", "cannot share a table as a key at []"),
        ("(function() local t = {} t.t = t return t end)()", "contains itself: [.t] is [] again"),
        ("(function() local t = {} for _ = 1, 300 do t = { t } end return t end)()", "nested deeper than 200"),
        ("setmetatable({}, { __pairs = function() return function() return 0/0, 1 end end })", "nan as a key"),
        ("setmetatable({}, { __pairs = function() error 'boom' end })", "boom"),
    ];
    for (data, text) in refusals {
        let said = says(&format!("sharedata.new('d', {data})"));
        assert!(said.starts_with("error: ") && said.contains(text), "{data}: {said}");
    }
}

#[test]
fn nodes_share_nothing() {
    assert_eq!(says("sharedata.new('d', {})"), "");
    assert!(says("sharedata.query 'd'").contains("no shared data"), "another node");
}
