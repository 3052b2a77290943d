//! Whoever asks hears something, exactly once.

use crate::world::World;

/// What an asker hears from a handler with this body.
fn heard(handler: &str) -> Vec<String> {
    let mut world = World::new();
    world.run(
        "there",
        &format!(
            "skynet.start(function()
        skynet.dispatch('lua', function(session, source, ...) {handler} end) skynet.register 'THERE' end)"
        ),
    );
    world.run("here", "skynet.start(function() skynet.error(pcall(skynet.call, 'THERE', 'lua', 'x', 'y')) end)");
    world.pass(3);
    world.lines()
}

#[test]
fn ret_takes_a_packed_message_a_string_or_nothing() {
    assert_eq!(heard("assert(skynet.ret(skynet.pack(...)) == true)"), ["true x y"]);
    assert_eq!(heard("skynet.ret(skynet.packstring(...))"), ["true x y"]);
    assert_eq!(heard("skynet.ret()"), ["true"]);
    assert_eq!(heard("skynet.retpack(...)"), ["true x y"]);
}

#[test]
fn a_second_answer_is_an_error() {
    let lines = heard("skynet.ret() local ok, err = pcall(skynet.ret) skynet.error(ok, err)");
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("false") && lines[0].ends_with("No session"), "{lines:?}");
    assert_eq!(lines[1], "true");
}

#[test]
fn a_response_object_answers_later_and_once() {
    let lines = heard(
        "local r = skynet.response()
        assert(not pcall(skynet.ret) and not pcall(skynet.response))
        skynet.timeout(1, function()
            assert(r 'TEST' == true)
            assert(r(true, 'later') == true)
            assert(r 'TEST' == false)
            local ok, err = pcall(r, true)
            assert(not ok and err:find \"Can't response more than once\")
        end)",
    );
    assert_eq!(lines, ["true later"]);
}

#[test]
fn a_response_object_can_refuse_and_can_pack_its_own_way() {
    assert_eq!(heard("local r = skynet.response() skynet.fork(r, false)"), ["false call failed"]);
    assert_eq!(heard("skynet.response(function(...) return skynet.pack('mine', ...) end)(true, 1)"), ["true mine 1"]);
}

#[test]
fn a_response_object_that_is_dropped_refuses() {
    let lines = heard("skynet.response() skynet.timeout(1, function() collectgarbage() end)");
    assert_eq!(lines, ["false call failed: its response object was dropped"]);
}

#[test]
fn a_message_that_awaits_nothing_is_answered_into_nothing() {
    let mut world = World::new();
    world.run(
        "sink",
        "skynet.start(function()
        skynet.dispatch('lua', function(session, source)
            assert(session == 0 and source == skynet.self())
            assert(skynet.ret(skynet.pack(1)) == false)
            skynet.error 'ok'
        end)
        skynet.send(skynet.self(), 'lua')
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn context_tells_whose_request_is_handled() {
    let lines = heard("local s, a = skynet.context() assert(s == session and a == source) skynet.ret()");
    assert_eq!(lines, ["true"]);
}

#[test]
fn a_forgotten_answer_is_logged_and_an_ignored_one_is_not() {
    let lines = heard("");
    assert!(lines.len() == 1 && lines[0] == "Maybe forgot response session 1 from :00000003 : there:2", "{lines:?}");
    assert_eq!(heard("skynet.ignoreret()"), Vec::<String>::new());
}

#[test]
fn a_request_can_be_handed_over_to_another_service() {
    let mut world = World::new();
    world.run(
        "back",
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, ...) skynet.retpack('back', ...) end) skynet.register 'BACK' end)",
    );
    world.run(
        "front",
        "skynet.start(function()
        skynet.dispatch('lua', function(session, source, ...)
            skynet.redirect('BACK', source, 'lua', session, skynet.pack(...))
        end)
        skynet.register 'FRONT'
    end)",
    );
    world.run("here", "skynet.start(function() skynet.error(skynet.call('FRONT', 'lua', 1)) end)");
    assert_eq!(world.lines(), ["back 1"], "and nothing is said of a forgotten answer");
}

