//! The module as a script finds it, with two VMs that share one store.

use mlua::{Lua, Table, Value};

use super::opener;
use crate::Open;

/// Loads the module, with the least that its objects need.
fn vm(open: &Open) -> Lua {
    let lua = Lua::new();
    lua.globals().set("shared", open(&lua).unwrap()).unwrap();
    lua.load(
        "local live = { __index = shared.fetch, __len = shared.len,
            __pairs = function(t) return shared.step, t end }
        shared.dress('data', live, { __index = function() error('gone', 0) end })
        shared.dress('sheet', live)
        local fixed = {}
        for key, value in pairs(live) do fixed[key] = value end
        fixed.__eq = shared.same
        shared.dress('table', fixed)",
    )
    .exec()
    .unwrap();
    lua
}

fn eval(lua: &Lua, text: &str) -> String {
    let print = "local function all(...) local n, r = select('#', ...), {...}
        for i = 1, n do r[i] = tostring(r[i]) end return table.concat(r, ' ') end ";
    lua.load(format!("{print} return all((function() {text} end)())")).eval().unwrap_or_else(|e| e.to_string())
}

#[test]
fn values_come_out_of_another_vm_as_they_went_in() {
    let open = opener();
    let (owner, reader) = (vm(&open), vm(&open));
    eval(
        &owner,
        "shared.new('data', 'd', { 1, 2.5, 'x', true, { k = 'v' }, [-1] = false, [1.5] = 'f', [true] = 't' })",
    );
    let seen = eval(
        &reader,
        "local d = shared.view('data', 'd')
        return d[1], d[2], d[3], d[4], d[5].k, d[-1], d[1.5], d[true], d[1.0], #d, d.none, d[{}], d[0/0]",
    );
    assert_eq!(seen, "1 2.5 x true v false f t 1 5 nil nil nil");
}

