//! `lualib/tests/*.lua`: each file is a service that asserts and says `ok` when it is done.

use std::fs;
use std::path::Path;

use skyloom_lua::{LuaFactory, Settings};

use crate::world::World;

#[test]
fn every_script_says_ok() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lualib/tests");
    let mut files: Vec<_> = fs::read_dir(&root).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "lua"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let services = format!("{}/services/?.lua", root.display());
        let mut world = World::with(LuaFactory::new(Settings { services, ..Settings::default() }));
        let spawn = world.lua.file(&file, &[]);
        world.node().spawn(spawn);
        for _ in 0..200 {
            world.pass(1);
        }
        let lines = world.lines();
        assert_eq!(lines.last().map(String::as_str), Some("ok"), "{}: {lines:#?}", file.display());
        assert!(!lines.iter().any(|line| line.starts_with("lua call")), "{}: {lines:#?}", file.display());
    }
}
