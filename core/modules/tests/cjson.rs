//! `cjson`, as its users know it.

mod world;

use world::run;

#[test]
fn values_are_written_as_json() {
    run(r#"
        local cjson = require "cjson"
        for text, value in pairs {
            ["null"] = cjson.null, ["true"] = true, ["1"] = 1, ["-5"] = -5, ["0.5"] = 0.5, ["2"] = 2.0,
            ["9223372036854775807"] = math.maxinteger, ["1e+100"] = 1e100,
            ['"a\\"b\\\\c\\/d\\n\\u0001\\u007f\xff"'] = 'a"b\\c/d\n\1\127\xff',
            ["[1,2,3]"] = { 1, 2, 3 }, ["[1,null,3]"] = { [1] = 1, [3] = 3 }, ['{"a":[{"b":1}]}'] = { a = { { b = 1 } } },
            ['{"1.5":1}'] = { [1.5] = 1 }, ['{"0":1}'] = { [0] = 1 }, ["{}"] = {}, ["[[]]"] = { cjson.empty_array },
        } do
            is(cjson.encode(value), text)
        end
        is(cjson.encode(nil), "null")
        is(cjson.encode(setmetatable({}, cjson.empty_array_mt)), "[]")
        is(cjson.encode(setmetatable({ nil, 2, x = 1 }, cjson.array_mt)):sub(1, 1), "[")
        is(cjson._NAME, "cjson")
        assert(cjson._VERSION)
    "#);
}

#[test]
fn json_is_read_and_integers_stay_integers() {
    run(r#"
        local cjson = require "cjson"
        is(show(cjson.decode ' {"a" : [1, 2.0, "x", true, null, {}, []], "b":{"c":-1e2}} '),
            '{a={1=1,2=2.0,3="x",4=true,5=' .. tostring(cjson.null) .. ',6={},7={}},b={c=-100.0}}')
        is(math.type(cjson.decode "12"), "integer")
        is(math.type(cjson.decode "12.0"), "float")
        is(cjson.decode "9223372036854775807", math.maxinteger)
        is(cjson.decode '"\\u00e4\\ud83d\\ude00\xff"', "ä😀\xff")
        is(cjson.decode "null", cjson.null)
        is(cjson.decode "Infinity", 1 / 0)
    "#);
}

#[test]
fn an_error_says_what_stands_where() {
    run(r#"
        local cjson = require "cjson"
        for text, error in pairs {
            [""] = "Expected value but found T_END at character 1",
            ["x"] = "Expected value but found invalid token at character 1",
            [" [1,]"] = "Expected value but found T_ARR_END at character 5",
            ["[1 2]"] = "Expected comma or array end but found T_NUMBER at character 4",
            ['{"a":1 "b"}'] = "Expected comma or object end but found T_STRING at character 8",
            ["{1:2}"] = "Expected object key string but found T_NUMBER at character 2",
            ['{"a" 1}'] = "Expected colon but found T_NUMBER at character 6",
            ["1 2"] = "Expected the end but found T_NUMBER at character 3",
            ['"abc'] = "Expected value but found unexpected end of string at character 5",
            ['"a\\x"'] = "Expected value but found invalid escape code at character 3",
            ['"\\ud800"'] = "Expected value but found invalid unicode escape code at character 2",
            ["-"] = "Expected value but found invalid number at character 1",
            ["[}"] = "Expected value but found T_OBJ_END at character 2",
            ["\0["] = "JSON parser does not support UTF-16 or UTF-32",
            ["{"] = "Expected object key string but found T_END at character 2",
        } do
            is(fails(cjson.decode, text), error)
        end
        is(fails(cjson.decode, {}), "bad argument #1 to 'decode' (string expected, got table)")
        is(fails(cjson.encode, print), "Cannot serialise function: type not supported")
        is(fails(cjson.encode, { [true] = 1 }), "Cannot serialise table: table key must be a number or string")
        is(fails(cjson.encode, 0 / 0), "Cannot serialise number: must not be NaN or Infinity")
    "#);
}

#[test]
fn nesting_has_a_limit_that_scripts_may_move() {
    run(r#"
        local cjson = require "cjson"
        assert(cjson.decode(("["):rep(1000) .. ("]"):rep(1000)))
        is(fails(cjson.decode, ("["):rep(1001)), "Found too many nested data structures (1001) at character 1001")
        local t = {}
        t.t = t
        is(fails(cjson.encode, t), "Cannot serialise, excessive depth (1001)")
        is(cjson.decode_max_depth(2), 2)
        is(fails(cjson.decode, "[[[1]]]"), "Found too many nested data structures (3) at character 3")
        is(cjson.encode_max_depth(1), 1)
        is(fails(cjson.encode, { { 1 } }), "Cannot serialise, excessive depth (2)")
        -- No depth exhausts the stack of the machine.
        cjson.decode_max_depth(2 ^ 31 - 1 | 0)
        cjson.encode_max_depth(2 ^ 31 - 1 | 0)
        local deep = cjson.decode(("["):rep(20000) .. ("]"):rep(20000))
        is(#cjson.encode(deep), 40000)
        is(fails(cjson.decode_max_depth, 0), "bad argument #1 to 'decode_max_depth' (expected integer between 1 and 2147483647)")
    "#);
}

#[test]
fn sparse_arrays_are_refused_or_become_objects() {
    run(r#"
        local cjson = require "cjson"
        is(fails(cjson.encode, { [1000] = 1 }), "Cannot serialise table: excessively sparse array")
        is(cjson.encode { [4] = 1 }, "[null,null,null,1]")
        is(show { cjson.encode_sparse_array(true) }, "{1=true,2=2,3=10}")
        is(cjson.encode { [1000] = 1 }, '{"1000":1}')
        cjson.encode_sparse_array(false, 0)
        is(select(2, cjson.encode { [1000] = 1 }:gsub("null", "")), 999)
        is(fails(cjson.encode, { [math.maxinteger] = 1 }), "Cannot serialise table: excessively sparse array")
    "#);
}

#[test]
fn settings_belong_to_one_instance() {
    run(r#"
        local cjson = require "cjson"
        local other = cjson.new()
        is(other.encode_number_precision(3), 3)
        is(other.encode(0.123456), "0.123")
        is(cjson.encode(0.123456), "0.123456")
        is(cjson.encode_keep_buffer(), true)
        is(cjson.encode_invalid_numbers "null", "null")
        is(cjson.encode { 0 / 0 }, "[null]")
        is(cjson.encode_invalid_numbers(true), true)
        is(cjson.encode { 1 / 0, -1 / 0 }, "[Infinity,-Infinity]")
        is(cjson.decode_invalid_numbers(false), false)
        is(fails(cjson.decode, "[01]"), "Expected value but found invalid number at character 2")
        is(fails(cjson.decode, "NaN"), "Expected value but found invalid token at character 1")
        is(other.null, cjson.null)
        is(other.array_mt, cjson.array_mt)
        other.decode_array_with_array_mt(true)
        is(other.encode(other.decode "[[]]"), "[[]]")
    "#);
}

#[test]
fn the_safe_module_returns_what_is_wrong() {
    run(r#"
        local cjson = require "cjson.safe"
        local value, text = cjson.decode "["
        is(value, nil)
        is(text, "Expected value but found T_END at character 2")
        is(select(2, cjson.encode(print)), "Cannot serialise function: type not supported")
        is(cjson.new().decode "x", nil)
        is(cjson.encode { 1 }, "[1]")
    "#);
}

#[test]
fn damaged_texts_do_no_harm() {
    run(r#"
        local cjson = require "cjson.safe"
        local text = cjson.encode { a = { 1, 2.5, -3e100, "x\n\\\1", cjson.null, true }, b = { c = {} } } .. ' "\\ud83d\\ude00"'
        for at = 0, #text do
            cjson.decode(text:sub(1, at))
            for _, byte in ipairs { "\0", '"', "\\", "u", "[", "}", ",", "-", "e", "0", "\xff" } do
                local value = cjson.decode(text:sub(1, at) .. byte .. text:sub(at + 2))
                if value ~= nil then
                    assert(cjson.encode(value))
                end
            end
        end
    "#);
}
