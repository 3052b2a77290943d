//! The serialiser over a Lua stack: Skynet's bytes.

use crate::world::World;

fn packed(values: &str) -> String {
    let mut world = World::new();
    world.run(
        "pack",
        &format!(
            "local bytes = skynet.packstring({values})
        skynet.error((bytes:gsub('.', function(c) return string.format('%02x ', c:byte()) end)))"
        ),
    );
    world.lines().pop().unwrap().trim_end().into()
}

#[test]
fn values_become_skynets_bytes() {
    for (values, bytes) in [
        ("", ""),
        ("nil", "00"),
        ("nil, nil", "00 00"),
        ("true, false", "09 01"),
        ("0, 1, 255, 256", "02 0a 01 0a ff 12 00 01"),
        ("65536, -1, 2147483648", "22 00 00 01 00 22 ff ff ff ff 32 00 00 00 80 00 00 00 00"),
        ("1.5, 1.0", "42 00 00 00 00 00 00 f8 3f 42 00 00 00 00 00 00 f0 3f"),
        ("'', 'a'", "04 0c 61"),
        ("{}", "06 00"),
        ("{1,2,3}", "1e 0a 01 0a 02 0a 03 00"),
        ("{a=1}", "06 0c 61 0a 01 00"),
        ("{1,nil,3}", "0e 0a 01 0a 03 0a 03 00"),
        ("{1,x=true}", "0e 0a 01 0c 78 09 00"),
        ("{[1.5]=1}", "06 42 00 00 00 00 00 00 f8 3f 0a 01 00"),
        ("{[true]=1}", "06 09 0a 01 00"),
        ("1,'x',nil,{},false", "0a 01 0c 78 00 06 00 01"),
        (
            "setmetatable({}, { __pairs = function() return function(_, k) if not k then return 'K', 'V' end end end })",
            "06 0c 4b 0c 56 00",
        ),
    ] {
        assert_eq!(packed(values), bytes, "{values}");
    }
}

#[test]
fn what_cannot_be_packed_is_an_error_and_leaves_nothing_behind() {
    let mut world = World::new();
    world.run(
        "bad",
        "local function bad(pattern, ...)
            local ok, err = pcall(skynet.packstring, 'before', ...)
            assert(not ok and err:find(pattern), err)
            assert(skynet.packstring(1) == '\\x0a\\x01')
        end
        bad('Unsupport type function to serialize', print)
        bad('Unsupport type thread to serialize', coroutine.create(print))
        bad('Unsupport type userdata to serialize', io.stdout)
        bad('Unsupport type function to serialize', { { x = print } })
        local circle = {} circle[1] = circle
        bad(\"serialize can't pack too depth table\", circle)
        bad('my pairs', setmetatable({}, { __pairs = function() error 'my pairs' end }))
        bad('my next', setmetatable({}, { __pairs = function() return function() error 'my next' end end }))
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn tables_may_stand_in_each_other_as_deep_as_in_skynet() {
    let mut world = World::new();
    world.run(
        "deep",
        "local function nested(n) local t = {} for _ = 2, n do t = { t } end return t end
        assert(skynet.unpack(skynet.packstring(nested(33)))[1])
        assert(not pcall(skynet.packstring, nested(34)))
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_pack_inside_a_metamethod_does_not_disturb_the_outer_one() {
    let mut world = World::new();
    world.run(
        "nested",
        "local odd = setmetatable({}, { __pairs = function()
            skynet.packstring('inner', { 1, 2, 3 })
            pcall(skynet.packstring, 'failing', print)
            return function(_, k) skynet.pack(1) if not k then return 'k', skynet.packstring(7) end end
        end })
        local a, b, c = skynet.unpack(skynet.packstring('a', odd, 'c'))
        assert(a == 'a' and b.k == '\\x0a\\x07' and c == 'c')
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn what_went_in_comes_out() {
    let mut world = World::new();
    world.run("round", "local function same(a, b)
            if type(a) ~= 'table' then return a == b and math.type(a) == math.type(b) end
            for k, v in pairs(a) do if not same(v, b[k]) then return false end end
            for k in pairs(b) do if a[k] == nil then return false end end
            return true
        end
        local wide, long = {}, {}
        for i = 1, 100 do wide['k' .. i] = i; long[i] = { i } end
        for _, value in ipairs { 1, -1, 1.0, 0.1, math.huge, math.maxinteger, math.mininteger, 'x', ('y'):rep(70000), wide, long,
            { [1] = 1, [2] = 2, [4] = 4, x = { y = { z = {} } } }, { [-1] = 0, [0] = 1, [1 << 40] = 2 }, { false, true } } do
            assert(same(value, (skynet.unpack(skynet.packstring(value)))))
        end
        assert(select('#', skynet.unpack(skynet.packstring(nil, nil, nil))) == 3)
        local many = table.pack(skynet.unpack(skynet.packstring(table.unpack(long))))
        assert(many.n == 100 and many[100][1] == 100)
        skynet.error 'ok'");
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn bytes_that_lie_are_refused() {
    let mut world = World::new();
    world.run("lies", "for _, bytes in ipairs { '\\x07', '\\x03\\0\\0\\0\\0\\0\\0\\0\\0', '\\x0c', '\\x25\\xff\\xff\\xff\\xff', '\\xfe\\x22\\xff\\xff\\xff\\x7f',
            '\\x0e', '\\x06', '\\x06\\x0a\\x01', '\\x06\\x42\\0\\0\\0\\0\\0\\0\\xf8\\x7f\\x0a\\x01\\0', ('\\x0e'):rep(200) .. ('\\0'):rep(200) } do
            local ok, err = pcall(skynet.unpack, bytes)
            assert(not ok, #bytes)
        end
        skynet.error 'ok'");
    assert_eq!(world.lines(), ["ok"]);
}
