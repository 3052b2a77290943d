//! The arrows inside a crate: `lib.rs` lists the modules bottom-up.
//!
//! A file uses, by `crate::…` or by `super::…` from the top level, only its own
//! module and those listed above it. What `lib.rs` re-exports counts as the module it comes
//! from. Tests, inside a file or in files of their own, may use everything.

use crate::finding::Finding;
use crate::rust::{Source, names_below, words};
use crate::tree::Tree;

/// The modules of a crate from the bottom to the top, and what `lib.rs` re-exports from which.
struct Floors {
    modules: Vec<String>,
    exports: Vec<(String, String)>,
}

/// Checks every file of the crate whose `lib.rs` is in `folder`.
#[must_use]
pub fn check(tree: &Tree, folder: &str) -> Vec<Finding> {
    let Some(lib) = tree.get(&format!("{folder}/lib.rs")) else {
        return vec![Finding::new(folder, 1, "has no lib.rs")];
    };
    let floors = Floors::of(&lib.text);
    let below = format!("{folder}/");
    let mut found = Vec::new();
    for file in tree.files(&below, ".rs") {
        let inner = &file.path[below.len()..];
        if !is_tests(inner) {
            found.extend(check_file(&floors, inner, &file.path, &file.text));
        }
    }
    found
}

/// Whether a file is all tests: `tests.rs`, or anything in a folder `tests`.
fn is_tests(inner: &str) -> bool {
    inner.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn check_file(floors: &Floors, inner: &str, path: &str, text: &str) -> Vec<Finding> {
    let module = inner.split(['/', '.']).next().unwrap_or_default();
    let Some(own) = floors.level(module) else { return Vec::new() };
    let code = Source::of(text).code_without_tests();
    let mut names = names_below(&code, "crate");
    if !inner.contains('/') {
        names.extend(names_below(&code, "super"));
    }
    let mut found = Vec::new();
    for (line, name) in names {
        let from = floors.home(&name);
        if floors.level(from).is_some_and(|level| level > own) {
            let said = if from == name { format!("`{name}`") } else { format!("`{name}` of `{from}`") };
            let text =
                format!("uses {said}, listed below `{module}` in lib.rs: move what both need further up in that list");
            found.push(Finding::new(path, line, text));
        }
    }
    found
}

impl Floors {
    fn of(lib: &str) -> Floors {
        let code = Source::of(lib).code_without_tests();
        let listed: Vec<&str> = words(&code).map(|(_, word)| word).collect();
        let modules = listed.windows(2).filter(|pair| pair[0] == "mod").map(|pair| pair[1].to_owned()).collect();
        let mut exports = Vec::new();
        for piece in code.split(';') {
            let Some((_, path)) = piece.split_once("pub use ") else { continue };
            let Some((module, names)) = path.trim().split_once("::") else { continue };
            exports.extend(words(names).map(|(_, name)| (name.to_owned(), module.to_owned())));
        }
        Floors { modules, exports }
    }

    fn level(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|other| other == module)
    }

    /// The module that a name below the crate's root belongs to.
    fn home<'a>(&'a self, name: &'a str) -> &'a str {
        if self.level(name).is_some() {
            return name;
        }
        self.exports.iter().find(|(other, _)| other == name).map_or(name, |(_, module)| module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(high: &str, low: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("c/src/lib.rs", "mod low;\npub mod high;\npub use high::{High, Other as More};\n#[cfg(test)] mod tests;"),
            ("c/src/high.rs", high),
            ("c/src/low/inner.rs", low),
            ("c/src/low/tests.rs", "use crate::high::High;"),
        ]);
        check(&tree, "c/src").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_may_use_its_own_module_and_those_above_it_in_the_list() {
        assert!(
            found("use crate::low::x; use super::low;", "use crate::low::y; use super::z; use std::high;").is_empty()
        );
    }

    #[test]
    fn a_use_of_a_module_further_down_is_found() {
        let found = found("", "\nuse crate::{low::x, high::High};");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("c/src/low/inner.rs:2: uses `high`"), "{}", found[0]);
    }

    #[test]
    fn a_name_that_the_root_re_exports_is_followed_home() {
        assert!(found("", "fn f(_: crate::High) {}")[0].contains("`High` of `high`"));
    }

    #[test]
    fn tests_inside_a_file_may_use_everything() {
        assert!(found("", "#[cfg(test)]\nmod tests {\n    use crate::High;\n}").is_empty());
    }
}
