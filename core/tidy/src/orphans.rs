//! Every test and example of the root package is one that cargo knows.
//!
//! Its folders are not where cargo would look, so each target is named in
//! `Cargo.toml`. A file that was forgotten there compiles never and fails never.

use crate::finding::Finding;
use crate::rust::{Source, words};
use crate::tree::Tree;

/// Checks that `Cargo.toml` names all files that only cargo can start.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.get("Cargo.toml").map_or("", |file| &file.text);
    let named =
        |path: &str| manifest.lines().any(|line| line.starts_with("path") && line.contains(&format!("\"{path}\"")));
    let mut found = Vec::new();
    for file in tree.files("", ".rs").filter(|file| is_target(&file.path)) {
        if !named(&file.path) && !is_module(tree, &file.path) {
            found.push(Finding::new(
                &file.path,
                1,
                "never runs: name it in Cargo.toml, as `[[test]]` or `[[example]]`",
            ));
        }
    }
    found
}

/// Whether it is a module of tests inside the crate: `tests.rs` beside its folder says `mod x;`.
fn is_module(tree: &Tree, path: &str) -> bool {
    let Some((folder, name)) = path.strip_suffix(".rs").and_then(|path| path.rsplit_once('/')) else { return false };
    let Some(parent) = tree.get(&format!("{folder}.rs")) else { return false };
    let code = Source::of(&parent.text).code;
    let listed: Vec<&str> = words(&code).map(|(_, word)| word).collect();
    listed.windows(2).any(|pair| pair == ["mod", name])
}

/// `services/tests/x.rs`, `services/tests/x/main.rs`, the same below an example, and `examples/x.rs`.
fn is_target(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts[..],
        ["examples", _]
            | ["services" | "examples", .., "tests", _]
            | ["services" | "examples", .., "tests", _, "main.rs"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_the_manifest_names_and_their_modules_are_good() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[[test]]\nname = \"life\"\npath = \"services/tests/life.rs\"\n"),
            ("services/tests/life.rs", ""),
            ("services/tests/common/mod.rs", ""),
            ("services/gate/tests.rs", "mod pure;"),
            ("services/gate/tests/pure.rs", ""),
            ("core/net/tests/life.rs", ""),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn a_test_that_the_manifest_forgot_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[[test]]\npath = \"services/tests/a.rs\"\n"),
            ("services/tests/b.rs", ""),
            ("services/tests/c/main.rs", ""),
            ("examples/01_hello.rs", ""),
            ("examples/chat/tests/d.rs", ""),
        ]);
        assert_eq!(check(&tree).len(), 4);
    }
}
