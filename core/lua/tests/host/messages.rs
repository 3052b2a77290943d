//! Messages in the hands of scripts: keys instead of pointers, protocols of their own.

use skyloom_abi::Protocol;

use crate::world::World;

#[test]
fn a_packed_message_is_a_light_userdata_with_a_size() {
    let mut world = World::new();
    world.run(
        "pack",
        "skynet.start(function()
        local msg, sz = skynet.pack(1, 'x', { y = 2 })
        assert(type(msg) == 'userdata' and math.type(sz) == 'integer')
        assert(#skynet.tostring(msg, sz) == sz)
        local a, b, c = skynet.unpack(msg, sz)
        assert(a == 1 and b == 'x' and c.y == 2)
        assert(skynet.packstring(1, 'x', { y = 2 }) == skynet.tostring(msg, sz))
        skynet.trash(msg, sz)
        assert(select('#', skynet.unpack(nil)) == 0 and skynet.unpack '' == nil)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_stale_key_is_an_error_in_every_function() {
    let mut world = World::new();
    world.run(
        "stale",
        "skynet.start(function()
        local msg, sz = skynet.pack(1)
        skynet.trash(msg, sz)
        local function stale(f, ...)
            local ok, err = pcall(f, ...)
            assert(not ok and err:find 'stale message', err)
        end
        stale(skynet.unpack, msg, sz)
        stale(skynet.tostring, msg, sz)
        stale(skynet.trash, msg, sz)
        stale(skynet.rawsend, skynet.self(), 'lua', msg, sz)
        stale(skynet.rawcall, skynet.self(), 'lua', msg, sz)
        stale(skynet.redirect, skynet.self(), 0, 'lua', 0, msg, sz)
        local other, size = skynet.pack(2)
        stale(skynet.unpack, msg, sz)
        skynet.rawsend(skynet.self(), 'lua', other, size)
        stale(skynet.trash, other, size)
        local live, len = skynet.pack 'long enough to look like something'
        local ok, err = pcall(skynet.unpack, live, len + 1)
        assert(not ok and err:find 'bytes', err)
        skynet.error 'ok'
    end)
    skynet.dispatch('lua', function() end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn forged_pointers_are_errors() {
    let mut world = World::new();
    world.run(
        "forged",
        "skynet.start(function()
        -- The only light userdata that a script can get by itself are ids of upvalues.
        local up = 1
        local forged = debug.upvalueid(function() return up end, 1)
        assert(type(forged) == 'userdata')
        for _, f in ipairs { skynet.unpack, skynet.tostring, skynet.trash, skynet.ret } do
            local ok, err = pcall(f, forged, 8)
            assert(not ok and err:find 'stale message', err)
        end
        assert(not pcall(skynet.unpack, io.stdout, 8))
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_received_message_dies_when_its_handler_first_waits() {
    let mut world = World::new();
    let raw = world.run(
        "raw",
        "local kept, size
        skynet.register_protocol { name = 'raw', id = 100 }
        skynet.start(function()
            skynet.dispatch('raw', function(session, source, msg, sz)
                assert(skynet.tostring(msg, sz) == 'hello')
                kept, size = msg, sz
                skynet.sleep(1)
                skynet.error(pcall(skynet.tostring, msg, sz))
            end)
        end)",
    );
    world.post(raw, Protocol(100), b"hello");
    world.pass(3);
    let lines = world.lines();
    assert!(lines.len() == 1 && lines[0].contains("stale message"), "{lines:?}");
}

#[test]
fn an_empty_message_is_a_null_with_size_zero() {
    let mut world = World::new();
    let raw = world.run(
        "raw",
        "skynet.register_protocol { name = 'raw', id = 100, dispatch = function(_, _, msg, sz)
        skynet.error(type(msg), sz, skynet.tostring(msg, sz) == '', select('#', skynet.unpack(msg, sz)))
    end }",
    );
    world.post(raw, Protocol(100), b"");
    assert_eq!(world.lines(), ["userdata 0 true 0"]);
}

#[test]
fn a_protocol_with_functions_of_its_own_is_packed_and_unpacked_by_them() {
    let mut world = World::new();
    let text = "skynet.register_protocol {
            name = 'myproto', id = 20,
            pack = function(...) return string.pack('z', ...) end,
            unpack = function(msg, sz) return string.unpack('z', skynet.tostring(msg, sz)) end,
        }";
    world.run(
        "there",
        &format!(
            "{text}
        skynet.start(function()
            skynet.dispatch('myproto', function(session, source, word)
                skynet.ret(string.pack('z', word .. '!'))
            end)
            skynet.register 'THERE'
        end)"
        ),
    );
    world.run(
        "here",
        &format!(
            "{text}
        skynet.start(function()
            skynet.error(skynet.call('THERE', 'myproto', 'hey'))
            skynet.error(skynet.call('THERE', 20, 'by number'))
        end)"
        ),
    );
    assert_eq!(world.lines(), ["hey! 6", "by number! 12"]);
}

#[test]
fn an_error_in_a_functions_unpacking_is_told() {
    let mut world = World::new();
    let bad = world.run(
        "bad",
        "skynet.register_protocol { name = 'p', id = 30, unpack = function() error 'unreadable' end }
        skynet.dispatch('p', print)",
    );
    world.post(bad, Protocol(30), b"x");
    let lines = world.lines();
    assert!(lines.len() == 1 && lines[0].contains("unreadable"), "{lines:?}");
}

#[test]
fn a_protocol_that_packs_like_skynet_needs_no_lua() {
    let mut world = World::new();
    let chat = "skynet.register_protocol { name = 'chat', id = 25, pack = skynet.pack, unpack = skynet.unpack }";
    world.run(
        "hub",
        &format!(
            "{chat} skynet.start(function()
        skynet.dispatch('chat', function(_, _, ...) skynet.retpack(...) end) skynet.register 'HUB' end)"
        ),
    );
    world.run(
        "client",
        &format!("{chat} skynet.start(function() skynet.error(skynet.call('HUB', 'chat', 1, 'two')) end)"),
    );
    assert_eq!(world.lines(), ["1 two"]);
}

#[test]
fn a_protocol_needs_a_free_name_and_number() {
    let mut world = World::new();
    world.run(
        "protocols",
        "skynet.start(function()
        assert(not pcall(skynet.register_protocol, { name = 'lua', id = 77 }))
        assert(not pcall(skynet.register_protocol, { name = 'new', id = 10 }))
        assert(not pcall(skynet.register_protocol, { name = 'new', id = 256 }))
        assert(not pcall(skynet.register_protocol, { name = 'new' }))
        assert(not pcall(skynet.send, skynet.self(), 'nonesuch'))
        assert(skynet.dispatch 'nonesuch' == nil)
        local f = function() end
        assert(skynet.dispatch('lua', f) == nil and skynet.dispatch 'lua' == f)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_request_that_nobody_handles_is_refused_and_a_message_is_logged() {
    let mut world = World::new();
    let idle = world.run("idle", "skynet.register 'IDLE'");
    world.run("asker", "skynet.start(function() skynet.error(pcall(skynet.call, 'IDLE', 'lua', 1)) end)");
    assert_eq!(world.lines(), ["false call failed: nobody handles protocol lua there"]);
    world.post(idle, Protocol::TEXT, b"hi");
    let lines = world.lines();
    assert!(lines.len() == 1 && lines[0].starts_with("Unknown request (text)"), "{lines:?}");
}

#[test]
fn rawcall_returns_a_message_that_must_be_read_before_the_next_wait() {
    let mut world = World::new();
    world.run(
        "echo",
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, ...) skynet.retpack(...) end) skynet.register 'ECHO' end)",
    );
    world.run(
        "asker",
        "skynet.start(function()
        local msg, sz = skynet.rawcall('ECHO', 'lua', skynet.pack('a', 'b'))
        assert(select(2, skynet.unpack(msg, sz)) == 'b')
        skynet.yield()
        skynet.error(pcall(skynet.unpack, msg, sz))
    end)",
    );
    let lines = world.lines();
    assert!(lines[0].contains("stale message"), "{lines:?}");
}

#[test]
fn addresses_are_numbers_hex_or_names() {
    let mut world = World::new();
    world.run(
        "addresses",
        "skynet.start(function()
        local me = skynet.self()
        skynet.register '.me'
        skynet.dispatch('lua', function() end)
        assert(skynet.localname '.me' == me and skynet.query 'me' == me and skynet.query 'you' == nil)
        for _, to in ipairs { me, tostring(me), skynet.address(me), '.me', 'me' } do
            assert(skynet.send(to, 'lua') == 0, to)
        end
        assert(skynet.send(9999, 'lua') == nil and skynet.send('.nobody', 'lua') == nil)
        for _, wrong in ipairs { 0, '0', {}, true } do
            assert(not pcall(skynet.send, wrong, 'lua'))
        end
        local ok, err = pcall(skynet.call, '.nobody', 'lua')
        assert(not ok and err:find 'call to invalid address .nobody', err)
        local ok, err = pcall(skynet.call, 9999, 'lua')
        assert(not ok and err:find 'call to invalid address :0000270f', err)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}