#[test]
fn a_service_that_is_killed_answers_what_it_had_begun_with_errors() {
    let mut world = World::new();
    let victim = world.run(
        "victim",
        "local kept = {}
        skynet.start(function()
            skynet.dispatch('lua', function(session, source, how)
                if how == 'sleep' then skynet.sleep(1000)
                elseif how == 'response' then kept[1] = skynet.response()
                elseif how == 'call' then skynet.call(skynet.self(), 'lua', 'sleep')
                end
            end)
            skynet.register 'VICTIM'
        end)",
    );
    for how in ["sleep", "response", "call", "forget"] {
        world.run(
            "asker",
            &format!(
                "skynet.start(function() skynet.fork(function()
            skynet.error('{how}', pcall(skynet.call, 'VICTIM', 'lua', '{how}'))
        end) end)"
            ),
        );
    }
    world.log.take();
    world.node().kill(victim, skyloom_abi::ExitReason::Killed);
    let mut lines = world.lines();
    lines.sort();
    let died = "false call failed: the service ended before it answered";
    let all = ["call", "forget", "response", "sleep"].map(|how| format!("{how} {died}"));
    assert_eq!(lines, all);
}

#[test]
fn a_call_fails_when_a_service_dies_and_its_response_objects_know() {
    let mut world = World::new();
    world.run(
        "holder",
        "local r
        skynet.start(function()
            skynet.dispatch('lua', function(_, _, cmd)
                if cmd == 'hold' then r = skynet.response()
                else skynet.retpack(r 'TEST', r(true)) end
            end)
            skynet.register 'HOLDER'
        end)",
    );
    world.run(
        "caller",
        "skynet.start(function()
        skynet.fork(skynet.call, 'HOLDER', 'lua', 'hold')
        skynet.timeout(1, skynet.exit)
    end)",
    );
    world.pass(2);
    world.run("asker", "skynet.start(function() skynet.error(skynet.call('HOLDER', 'lua', 'test')) end)");
    assert_eq!(world.lines(), ["false false"]);
}

#[test]
fn a_call_may_have_a_deadline() {
    use skyloom_lua::{LuaFactory, Settings};
    let mut world = World::with(LuaFactory::new(Settings { call_timeout: 3, ..Settings::default() }));
    world.run(
        "slow",
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, t) skynet.sleep(t) skynet.retpack(t) end) skynet.register 'SLOW' end)",
    );
    world.run(
        "asker",
        "skynet.start(function()
        skynet.fork(function() skynet.error(pcall(skynet.call, 'SLOW', 'lua', 5)) end)
        skynet.fork(function() skynet.error(pcall(skynet.call, 'SLOW', 'lua', 1)) end)
    end)",
    );
    for _ in 0..8 {
        world.pass(1);
    }
    assert_eq!(world.lines(), ["true 1", "false call failed: no answer before the deadline"]);
}

#[test]
fn a_full_mailbox_is_told_apart_from_nobody() {
    use skyloom_kernel::{Limit, Overflow};
    let mut world = World::new();
    let text = "local skynet = require 'skynet' skynet.dispatch('lua', function() end) skynet.register 'SMALL'";
    let small = world.lua.text("small", text, &[]).limit(Limit { messages: 2, overflow: Overflow::Refuse });
    world.node().spawn(small);
    world.sim.run_until_idle();
    world.run(
        "flood",
        "skynet.start(function()
        local results = {}
        for i = 1, 3 do results[i] = skynet.send('SMALL', 'lua') end
        skynet.error(results[2], results[3], pcall(skynet.call, 'SMALL', 'lua'))
    end)",
    );
    assert_eq!(world.lines(), ["0 false false call failed: its mailbox is full"]);
}