#[test]
fn a_table_is_walked_in_the_order_of_its_keys() {
    let lua = vm(&opener());
    let seen = eval(
        &lua,
        "shared.new('data', 'd', { 'a', 'b', z = 1, y = 2, [10] = 3, [-5] = 4, [0.5] = 5, [true] = 6 })
        local keys = {} for key in pairs(shared.view('data', 'd')) do keys[#keys + 1] = tostring(key) end
        return table.concat(keys, ' ')",
    );
    assert_eq!(seen, "1 2 -5 10 0.5 true y z");
}

#[test]
fn the_same_table_is_the_same_object() {
    let lua = vm(&opener());
    eval(&lua, "shared.new('data', 'd', { a = { b = {} } })");
    assert_eq!(
        eval(&lua, "local d = shared.view('data', 'd') return d.a == d.a, d == shared.view('data', 'd')"),
        "true true"
    );
}

#[test]
fn objects_move_to_the_new_version_when_they_are_told_to_look() {
    let open = opener();
    let (owner, reader) = (vm(&open), vm(&open));
    eval(&owner, "shared.new('data', 'd', { a = { b = { v = 1 } }, gone = {} })");
    eval(&reader, "d = shared.view('data', 'd') b = d.a.b gone = d.gone");
    eval(&owner, "shared.set('data', 'd', { a = { b = { v = 2 } } })");
    assert_eq!(eval(&reader, "return b.v, d.gone == gone"), "1 true", "nobody has looked");
    let seen = eval(&reader, "shared.refresh() return b.v, d.a.b == b, d.gone, pcall(function() return gone.x end)");
    assert_eq!(seen, "2 true nil false gone");
    assert_eq!(eval(&reader, "return shared.place(gone), shared.place(b), shared.place(d)"), ".gone .a.b ");
}

#[test]
fn a_sheet_that_an_update_removes_appears_empty() {
    let lua = vm(&opener());
    let seen = eval(
        &lua,
        "shared.new('sheet', 's', { a = { 1 } })
        local a = shared.view('sheet', 's').a
        shared.set('sheet', 's', {}) shared.refresh()
        return a[1], next(a) ~= nil, (pairs(a))(a)",
    );
    assert_eq!(seen, "nil true nil nil");
}

#[test]
fn a_shared_table_keeps_its_version_until_it_is_updated() {
    let open = opener();
    let (owner, reader) = (vm(&open), vm(&open));
    eval(&owner, "shared.set('table', 't', { a = { v = 1 }, gone = { v = 'old' } })");
    eval(&reader, "t = shared.view('table', 't') a = t.a gone = t.gone");
    eval(&owner, "shared.set('table', 't', { a = { v = 2 } })");
    eval(&reader, "new = shared.view('table', 't')");
    assert_eq!(eval(&reader, "shared.refresh() return t.a.v, new.a.v, t == new"), "1 2 false");
    assert_eq!(eval(&reader, "shared.update('t') return t.a.v, a.v, t == new, t.gone, gone.v"), "2 2 true nil old");
}

#[test]
fn circles_and_functions_without_upvalues_are_shared_as_a_graph() {
    let open = opener();
    let (owner, reader) = (vm(&open), vm(&open));
    eval(&owner, "local t = { f = function(x) return x * 2 end } t.me = t t.g = t.f shared.set('table', 't', t, true)");
    let seen =
        eval(&reader, "local t = shared.view('table', 't') return t.me == t, t.f(21), t.f == t.g, t.f == t.me.f");
    assert_eq!(seen, "true 42 true true");
}

#[test]
fn what_cannot_be_shared_is_named_with_its_place() {
    let lua = vm(&opener());
    let refusals = [
        ("{ a = { f = print } }", "cannot share a function at [.a.f]"),
        ("{ a = { coroutine.create(print) } }", "cannot share a thread at [.a.1]"),
        ("{ [print] = 1 }", "cannot share a function as a key at []"),
        ("{ a = { [{}] = 1 } }", "cannot share a table as a key at [.a]"),
        ("setmetatable({}, { __pairs = function() return function() return 0/0, 1 end end })", "nan as a key at []"),
        ("(function() local t = { a = {} } t.a.b = t return t end)()", "contains itself: [.a.b] is [] again"),
        ("(function() local t = {} for _ = 1, 250 do t = { t } end return t end)()", "nested deeper than 200"),
        ("5", "bad argument #3 to 'new' (table expected, got number)"),
    ];
    for (data, text) in refusals {
        let said = eval(&lua, &format!("return select(2, pcall(shared.new, 'data', 'x', {data}))"));
        assert!(said.contains(text), "{data}: {said}");
    }
    let graphs = [
        ("{ f = function() return print end }", "Invalid function with upvalue at [.f]"),
        ("{ print }", "not written in Lua at [.1]"),
        ("{ a = setmetatable({}, {}) }", "Can't share metatable at [.a]"),
    ];
    for (data, text) in graphs {
        let said = eval(&lua, &format!("return select(2, pcall(shared.set, 'table', 'x', {data}, true))"));
        assert!(said.contains(text), "{data}: {said}");
    }
    assert_eq!(eval(&lua, "return #shared.names('data'), #shared.names('table')"), "0 0", "nothing was left behind");
}

#[test]
fn a_table_that_contains_itself_many_times_over_is_refused_before_it_fills_the_memory() {
    let lua = vm(&opener());
    let bomb = "local t = {} for _ = 1, 60 do t = { t, t } end return pcall(shared.new, 'data', 'x', t)";
    assert!(eval(&lua, bomb).contains("cannot share more than"));
}

#[test]
fn an_iterator_that_does_not_end_is_refused() {
    let lua = vm(&opener());
    let endless =
        "local t = setmetatable({}, { __pairs = function() return function(_, n) return (n or 0) + 1, 1 end end })
        return pcall(shared.new, 'data', 'x', t)";
    assert!(eval(&lua, endless).contains("cannot share more than"));
}

#[test]
fn a_circle_is_not_copied_for_ever() {
    let lua = vm(&opener());
    eval(&lua, "local t = {} t.t = t shared.set('table', 't', t, true)");
    assert!(eval(&lua, "return pcall(shared.copy, shared.view('table', 't'))").contains("contains itself"));
}

#[test]
fn a_name_is_new_once_and_can_be_removed() {
    let lua = vm(&opener());
    assert_eq!(eval(&lua, "shared.new('data', 'd', { v = 1 }) old = shared.view('data', 'd')"), "");
    assert!(eval(&lua, "shared.new('data', 'd', {})").contains("'d' exists already: use update"));
    assert_eq!(eval(&lua, "return shared.remove('data', 'd'), shared.remove('data', 'd')"), "true false");
    assert_eq!(eval(&lua, "return shared.view('data', 'd'), old.v"), "nil 1", "what was read stays");
    assert_eq!(eval(&lua, "shared.new('data', 'd', { v = 2 }) return shared.view('data', 'd').v, old.v"), "2 1");
}

#[test]
fn a_copy_is_a_plain_table() {
    let lua = vm(&opener());
    let seen = eval(
        &lua,
        "shared.new('data', 'd', { 1, 2, a = { b = 'x' } })
        local copy = shared.copy(shared.view('data', 'd'))
        copy.a.c = 'y'
        return #copy, copy[2], copy.a.b, copy.a.c, rawlen(copy), getmetatable(copy)",
    );
    assert_eq!(seen, "2 2 x y 2 nil");
}

#[test]
fn an_old_version_goes_when_nobody_shows_it() {
    let open = opener();
    let lua = vm(&open);
    eval(&lua, "shared.set('table', 't', { a = {} }) t = shared.view('table', 't').a");
    eval(&lua, "shared.set('table', 't', {}) new = shared.view('table', 't') shared.update('t')");
    // `t` is not in the new version and keeps the old one; when it goes, that goes.
    assert_eq!(eval(&lua, "t = nil collectgarbage() shared.flush() return #new"), "0");
}

#[test]
fn a_finalizer_may_read_shared_data() {
    let lua = vm(&opener());
    let seen = eval(
        &lua,
        "shared.new('data', 'd', { text = ('x'):rep(100), deep = { v = 'seen' } })
        local d, heard = shared.view('data', 'd'), 0
        for i = 1, 20000 do
            setmetatable({}, { __gc = function() if d.deep.v == 'seen' then heard = heard + 1 end end })
            local _ = d.text .. i
            if i % 1000 == 0 then shared.set('data', 'd', { text = 'y', deep = { v = 'seen' } }) shared.refresh() end
        end
        collectgarbage()
        return heard > 1000",
    );
    assert_eq!(seen, "true");
}

#[test]
fn a_blob_is_read_once_per_version() {
    let open = opener();
    let (one, other) = (vm(&open), vm(&open));
    let token: Value = one.load("w = shared.writer('first') return shared.issue(w)").eval().unwrap();
    other.globals().set("token", token).unwrap();
    assert_eq!(eval(&other, "r = shared.redeem(token) return shared.read(r), shared.read(r)"), "first nil");
    eval(&one, "shared.write(w, 'second') shared.write(w, 'third')");
    assert_eq!(eval(&other, "return shared.read(r), shared.read(r)"), "third nil");
    assert!(eval(&other, "shared.redeem(token)").contains("each one can be taken once"));
    eval(&one, "w = nil collectgarbage()");
    assert_eq!(eval(&other, "return shared.read(r)"), "nil", "the reader outlives the writer");
}

#[test]
fn a_vm_can_close_while_it_shows_shared_data() {
    let open = opener();
    for _ in 0..3 {
        let lua = vm(&open);
        eval(&lua, "pcall(shared.new, 'data', 'd', { a = { b = 1 } }) d = shared.view('data', 'd') a = d.a");
        let a: Table = lua.globals().get("a").unwrap();
        assert_eq!(a.get::<i64>("b").unwrap(), 1);
    }
}
