//! What stands between a message and its handler when a script wants it so; `skynet.core`.

use crate::world::World;

#[test]
fn messages_and_answers_that_nobody_expects_can_be_handled() {
    let mut world = World::new();
    world.run(
        "unknown",
        "skynet.start(function()
        local core = require 'skynet.core'
        assert(type(skynet.dispatch_unknown_request(function(...) end)) == 'function')
        skynet.dispatch_unknown_request(function(session, source, msg, sz, protocol)
            skynet.error('request', session, source == skynet.self(), skynet.tostring(msg, sz), protocol)
        end)
        skynet.dispatch_unknown_response(function(session, source, msg, sz)
            skynet.error('response', session, skynet.tostring(msg, sz))
        end)
        core.send(skynet.self(), 55, 0, 'abc')
        core.send(skynet.self(), skynet.PTYPE_RESPONSE, 4711, 'xyz')
        skynet.yield()
        skynet.error(core.send(skynet.self(), 10, nil, 'x') > 0, core.send(0x999, 10, 0, 'x') == nil)
    end)",
    );
    let lines: Vec<_> = world.lines();
    assert_eq!(lines[..3], ["request 0 true abc 55", "response 4711 xyz", "true true"], "{lines:?}");
}

#[test]
fn a_filter_sees_each_message_and_may_change_it() {
    let mut world = World::new();
    let filtered = world.run(
        "filtered",
        "skynet.register_protocol { name = 'system', id = skynet.PTYPE_SYSTEM, unpack = skynet.unpack,
            dispatch = function(_, _, ...) skynet.error('system', ...) skynet.sleep(1) skynet.error 'slept' end }
        skynet.filter(function(protocol, msg, sz, session, source)
            if protocol == skynet.PTYPE_TEXT then return end
            if protocol == skynet.PTYPE_LUA then return skynet.PTYPE_SYSTEM, msg, sz, session, source end
            return protocol, msg, sz, session, source
        end, function()
            skynet.send(skynet.self(), 'lua', 1, 2)
            skynet.sleep(1)
            skynet.error 'started'
        end)",
    );
    world.post(filtered, skyloom_abi::Protocol::TEXT, b"dropped");
    world.pass(3);
    assert_eq!(world.lines(), ["system 1 2", "started", "slept"]);
}

#[test]
fn an_error_in_a_filter_is_told_to_the_caller() {
    let mut world = World::new();
    world.run(
        "bad",
        "skynet.register 'BAD'
        skynet.filter(function(protocol, ...) if protocol == 10 then error('no', 0) end return protocol, ... end, function() end)",
    );
    world.run("asker", "skynet.start(function() skynet.error(pcall(skynet.call, 'BAD', 'lua')) end)");
    let lines = world.lines();
    assert_eq!(lines.last().map(String::as_str), Some("false call failed: no"), "{lines:?}");
}

#[test]
fn forwarded_messages_belong_to_their_handler() {
    let mut world = World::new();
    world
        .run("end", "skynet.dispatch('lua', function(_, _, ...) skynet.retpack('end', ...) end) skynet.register 'END'");
    world.run(
        "proxy",
        "skynet.register_protocol { name = 'system', id = skynet.PTYPE_SYSTEM, unpack = function(...) return ... end }
        skynet.forward_type({ [skynet.PTYPE_LUA] = skynet.PTYPE_SYSTEM, [skynet.PTYPE_RESPONSE] = skynet.PTYPE_RESPONSE }, function()
            skynet.dispatch('system', function(session, source, msg, sz)
                skynet.sleep(1)
                skynet.ret(skynet.rawcall('END', 'lua', msg, sz))
            end)
            skynet.register 'PROXY'
        end)",
    );
    world.run("asker", "skynet.start(function() skynet.error(skynet.call('PROXY', 'lua', 1, 'x')) end)");
    world.pass(3);
    assert_eq!(world.lines(), ["end 1 x"]);
}

#[test]
fn calls_to_one_that_is_given_up_fail() {
    let mut world = World::new();
    let deaf = world.run("deaf", "skynet.dispatch('lua', function() skynet.wait() end)");
    world.run(
        "caller",
        &format!(
            "skynet.start(function()
            skynet.timeout(1, function() skynet.term({deaf}) end)
            skynet.error(pcall(skynet.call, {deaf}, 'lua'))
        end)",
            deaf = deaf.get()
        ),
    );
    world.pass(2);
    assert_eq!(
        world.lines(),
        ["false call failed: the service has ended"]
            .map(|line| line.replace("the service has ended", &skyloom_abi::CallError::Died.to_string()))
    );
}

#[test]
fn the_text_commands_of_the_core_answer_as_skynets_do() {
    let mut world = World::new();
    let handle = world.run(
        "commands",
        "skynet.start(function()
        local core = require 'skynet.core'
        local function show(...) skynet.error((...), core.command(...)) end
        skynet.dispatch_unknown_response(function() end)
        show 'REG' show('REG', '.abc') show('REG', 'global') show('QUERY', '.abc') show('QUERY', '.none')
        show('NAME', '.xyz :' .. string.format('%x', skynet.self())) show('SETENV', 'key a b') show('GETENV', 'key')
        show('STAT', 'mqlen') show('STAT', 'bogus') show 'NO_SUCH' show 'MONITOR'
        skynet.error(core.intcommand('STAT', 'mqlen'), core.addresscommand('QUERY', '.abc') == skynet.self(), core.addresscommand('QUERY', '.no'))
        skynet.error(select(2, pcall(core.intcommand, 'GETENV', 'key')):match 'Invalid.*')
        skynet.error(core.harbor(skynet.self()))
        assert(tonumber(core.command('TIMEOUT', '1')))
    end)",
    );
    let own = format!("{:x}", handle.get());
    world.pass(2);
    let expected = format!(
        "REG :{own}|REG abc|error: Can't register global name global in C|REG|QUERY :{own}|QUERY nil|NAME xyz|SETENV|GETENV a b|STAT 0|STAT |NO_SUCH|MONITOR nil|0 true nil|Invalid result a b|0 false"
    );
    assert_eq!(world.lines().join("|"), expected);
}
