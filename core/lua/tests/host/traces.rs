//! Traces: a tag that follows a request.

use crate::world::World;

/// The lines of a trace, without the time.
fn traced(lines: Vec<String>) -> Vec<String> {
    let line = |line: String| {
        let (tag, rest) = line.strip_prefix("<TRACE ")?.split_once("> ")?;
        Some(format!("{tag} {}", rest.split_once(' ')?.1))
    };
    lines.into_iter().filter_map(line).collect()
}

const FAR: &str = "skynet.dispatch('lua', function(_, _, bad) if bad then error 'no' end skynet.sleep(1) skynet.retpack(skynet.tracetag()) end)
    skynet.register 'FAR'";

#[test]
fn a_tag_follows_a_call_and_comes_back() {
    let mut world = World::new();
    let far = world.run("far", FAR);
    let near = world.run(
        "near",
        "skynet.start(function()
            skynet.fork(function()
                skynet.trace 'begin'
                assert(skynet.call('FAR', 'lua') == skynet.tracetag())
                skynet.sleep(1)
                pcall(skynet.call, 'FAR', 'lua', true)
            end)
            skynet.sleep(5)
            assert(skynet.call('FAR', 'lua') == nil, 'others are not traced')
        end)",
    );
    for _ in 0..10 {
        world.pass(1);
    }
    let tag = format!(":{:08x}-1", near.get());
    let _ = far;
    let lines = traced(world.lines());
    let expected = [
        "trace begin",
        "call : =near:4",
        "request",
        "sleep : =far:1",
        "resume",
        "response",
        "end",
        "resume",
        "sleep : =near:5",
        "resume",
        "call : [C]",
        "request",
        "error",
        "resume",
        "end",
    ];
    let expected: Vec<_> = expected.iter().map(|line| format!("{tag} {line}")).collect();
    let same =
        |(line, expected): (&String, &String)| line == expected || expected.ends_with("[C]") && line.contains(" call");
    assert!(lines.len() == expected.len() && lines.iter().zip(&expected).all(same), "{lines:#?}");
}

#[test]
fn a_protocol_is_traced_always_or_never() {
    let mut world = World::new();
    world.run("far", &format!("{FAR} skynet.traceproto('lua', true)"));
    world.run(
        "asker",
        "skynet.start(function() skynet.error(skynet.call('FAR', 'lua')) skynet.error(skynet.call('FAR', 'lua')) end)",
    );
    world.pass(3);
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("<TRACE")).collect();
    assert!(lines.len() == 2 && lines[0].ends_with("-1") && lines[1].ends_with("-2"), "{lines:?}");
    world.run(
        "caller",
        "skynet.start(function() skynet.call('FAR', 'debug', 'TRACELOG', false) skynet.trace() skynet.error(skynet.call('FAR', 'lua')) end)",
    );
    world.pass(3);
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("<TRACE")).collect();
    assert_eq!(lines, ["Turn trace log false for lua", "nil"]);
}

#[test]
fn a_protocol_can_be_registered_to_be_traced() {
    let mut world = World::new();
    world.run(
        "far",
        "skynet.register_protocol { name = 'own', id = 99, trace = true, pack = skynet.pack, unpack = skynet.unpack,
            dispatch = function() skynet.error(skynet.tracetag() ~= nil) end }
        skynet.start(function() skynet.send(skynet.self(), 'own') end)",
    );
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("<TRACE")).collect();
    assert_eq!(lines, ["true"]);
}

#[test]
fn a_raw_call_may_carry_a_tag() {
    let mut world = World::new();
    world.run("far", FAR);
    world.run(
        "asker",
        "skynet.start(function()
            skynet.error(skynet.unpack(skynet.tracecall('T', 'FAR', 'lua', skynet.pack())))
            skynet.tracelog('T', 'by', 'hand')
        end)",
    );
    world.pass(3);
    let lines = world.lines();
    assert!(lines.contains(&"T".to_owned()), "{lines:?}");
    let lines = traced(lines);
    assert!(lines.contains(&"T tracecall begin".into()) && lines.last().unwrap() == "T by hand", "{lines:?}");
}
