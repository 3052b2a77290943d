//! bson, against what Skynet's own makes of the same.

mod world;

use world::{run, vm};

const VECTORS: &str = include_str!("vectors/bson.txt");

#[test]
fn documents_are_written_and_read_byte_for_byte() {
    let lua = vm();
    let vectors = VECTORS.lines().filter_map(|line| line.strip_prefix("encode\t"));
    let vectors: Vec<Vec<&str>> = vectors.map(|line| line.split('\t').collect()).collect();
    lua.globals().set("vectors", vectors).expect("set");
    let script = r#"
        bson = require "bson"
        local function shown(v)
            if type(v) == "table" then
                for key, value in pairs(v) do v[key] = shown(value) end
                return v
            end
            return type(v) == "string" and hex(v) or v
        end
        for _, vector in ipairs(vectors) do
            local source, wanted, decoded = vector[1], vector[2], vector[3]
            local value = load("return " .. source)()
            if wanted:sub(1, 1) == "!" then
                is(source .. fails(bson.encode, value), source .. wanted:sub(2))
            else
                local document = bson.encode(value)
                is(source .. hex(tostring(document)), source .. wanted)
                is(show(shown(bson.decode(document))), decoded)
            end
        end
    "#;
    if let Err(error) = lua.load(script).set_name("=script").exec() {
        panic!("{error}");
    }
}

