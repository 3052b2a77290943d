//! How services begin and end.

use std::fs;

use skyloom_lua::{LuaFactory, Settings};

use crate::world::World;

/// A folder of scripts that goes away with the test.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let path = std::env::temp_dir().join(format!("skyloom-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for (file, text) in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Folder(path)
    }

    pub(crate) fn world(&self) -> World {
        let root = self.0.display();
        World::with(LuaFactory::new(Settings {
            services: format!("{root}/?.lua;{root}/?/init.lua"),
            modules: format!("{root}/lib/?.lua"),
            ..Settings::default()
        }))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn newservice_returns_when_the_start_function_has_returned() {
    let folder = Folder::new(
        "newservice",
        &[(
            "child.lua",
            "local skynet = require 'skynet'
        local a, b = ...
        assert(SERVICE_NAME == 'child' and type(a) == 'string')
        skynet.init(function() skynet.error('init', a, b) end)
        skynet.start(function() skynet.sleep(2) skynet.error 'started' end)",
        )],
    );
    let mut world = folder.world();
    world.run(
        "parent",
        "skynet.start(function()
        local child = skynet.newservice('child', 1, 'two words')
        assert(math.type(child) == 'integer')
        skynet.error 'known'
    end)",
    );
    world.pass(3);
    assert_eq!(world.lines(), ["init 1 two words", "started", "known"]);
}

#[test]
fn launch_does_not_wait_for_the_start() {
    let folder = Folder::new(
        "launch",
        &[(
            "child.lua",
            "local skynet = require 'skynet' local n = ... skynet.start(function() skynet.error('started', n) end)",
        )],
    );
    let mut world = folder.world();
    world.run(
        "parent",
        "skynet.start(function()
        assert(math.type(skynet.launch('snlua', 'child', 1)) == 'integer' and skynet.launch 'logger' == nil)
        skynet.error 'first'
    end)",
    );
    assert_eq!(world.lines(), ["first", "started 1"]);
}

#[test]
fn newservice_returns_nil_when_the_service_left_in_its_start() {
    let folder = Folder::new(
        "left",
        &[
            (
                "left.lua",
                "local skynet = require 'skynet' skynet.start(function() skynet.exit() error 'not reached' end)",
            ),
            ("later.lua", "local skynet = require 'skynet' skynet.start(function() skynet.sleep(1) skynet.exit() end)"),
        ],
    );
    let mut world = folder.world();
    world.run(
        "parent",
        "skynet.start(function()
        skynet.error(pcall(skynet.newservice, 'left'))
        skynet.error(pcall(skynet.newservice, 'later'))
    end)",
    );
    world.pass(2);
    assert_eq!(world.lines(), ["true nil", "true nil"]);
}

#[test]
fn newservice_tells_why_a_service_did_not_start() {
    let folder = Folder::new(
        "failing",
        &[
            ("fails.lua", "local skynet = require 'skynet' skynet.start(function() error 'no' end)"),
            ("broken.lua", "x = = 1"),
            ("binary.lua", "\x1bLua"),
        ],
    );
    let mut world = folder.world();
    world.run(
        "parent",
        "skynet.start(function()
        for _, name in ipairs { 'fails', 'broken', 'binary', 'missing' } do
            local ok, err = pcall(skynet.newservice, name)
            skynet.error(name, ok, err)
        end
    end)",
    );
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("init service")).collect();
    assert!(lines[0].ends_with("fails.lua:1: no"), "{lines:?}");
    assert!(lines[1].contains("broken.lua:1: unexpected symbol"), "{lines:?}");
    assert!(lines[2].contains("attempt to load a binary chunk"), "{lines:?}");
    assert!(lines[3].contains("no service \"missing\"") && lines[3].contains("missing.lua"), "{lines:?}");
}

