//! sproto, against what Skynet's own makes of the same.

mod world;

use world::{run, vm_with};

const VECTORS: &str = include_str!("vectors/sproto.txt");
const SCHEMA: &str = include_str!("vectors/all.sproto");

/// Runs a script for all vectors of a kind, given as `vectors`, a list of lists.
#[track_caller]
fn for_vectors(kind: &str, script: &str) {
    let lua = vm_with(&skyloom_modules::all());
    let vectors = VECTORS.lines().filter(|line| !line.starts_with('#'));
    let vectors = vectors.map(|line| line.split('\t').collect::<Vec<_>>()).filter(|fields| fields[0] == kind);
    let vectors: Vec<Vec<&str>> = vectors.map(|fields| fields[1..].to_vec()).collect();
    assert!(!vectors.is_empty());
    lua.globals().set("vectors", vectors).expect("set");
    lua.globals().set("schema", SCHEMA).expect("set");
    if let Err(error) = lua.load(script).set_name("=script").exec() {
        panic!("{error}");
    }
}

#[test]
fn a_schemas_text_becomes_the_bundle_that_everybody_reads() {
    for_vectors("bundle", r#"is(hex(require "sprotoparser".parse(schema)), vectors[1][1])"#);
    for_vectors(
        "parse",
        r#"
        local parser = require "sprotoparser"
        for _, vector in ipairs(vectors) do
            local text, wanted = vector[1], vector[2]
            if wanted:sub(1, 1) == "!" then
                is(text .. reason(parser.parse, text, "text"), text .. wanted:sub(2))
            else
                is(hex(parser.parse(text, "text")), wanted)
            end
        end
        is(reason(parser.parse, ".A {\n x ", "file"), "syntax error at [file] line (2)")
        is(reason(parser.parse, ".A { x 40000 : integer }"), "tag 40000 of x in type A exceeds 32766")
        is(reason(parser.parse, ".A { x 0 : string(2) }"), "x in type A is no integer and has no digits")
        is(reason(parser.parse, ".A { x 0 : integer(19) }"), "x in type A wants 0 to 18 digits")
        is(reason(parser.parse, (".A {"):rep(100)), "types nested too deep in type " .. ("A."):rep(64) .. "A")
    "#,
    );
}

#[test]
fn values_are_written_and_read_byte_for_byte() {
    for_vectors(
        "encode",
        r#"
        local sp = require "sproto".parse(schema)
        for _, vector in ipairs(vectors) do
            local source, wanted, shown = vector[1], vector[2], vector[3]
            local value = load("return " .. source)()
            if wanted:sub(1, 1) == "!" then
                is(reason(sp.encode, sp, "All", value), wanted:sub(2))
            else
                is(source .. hex(sp:encode("All", value)), source .. wanted)
                is(show(sp:decode("All", unhex(wanted))):gsub("[\0-\8\127-\255]", "?"), shown)
            end
        end
    "#,
    );
}

#[test]
fn bytes_that_do_not_fit_the_schema_are_refused_as_skynet_refuses_them() {
    for_vectors(
        "decode",
        r#"
        local sp = require "sproto".parse(schema)
        for _, vector in ipairs(vectors) do
            local bytes, wanted = unhex(vector[1]), vector[2]
            if wanted:sub(1, 1) == "!" then
                is(vector[1] .. reason(sp.decode, sp, "All", bytes), vector[1] .. wanted:sub(2))
            else
                local value, size = sp:decode("All", bytes)
                is(show(value) .. " " .. size, wanted)
            end
        end
    "#,
    );
}

#[test]
fn packing_is_byte_for_byte_the_same() {
    for_vectors(
        "pack",
        r#"
        local core = require "sproto.core"
        for _, vector in ipairs(vectors) do
            local plain = unhex(vector[1])
            is(hex(core.pack(plain)), vector[2])
            is(core.unpack(unhex(vector[2])):sub(1, #plain), plain)
        end
        for _, bad in ipairs { "01", "ff", "ff00", "ff0001020304050607", "0300", "ff010102030405060708" } do
            is(reason(core.unpack, unhex(bad)), "Invalid unpack stream")
        end
    "#,
    );
}

#[test]
fn what_stock_sproto_writes_wrong_is_an_error() {
    run(r#"
        local sp = require "sproto".parse ".A { d 0 : double f 1 : integer(2) p 2 : A b 3 : *double }"
        local function wrong(value)
            return reason(sp.encode, sp, "A", value)
        end
        is(wrong { d = "x" }, "A.d[0] is not a number (Is a string)")
        is(wrong { f = 1e300 }, "A.f[0] is not in the range of an integer (Is a number)")
        is(wrong { p = 1 }, "A.p[0] is not a table (Is a number)")
        is(wrong { b = { 1, true } }, "A.b[2] is not a number (Is a boolean)")
        is(wrong(5), "bad argument #2 to 'encode' (table expected, got number)")
        is(reason(require "sproto".new, "abc"), "not a sproto bundle: no head")
    "#);
}

#[test]
fn nesting_and_size_have_limits() {
    run(r#"
        local sp = require "sproto".parse ".A { a 0 : A s 1 : *string }"
        local function nest(n)
            local top = {}
            for _ = 1, n do top = { a = top } end
            return top
        end
        assert(sp:decode("A", sp:encode("A", nest(63))))
        is(reason(sp.encode, sp, "A", nest(64)), "The table is too deep")
        local bytes = "\0\0"
        for _ = 1, 65 do bytes = "\1\0\0\0" .. string.pack("<s4", bytes) end
        is(reason(sp.decode, sp, "A", bytes), "The table is too deep")
        local endless = setmetatable({}, { __index = function() return ("x"):rep(1 << 16) end })
        is(reason(sp.encode, sp, "A", { s = endless }), "object is too large (>16777216)")
    "#);
}

/// A connection of two ends that are one, and a script about it.
#[track_caller]
fn rpc(script: &str) {
    const BEGINNING: &str = r#"
    local sproto = require "sproto"
    local sp = sproto.parse [[
        .package { type 0 : integer session 1 : integer ud 2 : integer }
        .P { id 0 : integer }
        foo 1 { request { a 0 : string } response { b 0 : integer } }
        bar 2 { request P response nil }
        baz 3 { }
        qux 4 { response P }
    ]]
    local host = sp:host "package"
    local request = host:attach(sp)
"#;
    run(&[BEGINNING, script].concat());
}

#[test]
fn requests_and_responses_are_those_of_skynet() {
    rpc(r##"
        is(hex(request("foo", { a = "x" }, 1)), "5502040401440178")
        is(hex(request("foo", { a = "x" }, 1, 7)), "55030404101101010178")
        is(hex(request("foo", { a = "x" })), "15010401110178")
        is(hex(request "baz"), "050108")
        is(hex(request("bar", { id = 1 }, 9)), "55020614010104")

        local kind, name, args, respond, ud = host:dispatch(request("foo", { a = "x" }, 1, 7))
        is(kind .. name .. show(args) .. ud, 'REQUESTfoo{a="x"}7')
        is(hex(respond({ b = 5 }, 8)), "550301041205010c")
        is(show { host:dispatch(respond({ b = 5 }, 9)) }, '{1="RESPONSE",2=1,3={b=5},4=9}')
        is(reason(host.dispatch, host, respond { b = 5 }), "Unknown session")
        is(select(4, host:dispatch(request("foo", { a = "x" }))), nil)

        local _, _, none, answer = host:dispatch(request("bar", { id = 1 }, 4))
        is(hex(answer()), "1502010a")
        is(select("#", host:dispatch(answer())), 4)
        is(show(none), "{id=1}")
        is(reason(host.dispatch, host, "\xff"), "Invalid unpack stream")
        is(reason(host.dispatch, host, sproto.pack(sp:encode("package", { type = 99 }))), "99 not found")
        is(reason(request, "nope"), "nope not found")
        is(reason(sp.host, sp, "nope"), "type nope not found")
    "##);
}

#[test]
fn a_schema_can_be_asked_what_it_has() {
    rpc(r##"
        is(sp:exist_type "P", true)
        is(sp:exist_type "Q", false)
        is(sp:exist_proto "foo", true)
        is(sp:exist_proto(9), false)
        is(sp:queryproto(2).name, "bar")
        is(sp:queryproto "foo".tag, 1)
        is(reason(sp.queryproto, sp, "no"), "no not found")
        is(reason(sp.encode, sp, "no", {}), "type not found")
        is(show { sp:request_decode("foo", (sp:request_encode("foo", { a = "x" }))) }, '{1={a="x"},2="foo"}')
        is(select(2, sp:request_encode("foo", {})), 1)
        is(show(sp:response_decode("foo", sp:response_encode("foo", { b = 1 }))), "{b=1}")
        is(sp:request_encode "baz", "")
        is(show(sp:pdecode("P", sp:pencode("P", { id = 3 }))), "{id=3}")
        is(show(sp:default("foo", "REQUEST")), '{a=""}')
        is(show(sp:default("foo", "RESPONSE")), "{b=0}")
        is(sp:default("bar", "RESPONSE"), nil)
        local all = sproto.parse ".P { i 0 : integer } .A { p 0 : P l 1 : *P n 2 : *integer b 3 : boolean d 4 : integer(1) }"
        is(show(all:default "A"), '{b=false,d=0.0,l={__array="P"},n={__array=0},p={__type="P"}}')
    "##);
}

#[test]
fn slots_are_shared_by_the_vms_of_a_node_and_by_no_others() {
    let node = skyloom_modules::all();
    let save = r#"
        local parser = require "sprotoparser"
        local loader = require "sprotoloader"
        loader.save(parser.parse ".A { x 0 : integer }", 3)
        is(reason(loader.save, parser.parse "", 16), "Invalid global slot index 16")
        is(reason(loader.load, -1), "Invalid global slot index -1")
        is(reason(loader.register, "no such file", 1), "Can't open sproto file no such file")
    "#;
    let load = r#"is(hex(require "sprotoloader".load(3):encode("A", { x = 1 })), "01000400")"#;
    vm_with(&node).load(save).exec().expect("saved");
    vm_with(&node).load(load).exec().expect("shared");
    let other = vm_with(&skyloom_modules::all()).load(load).exec();
    assert!(other.is_err_and(|error| error.to_string().contains("nil sproto at index 3")));
}
