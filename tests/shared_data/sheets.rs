//! `skynet.datasheet` and its builder.

use super::house;

fn says(code: &str) -> String {
    let mut house = house(&[(
        "owner.lua",
        "local builder = require 'skynet.datasheet.builder'
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, what, ...) builder[what](...) skynet.retpack() end)
            skynet.register '.owner'
        end)",
    )]);
    house.says(&format!(
        "local datasheet = require 'skynet.datasheet'
        local builder = require 'skynet.datasheet.builder'
        skynet.newservice 'owner'
        local function own(...) skynet.call('.owner', 'lua', ...) end
        local function hex(s) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end)) end
        {code}"
    ))
}

#[test]
fn an_update_changes_the_objects_in_place() {
    let said = says(
        "own('new', 's', { a = 1, c = { 3 } })
        local s = datasheet.query 's'
        local c = s.c
        own('update', 's', { b = 4, c = { 5 } })
        return s.a, s.b, c[1], s.c == c, datasheet.query 's' == s",
    );
    assert_eq!(said, "nil 4 5 true true");
}

#[test]
fn what_an_update_removes_appears_empty() {
    let said = says(
        "own('new', 's', { c = { 3, k = 1 } })
        local c = datasheet.query('s').c
        own('update', 's', {})
        local count = 0
        for _ in pairs(c) do count = count + 1 end
        return c[1], c.k, #c, count",
    );
    assert_eq!(said, "nil nil 0 0");
}

#[test]
fn numbers_of_a_table_keep_their_precision() {
    let said = says(
        "own('new', 's', { 0.1, 1 << 40, 2^53 })
        local s = datasheet.query 's'
        return s[1] == 0.1, s[2] == 1 << 40, math.type(s[2]), s[3]",
    );
    assert_eq!(said, "true true integer 9007199254740992.0");
}

#[test]
fn names_that_are_taken_or_missing_are_errors() {
    assert!(says("own('new', 's', {}) builder.new('s', {})").contains("'s' exists already"));
    assert!(says("builder.update('s', {})").contains("no datasheet named 's': create data first"));
    assert!(says("datasheet.query 's'").contains("no datasheet named 's': create data first"));
    assert!(says("builder.new('s', 5)").contains("not a number"));
}

#[test]
fn writing_is_an_error() {
    assert!(says("own('new', 's', { a = {} }) datasheet.query('s').a.b = 1").contains("the key [.a.b]"));
}

#[test]
fn compiled_sheets_have_the_bytes_that_other_programs_know() {
    let known = [
        ("{ a = 1 }", "20000000010000000000000000000000010000000100000000000000010000006100"),
        ("{ 10, 20, 30 }", "2400000001000000000000000300000000000000010101000a000000140000001e00000000"),
        ("{}", "140000000100000000000000000000000000000000"),
        (
            "{ 'x', { k = 'v' }, true, 1.5, false }",
            "480000000200000000000000240000000500000000000000050403020300000000000000010000000000000\
             10000c03f00000000000000000100000005000000020000000400000078006b007600",
        ),
        (
            "{ a = { b = { c = 'deep' } }, z = 'zz' }",
            "5800000003000000000000001c0000003000000000000000020000000405000000000000010000000b0000000d000000\
             0000000001000000040000000200000002000000000000000100000005000000040000000600000061006200630064656570007a007a7a00",
        ),
    ];
    for (data, bytes) in known {
        assert_eq!(says(&format!("return hex(builder.compile({data}))")), bytes, "{data}");
    }
}

#[test]
fn a_compiled_sheet_can_be_shared() {
    let said = says(
        "own('new', 's', builder.compile { 'x', { k = 'v' }, true, 1.5, false, -3, n = { m = {} } })
        local s = datasheet.query 's'
        return s[1], s[2].k, s[3], s[4], s[5], s[6], #s, type(s.n.m)",
    );
    assert_eq!(said, "x v true 1.5 false -3 6 table");
}

#[test]
fn what_cannot_be_compiled_is_refused() {
    for data in ["{ [1.5] = 1 }", "{ 1, nil, 3, [10] = 1 }", "{ f = print }", "{ s = 'a\\0b' }", "{ [true] = 1 }"] {
        assert!(says(&format!("builder.compile({data})")).contains("a compiled datasheet"), "{data}");
        let said = says(&format!("builder.compile({data})"));
        assert!(said.starts_with("error: "), "{said}");
    }
    assert!(says("local t = {} t.t = t builder.compile(t)").contains("nested deeper"));
}

#[test]
fn strings_that_are_no_sheets_are_refused() {
    let said = says(
        "local good = builder.compile { 'x', { k = 'v' }, n = { 1, 2 } }
        local refused, read = 0, 0
        for cut = 0, #good - 1 do
            local ok, why = pcall(builder.new, 'cut' .. cut, good:sub(1, cut))
            refused = refused + (ok and 0 or 1)
            assert(ok or type(why) == 'string', why)
        end
        for place = 1, #good do
            for _, byte in ipairs { '\\0', '\\1', '\\255' } do
                local bad = good:sub(1, place - 1) .. byte .. good:sub(place + 1)
                local ok, why = pcall(builder.new, 'bad' .. place .. byte, bad)
                assert(ok or type(why) == 'string', why)
            end
        end
        return refused == #good",
    );
    assert_eq!(said, "true");
}