#[test]
fn a_service_has_a_folder_of_its_own_for_modules() {
    let folder = Folder::new("own", &[
        ("big/init.lua", "local skynet = require 'skynet'
            skynet.start(function() skynet.error(SERVICE_PATH:match '[^/]+/$', (require 'part'), (require 'shared')) end)"),
        ("big/part.lua", "return 'part of big'"),
        ("lib/shared.lua", "return 'shared'"),
        ("part.lua", "return 'another'"),
    ]);
    let mut world = folder.world();
    let spawn = world.lua.service("big", &[]);
    world.node().spawn(spawn);
    assert_eq!(world.lines(), ["big/ part of big shared"]);
}

#[test]
fn a_changed_file_is_seen_by_services_that_start_later() {
    let folder = Folder::new("changed", &[("v.lua", "require 'skynet'.error 'one'")]);
    let mut world = folder.world();
    for expected in ["one", "one", "two!"] {
        fs::write(folder.0.join("v.lua"), format!("require 'skynet'.error '{expected}'")).unwrap();
        let spawn = world.lua.service("v", &[]);
        world.node().spawn(spawn);
        assert_eq!(world.lines(), [expected]);
    }
}

#[test]
fn exit_closes_the_other_coroutines_first_and_never_returns() {
    let mut world = World::new();
    let handle = world.run(
        "leaver",
        "local function guard(name)
            return setmetatable({}, { __close = function() skynet.error(name) end })
        end
        skynet.start(function()
            local g <close> = guard 'own'
            skynet.fork(function() local g <close> = guard 'other' skynet.wait() end)
            skynet.yield()
            skynet.exit()
            skynet.error 'not reached'
        end)",
    );
    assert_eq!(world.lines(), ["other", "own"]);
    assert!(!world.node().is_alive(handle));
}

#[test]
fn exit_works_where_nothing_can_wait() {
    let mut world = World::new();
    let handle = world
        .run("leaver", "skynet.start(function() coroutine.wrap(function() skynet.exit() end)() skynet.error 'no' end)");
    assert!(!world.node().is_alive(handle));
    assert_eq!(world.lines(), Vec::<String>::new());
}

#[test]
fn a_script_needs_no_start_function() {
    let mut world = World::new();
    let handle = world.run("plain", "skynet.error 'main chunk' skynet.sleep(1) skynet.error 'waited'");
    world.pass(2);
    assert_eq!(world.lines(), ["main chunk", "waited"]);
    assert!(world.node().is_alive(handle));
}

#[test]
fn kill_and_abort_end_services() {
    let mut world = World::new();
    let victim = world.run("victim", "skynet.register 'VICTIM'");
    world.run("killer", "require 'skynet.manager' skynet.start(function() assert(skynet.kill 'VICTIM' == true) end)");
    assert_eq!(world.lines(), Vec::<String>::new());
    assert!(!world.node().is_alive(victim));
    world.run("abort", "skynet.start(function() skynet.abort() end)");
    world.sim.run_until_idle();
    assert_eq!(world.node().stats().services, 0);
}

#[test]
fn a_name_belongs_to_the_first_who_takes_it() {
    let mut world = World::new();
    world.run(
        "names",
        "skynet.start(function()
        assert(skynet.register '.x' == '.x' and skynet.register '.x' == '.x')
        assert(not pcall(skynet.register, 'two words'))
        skynet.error 'ok'
    end)",
    );
    world.run("other", "skynet.start(function() skynet.error(skynet.name('.x', skynet.self()) == nil) end)");
    assert_eq!(world.lines(), ["ok", "true"]);
}

#[test]
fn the_environment_is_shared_and_written_once() {
    let mut world = World::new();
    world.run("one", "skynet.setenv('key', 5)");
    world.run("two", "skynet.error(skynet.getenv 'key', skynet.getenv 'none', pcall(skynet.setenv, 'key', 6))");
    let lines = world.lines();
    assert!(lines[0].starts_with("5 nil false") && lines[0].ends_with("Can't setenv exist key : key"), "{lines:?}");
}

#[test]
fn memory_has_a_limit_that_hits_only_the_script() {
    let mut world = World::with(LuaFactory::new(Settings { memory_limit: 4 << 20, ..Settings::default() }));
    world.run(
        "eater",
        "skynet.start(function()
        skynet.dispatch('lua', function(_, _, x)
            if x then skynet.retpack(#string.rep('x', 8 << 20)) else skynet.retpack 'fine' end
        end)
        skynet.register 'EATER'
    end)",
    );
    world.run(
        "asker",
        "skynet.start(function()
        skynet.error(pcall(skynet.call, 'EATER', 'lua', true))
        skynet.error(pcall(skynet.call, 'EATER', 'lua'))
    end)",
    );
    let lines: Vec<_> = world.lines().into_iter().filter(|line| !line.starts_with("lua call")).collect();
    assert_eq!(lines, ["false call failed: not enough memory", "true fine"]);
}

#[test]
fn the_node_tells_which_services_live_and_how_busy_they_are() {
    let folder = Folder::new("listed", &[("child.lua", "require 'skynet'.start(function() end)")]);
    let mut world = folder.world();
    world.run(
        "asker",
        "skynet.start(function()
        local child = skynet.newservice('child', 'a', 2)
        assert(skynet.services()[child] == 'snlua child a 2' and skynet.services()[skynet.self()] == 'snlua asker')
        skynet.send(child, 'lua', 'x')
        assert(skynet.servicestat(child).mqlen == 1 and skynet.servicestat(child).message == 0)
        skynet.kill(child)
        assert(skynet.services()[child] == nil and skynet.servicestat(child) == nil)
        skynet.error 'ok'
    end)",
    );
    assert_eq!(world.lines(), ["ok"]);
}

#[test]
fn a_service_at_its_limit_answers_every_caller() {
    let mut world = World::with(LuaFactory::new(Settings { memory_limit: 2 << 20, ..Settings::default() }));
    world.run(
        "eater",
        "local held = {}
        skynet.start(function()
            skynet.dispatch('lua', function()
                while true do held[#held + 1] = string.rep('x', 1000) .. #held end
            end)
            skynet.register 'EATER'
        end)",
    );
    world.run(
        "asker",
        "skynet.start(function()
        local failed = 0
        for i = 1, 200 do
            skynet.fork(function()
                local ok, why = pcall(skynet.call, 'EATER', 'lua', string.rep('y', 1000))
                if not ok and why:find 'call failed' then failed = failed + 1 end
            end)
        end
        skynet.sleep(10)
        skynet.error(failed)
    end)",
    );
    world.pass(20);
    assert_eq!(world.lines().last().map(String::as_str), Some("200"));
}

#[test]
fn a_service_that_uses_much_memory_is_told_of_at_each_doubling() {
    let mut world = World::new();
    world.run(
        "eater",
        "local held = {}
        for i = 1, 70 do held[i] = string.rep('x', 1 << 20) .. i end",
    );
    let lines = world.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("Memory warning 3") && lines[1].starts_with("Memory warning 6"), "{lines:?}");
}
