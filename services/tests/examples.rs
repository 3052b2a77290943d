//! Every numbered Rust example prints what its head says that it prints.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The block after `Prints:` at the head of an example.
fn stated(text: &str) -> Option<String> {
    let head = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines =
        head.map(|line| line.strip_prefix(' ').unwrap_or(line)).skip_while(|line| *line != "Prints:").skip(1);
    (lines.next()? == "```text").then_some(())?;
    Some(lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect())
}

/// Cargo builds the examples beside the tests.
fn program(name: &str) -> PathBuf {
    let me = std::env::current_exe().expect("a test knows where it is");
    let target = me.ancestors().nth(2).expect("it lies in deps/ of the target folder");
    target.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn every_numbered_rust_example_prints_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let manifest = include_str!("../../Cargo.toml");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(manifest.contains(&format!("path = \"examples/{name}.rs\"")), "{name} is not in Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() < 90, "{name} is too long for an example");
        let stated = stated(&text).unwrap_or_else(|| panic!("{name} does not say what it prints"));
        let ran = Command::new(program(name)).output();
        let ran = ran.unwrap_or_else(|e| panic!("{name}: {e}; build it with `cargo build --example {name}`"));
        assert_eq!(String::from_utf8_lossy(&ran.stdout), stated, "{name}");
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
        seen += 1;
    }
    assert!(seen >= 4);
}
