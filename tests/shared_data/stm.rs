//! `skynet.stm`.

use super::house;

fn says(code: &str) -> String {
    let mut house = house(&[(
        "reader.lua",
        "local stm = require 'skynet.stm'
        local reader
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, token)
                if token then reader = stm.newcopy(token) end
                skynet.retpack(reader(skynet.unpack))
            end)
        end)",
    )]);
    house.says(&format!(
        "local stm = require 'skynet.stm'
        local other = skynet.newservice 'reader'
        local function ask(...) return table.concat({{ skynet.call(other, 'lua', ...) }}, ' ', 2) end
        local function news(...) return (skynet.call(other, 'lua', ...)) end
        {code}"
    ))
}

#[test]
fn a_reader_in_another_service_sees_each_version_once() {
    let said = says(
        "local w = stm.new(skynet.pack(1, 'two'))
        local first = ask(stm.copy(w))
        local again = news()
        w(skynet.pack('three')) w(skynet.pack('four'))
        return first, again, ask(), news()",
    );
    assert_eq!(said, "1 two false four false");
}

#[test]
fn bytes_may_be_a_string_and_the_function_may_return_what_it_likes() {
    let said = says(
        "local w = stm.new 'text'
        local r = stm.newcopy(stm.copy(w))
        return r(function(message, size, extra) return #skynet.tostring(message, size), size, extra end, 'more')",
    );
    assert_eq!(said, "true 4 4 more");
}

#[test]
fn a_reader_outlives_its_writer() {
    let said = says(
        "local w = stm.new 'last words'
        local r = stm.newcopy(stm.copy(w))
        w = nil collectgarbage()
        return r(skynet.tostring)",
    );
    assert_eq!(said, "true last words");
}

#[test]
fn wrong_arguments_are_errors_with_the_callers_line() {
    let wrong = [
        ("stm.new {}", "bad argument #1 to 'new' (string expected, got table)"),
        ("stm.new 'x' ()", "string expected, got no value"),
        ("stm.copy 'x'", "writer expected"),
        ("stm.copy(stm.newcopy(stm.copy(stm.new 'x')))", "writer expected"),
        ("local r = stm.newcopy(stm.copy(stm.new 'x')) r 'x'", "function expected, got string"),
        ("stm.newcopy(77)", "each one can be taken once"),
        ("local c = stm.copy(stm.new 'x') stm.newcopy(c) stm.newcopy(c)", "each one can be taken once"),
    ];
    for (code, text) in wrong {
        let said = says(code);
        assert!(said.starts_with("error: ") && said.contains(text), "{code}: {said}");
    }
}
