//! `require`, `load` and modules in Rust.

use skyloom_lua::{LuaFactory, Settings};

use crate::lifecycle::Folder;
use crate::world::World;

#[test]
fn a_module_may_wait_while_it_is_loaded_and_is_loaded_once() {
    let folder = Folder::new(
        "waits",
        &[(
            "lib/slow.lua",
            "local skynet = require 'skynet'
        skynet.error('loading', ...)
        skynet.sleep(1)
        return { 'slow' }",
        )],
    );
    let mut world = folder.world();
    world.run(
        "user",
        "skynet.start(function()
        local first
        for i = 1, 3 do
            skynet.fork(function()
                local slow = require 'slow'
                assert(first == nil or first == slow)
                first = slow
                skynet.error(i)
            end)
        end
    end)",
    );
    world.pass(2);
    let lines = world.lines();
    assert_eq!(lines[1..], ["1", "2", "3"]);
    assert!(lines[0].starts_with("loading slow /"), "{lines:?}");
}

#[test]
fn a_module_that_fails_is_an_error_and_can_be_tried_again() {
    let folder = Folder::new(
        "fails",
        &[
            ("lib/bad.lua", "error 'bad module'"),
            ("lib/syntax.lua", "x = = 1"),
            ("lib/circle.lua", "return require 'circle'"),
            ("lib/nothing.lua", ""),
        ],
    );
    let mut world = folder.world();
    world.run(
        "user",
        "skynet.start(function()
        for _ = 1, 2 do
            local ok, err = pcall(require, 'bad')
            assert(not ok and err:find 'bad module', err)
        end
        local ok, err = pcall(require, 'syntax')
        assert(not ok and err:find 'error loading module' and err:find 'unexpected symbol', err)
        local ok, err = pcall(require, 'circle')
        assert(not ok and err:find 'circular dependency', err)
        local ok, err = pcall(require, 'no.such.module')
        assert(not ok and err:find \"module 'no.such.module' not found\" and err:find 'no/such/module.lua', err)
        assert(require 'nothing' == true)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn scripts_load_text_and_no_bytecode() {
    let mut world = World::new();
    world.run(
        "loader",
        "skynet.start(function()
        assert(load 'return 1 + 1'() == 2)
        assert(load('return x', 'name', 't', { x = 5 })() == 5)
        local code = string.dump(function() end)
        for _, mode in ipairs { 'b', 'bt', 'B' } do
            local f, err = load(code, 'code', mode)
            assert(f == nil and err:find 'binary', err)
        end
        assert(load(code) == nil)
        local f, err = load 'x = ='
        assert(f == nil and err:find 'unexpected symbol')
        assert(loadfile '/no/such/file' == nil)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn standard_libraries_and_the_old_unpack_are_there() {
    let mut world = World::new();
    world.run(
        "libs",
        "for _, name in ipairs { 'string', 'table', 'math', 'io', 'os', 'utf8', 'debug', 'coroutine', 'package' } do
            assert(type(_G[name]) == 'table', name)
        end
        assert(unpack { 1 } == 1 and _VERSION == 'Lua 5.5')
        assert(require 'string' == string)
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_module_in_rust_is_an_ordinary_mlua_module() {
    let lua = LuaFactory::builder(Settings::default())
        .module("double", |lua| {
            let double = lua.create_function(|_, n: i64| match n.checked_mul(2) {
                Some(n) => Ok(n),
                None => Err(mlua::Error::runtime("too large")),
            })?;
            Ok(mlua::Value::Function(double))
        })
        .module("broken", |_| Err(mlua::Error::runtime("cannot open")))
        .build();
    let mut world = World::with(lua);
    world.run(
        "user",
        "skynet.start(function()
        local double = require 'double'
        assert(double(21) == 42 and require 'double' == double)
        local ok, err = pcall(double, math.maxinteger)
        assert(not ok and tostring(err):find 'too large')
        local ok, err = pcall(require, 'broken')
        assert(not ok and err:find 'cannot open', err)
        skynet.error(42)
    end)",
    );
    assert_eq!(world.lines(), ["42"]);
}

#[test]
fn names_of_the_api_can_be_listed_and_probed() {
    let mut world = World::new();
    world.run(
        "names",
        "local all = {}
        for name, value in pairs(skynet) do all[name] = type(value) end
        assert(all.call == 'function' and all.PTYPE_LUA == 'number')
        assert(skynet.no_such_name == nil and skynet.PTYPE_LUA == 10)
        assert(skynet.call == skynet.call and require 'skynet' == skynet)
        assert(require 'skynet.manager'.launch == skynet.launch and all.request == 'function' and all.queue == 'function')
        skynet.error 'ok'",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn initialisers_of_a_module_that_is_required_late_run_before_require_returns() {
    let folder = crate::lifecycle::Folder::new(
        "late",
        &[
            (
                "lib/late.lua",
                "local skynet = require 'skynet'
                local late = {}
                skynet.init(function() skynet.sleep(2) late.one = require 'inner'.ready end)
                skynet.init(function() late.two = late.one end)
                return late",
            ),
            (
                "lib/inner.lua",
                "local inner = {} require 'skynet'.init(function() inner.ready = 'ready' end) return inner",
            ),
        ],
    );
    let mut world = folder.world();
    world.run(
        "main",
        "skynet.start(function()
            skynet.fork(function() skynet.sleep(1) skynet.error('second', require 'late'.two) end)
            skynet.error('first', require 'late'.two, require 'inner'.ready)
            require('skynet.codecache').mode 'OFF'
            skynet.error(skynet.cache.mode())
        end)",
    );
    world.pass(5);
    let mut lines = world.lines();
    lines.sort();
    assert_eq!(lines, ["OFF", "first ready ready", "second ready"]);
}