#[test]
fn an_ordered_document_keeps_its_order() {
    run(r#"
        local bson = require "bson"
        is(hex(tostring(bson.encode_order("a", 1, "b", { 2 }))), "1b000000106100010000000462000c000000103000020000000000")
        is(tostring(bson.encode_order(1, 2)), tostring(bson.encode { ["1"] = 2 }))
        is(fails(bson.encode_order, "a"), "Invalid ordered dict")
        is(fails(bson.encode_order, "a", nil, "b", 1), "Bson array has a hole (nil), Use bson.null instead")
        is(fails(bson.encode_order, nil, 1), "Argument 1 need a string")
        is(fails(bson.encode, 5), "bad argument #1 to 'encode' (table expected, got number)")
    "#);
}

#[test]
fn special_values_are_told_apart() {
    run(r##"
        local bson = require "bson"
        local function type_of(...) return show { bson.type(...) } end
        is(type_of(1.5), '{1="number",2=1.5}')
        is(type_of "s", '{1="string",2="s"}')
        is(type_of "\0", '{1="string",2="\0"}')
        is(type_of(nil), '{1="nil"}')
        is(select("#", bson.type(1)), 2)
        is(type_of(bson.null), '{1="nil"}')
        is(type_of(bson.minkey), '{1="minkey"}')
        is(type_of(bson.maxkey), '{1="maxkey"}')
        is(type_of(bson.date(1000)), '{1="date",2=1000}')
        is(type_of(bson.timestamp(5, 6)), '{1="timestamp",2=5,3=6}')
        is(type_of(bson.regex("a", "i")), '{1="regex",2="a",3="i"}')
        is(type_of(bson.binary "hi"), '{1="binary",2="hi",3=0}')
        is(type_of(bson.objectid "0123456789abcdef01234567"), '{1="objectid",2="0123456789abcdef01234567"}')
        is(type_of(bson.int64(9)), '{1="int64",2=9}')
        is(fails(bson.type), "Invalid type no value")
        is(fails(bson.type, print), "Invalid type function")
        is(fails(bson.type, "\0\99zz"), "Invalid subtype 99")
        is(fails(bson.objectid, "x"), "Invalid objectid x")
        is(fails(bson.int64, 7.5), "bad argument #1 to 'int64' (number has no integer representation)")
    "##);
}

#[test]
fn no_two_object_ids_are_alike() {
    run(r#"
        local bson = require "bson"
        local seen = {}
        for _ = 1, 1000 do
            local id = bson.objectid()
            is(#id, 14)
            assert(not seen[id])
            seen[id] = true
        end
    "#);
}

#[test]
fn a_document_can_be_changed_in_place() {
    run(r#"
        local bson = require "bson"
        local d = bson.encode_order("i", 1, "f", 1.5, "b", true, "d", bson.date(1), "t", bson.timestamp(1, 2),
            "o", bson.objectid "0123456789abcdef01234567", "l", bson.int64(3), "s", "str", "n", bson.null, "sub", { q = 1 })
        is(reason(function() d.i = 2 end), "call makeindex first")
        is(rawequal(d:makeindex(), d), true)
        local size = #d
        d.i, d.f, d.b, d.d, d.l = 5, 2, false, bson.date(9), 99
        d.t, d.o = bson.timestamp(3, 4), bson.objectid "ffffffffffffffffffffffff"
        local t = d:decode()
        is(show { t.i, t.f, t.b, t.l }, "{1=5,2=2.0,3=false,4=99}")
        is(t.d .. t.t .. t.o, bson.date(9) .. bson.timestamp(3, 4) .. bson.objectid "ffffffffffffffffffffffff")
        is(#d, size)
        local function set(key, value)
            return reason(function() d[key] = value end)
        end
        is(set("i", 5.5), "5.5 must be a 32bit integer")
        is(set("i", 1 << 40), "1099511627776 must be a 32bit integer")
        is(set("l", "x"), "x must be a 64bit integer")
        is(set("d", 9), "Type mismatch, need bson type 9")
        is(set("o", "x"), "Type mismatch, need bson type 7")
        for _, key in ipairs { "s", "n", "sub", "zz" } do
            is(set(key, "abc"), "Can't replace key : " .. key)
        end
    "#);
}

#[test]
fn a_document_stands_in_another_and_behind_a_light_userdata() {
    run(r#"
        local bson = require "bson"
        local inner = bson.encode { x = 1 }
        is(show(bson.decode(bson.encode { a = inner })), "{a={x=1}}")
        local light = bson.to_lightuserdata(inner)
        is(type(light), "userdata")
        is(show(bson.decode(light)), "{x=1}")
        is(bson.decode(nil), nil)
        is(show(bson.decode(tostring(inner))), "{x=1}")
        inner = nil
        collectgarbage()
        collectgarbage()
        is(fails(bson.decode, light), "bad argument #1 to 'decode' (this document is gone)")
        is(fails(bson.decode, io.stdout), "bad argument #1 to 'decode' (bson expected, got userdata)")
    "#);
}

#[test]
fn nesting_has_a_limit_both_ways() {
    run(r#"
        local bson = require "bson"
        local t = {}
        t.t = t
        is(fails(bson.encode, t), "Too depth while encoding bson")
        local function nest(n)
            local top = {}
            for _ = 1, n do top = { a = top } end
            return top
        end
        assert(bson.encode(nest(128)):decode())
        is(fails(bson.encode, nest(129)), "Too depth while encoding bson")
        local bytes = "\5\0\0\0\0"
        for _ = 1, 129 do bytes = string.pack("<i4", #bytes + 8) .. "\3a\0" .. bytes .. "\0" end
        is(fails(bson.decode, bytes), "Too depth while decoding bson")
    "#);
}

#[test]
fn bytes_that_are_no_document_are_refused() {
    run(r#"
        local bson = require "bson"
        local function wrong(bytes) return fails(bson.decode, unhex(bytes)) end
        is(wrong "", "Invalid bson block (0:4)")
        is(wrong "ff00000000", "Invalid bson block (5:255)")
        is(wrong "ffffffff00", "Invalid bson block: a negative length")
        is(wrong "0400000000", "Invalid bson block: no such length of a document")
        is(wrong "0500000001", "Invalid bson block: a document does not end with a zero")
        is(wrong "0800000063610000", "Invalid bson type : 99")
        is(wrong "0a000000106100010200", "Invalid bson block (2:4)")
        is(wrong "0e0000000261 00ff000000610000", "Invalid bson block (2:255)")
        is(wrong "0c00000002610000000000 00", "Invalid bson block: a string does not end with a zero")
        is(wrong "070000000a6100", "Invalid bson block: a key does not end")
    "#);
}
