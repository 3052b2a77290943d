//! Patterns: everything as in Lua's own library, but that no search holds a worker for ever.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use skyloom_kernel::Spawn;

use crate::world::World;

/// Runs every function on a text and a pattern, and writes all results into one line.
const EXERCISE: &str = r#"
    local function show(...)
        local all = table.pack(...)
        for i = 1, all.n do
            local value = all[i]
            all[i] = type(value) == "string" and string.format("%q", value) or tostring(value)
        end
        return table.concat(all, " ")
    end
    -- Without the position of the call, which is another file here and there.
    local function try(f, ...)
        local function outcome(ok, ...)
            if ok then return show(...) end
            return (tostring((...)):gsub("^[^:]*:%d+: ", ""))
        end
        return outcome(pcall(f, ...))
    end
    function exercise(text, pattern, init)
        local found = {}
        local function collect(...) found[#found + 1] = show(...) if #found > 50 then error("enough", 0) end end
        local all = try(function() for a, b in text:gmatch(pattern) do collect(a, b) end end)
        return table.concat({
            try(text.find, text, pattern, init), try(text.match, text, pattern, init),
            all, table.concat(found, ","),
            try(text.gsub, text, pattern, "<%1>"), try(text.gsub, text, pattern, "<%0%%>", 2),
            try(text.gsub, text, pattern, function(a, b) if a ~= "a" then return show(a, b) end end),
            try(text.gsub, text, pattern, { a = "x", b = false, ab = 7 }),
        }, " | ")
    end
"#;

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "1", " ", "(", ")", "x", "%", ".", "]"]), 0..8)
        .prop_map(|parts| parts.concat())
}

fn pattern() -> impl Strategy<Value = String> {
    let parts = vec![
        "a", "b", ".", "%a", "%d", "%s", "%S", "%w", "[ab]", "[^a]", "[%d%s]", "[a-x]", "[]]", "[%]a]", "(", ")", "()",
        "%b()", "%f[%w]", "%f[%W]", "%1", "%2", "*", "+", "-", "?", "^", "$", "%%", "%.", "[", "]", "%", "x", "%g",
    ];
    prop::collection::vec(prop::sample::select(parts), 0..7).prop_map(|parts| parts.concat())
}

/// What Lua's own library says.
fn expected(cases: &[(String, String, i64)]) -> Vec<String> {
    let lua = mlua::Lua::new();
    lua.load(EXERCISE).set_name("=exercise").exec().unwrap();
    let exercise: mlua::Function = lua.globals().get("exercise").unwrap();
    cases.iter().map(|case| exercise.call(case.clone()).unwrap()).collect()
}

/// What ours says, in a service.
fn ours(cases: &[(String, String, i64)]) -> Vec<String> {
    let mut world = World::new();
    let mut script = EXERCISE.to_owned();
    for (text, pattern, init) in cases {
        script += &format!("skynet.error(exercise({text:?}, {pattern:?}, {init}))\n");
    }
    world.run("exercise", &script);
    world.lines()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_function_answers_as_luas_own(cases in prop::collection::vec((text(), pattern(), -9_i64..9), 1..40)) {
        for ((case, ours), expected) in cases.iter().zip(ours(&cases)).zip(expected(&cases)) {
            prop_assert_eq!(ours, expected, "{:?}", case);
        }
    }
}

#[test]
fn a_search_that_would_take_for_ever_ends_in_an_error() {
    let mut world = World::new();
    world.run(
        "runaway",
        "local ok, why = pcall(string.find, ('a'):rep(100000), '.-.-.-.-b')
         skynet.error(ok, why)
         skynet.error 'and goes on'",
    );
    let lines = world.lines();
    assert!(lines[0].ends_with("pattern takes too long on this text"), "{lines:?}");
    assert_eq!(lines[1], "and goes on");
}

#[test]
fn a_service_that_is_killed_in_a_search_ends_soon() {
    use skyloom_abi::ExitReason;
    let node = skyloom_kernel::Node::builder().workers(2).start().unwrap();
    let lua = skyloom_lua::LuaFactory::new(skyloom_lua::Settings::default());
    let (tell, begun) = std::sync::mpsc::channel();
    let script = "local skynet = require 'skynet'
        skynet.start(function()
            skynet.timeout(0, function() while true do pcall(string.find, ('a'):rep(100000), '.-.-.-.-b') end end)
        end)";
    let spawn: Spawn = lua.text("runaway", script, &[]);
    let runaway = node.spawn(spawn.on_started(move |_, _, outcome| tell.send(outcome).unwrap()));
    begun.recv().unwrap().unwrap();
    node.kill(runaway, ExitReason::Killed);
    let before = Instant::now();
    node.stop(Duration::from_secs(10)).unwrap();
    assert!(before.elapsed() < Duration::from_secs(3), "it held its worker up");
}
