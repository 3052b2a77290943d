//! The rules of the house, applied to the tree.
#![allow(clippy::print_stdout, reason = "the unsafe census is shown with --nocapture")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use skyloom_tidy::{Finding, Tree};
use skyloom_tidy::{census, examples, facade, floors, links, manifests, neighbours, orphans, semantics, size, statics};

const UNSAFE: &str = "core/tidy/unsafe.txt";
const STATICS: &str = "core/tidy/statics.txt";
const LONG: &str = "core/tidy/long.txt";

/// The folders whose `lib.rs` lists its modules bottom-up.
const CRATES: [&str; 7] = [
    "core/abi/src",
    "core/wire/src",
    "core/kernel/src",
    "core/net/src",
    "core/lua/src",
    "core/modules/src",
    "services",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Read once for all tests.
fn tree() -> &'static Tree {
    static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::read(&root()).expect("the repository can be read"));
    &TREE
}

fn table<'a>(tree: &'a Tree, path: &str) -> &'a str {
    &tree.get(path).unwrap_or_else(|| panic!("{path} is there")).text
}

#[track_caller]
fn none(mut found: Vec<Finding>) {
    found.sort();
    let list: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} to put right:\n{}\n", list.len(), list.join("\n"));
}

/// Whether a file is tests from its first line to its last.
fn is_tests(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn crates_use_only_crates_below_them() {
    let tree = tree();
    none(tree.files("", "Cargo.toml").flat_map(|file| manifests::check(&file.path, &file.text)).collect());
}

#[test]
fn the_command_line_the_examples_and_the_benches_know_the_facade_only() {
    let tree = tree();
    let files = facade::FOLDERS.iter().flat_map(|folder| tree.files(folder, ".rs"));
    none(files.flat_map(|file| facade::check(&file.path, &file.text)).collect());
}

#[test]
fn a_file_uses_only_modules_above_its_own_in_the_list_of_lib_rs() {
    let tree = tree();
    let built = CRATES.iter().filter(|folder| tree.has_folder(folder));
    none(built.flat_map(|folder| floors::check(tree, folder)).collect());
}

#[test]
fn services_never_use_each_other() {
    let tree = tree();
    let services: Vec<String> = neighbours::SERVICES.iter().map(|name| (*name).to_owned()).collect();
    none(
        tree.files("services/", ".rs").flat_map(|file| neighbours::check(&file.path, &file.text, &services)).collect(),
    );
}

#[test]
fn what_prose_points_to_is_there() {
    let tree = tree();
    let mut found = Vec::new();
    for file in tree.files("", ".md") {
        found.extend(links::check_markdown(tree, &file.path, &file.text));
    }
    // The rules' own tests name files that are not there.
    for file in tree.files("", ".rs").filter(|file| !file.path.starts_with("core/tidy/")) {
        found.extend(links::check_comments(tree, &file.path, &file.text));
    }
    for file in tree.files("", ".lua") {
        found.extend(links::check_lua_comments(tree, &file.path, &file.text));
    }
    none(found);
}

#[test]
fn unsafe_stands_only_where_it_may_is_counted_and_has_its_proof() {
    let tree = tree();
    let mut found = Vec::new();
    let mut counted = Vec::new();
    for file in tree.files("", ".rs") {
        found.extend(census::check(&file.path, &file.text));
        let count = census::count(&file.text);
        if count > 0 {
            println!("{count:4} unsafe in {}", file.path);
            counted.push((file.path.clone(), count));
        }
    }
    if std::env::var_os("SKYLOOM_BLESS").is_some() {
        bless(tree, &counted);
        return none(found);
    }
    found.extend(census::compare(UNSAFE, table(tree, UNSAFE), &counted));
    none(found);
}

/// Writes the table anew, below its head: `SKYLOOM_BLESS=1 cargo test -p skyloom-tidy unsafe`.
fn bless(tree: &Tree, counted: &[(String, usize)]) {
    let head = table(tree, UNSAFE).lines().take_while(|line| line.starts_with('#')).map(str::to_owned);
    let rows = counted.iter().map(|(path, count)| format!("{path} {count}"));
    let lines: Vec<String> = head.chain(rows).collect();
    let path = root().join(UNSAFE);
    std::fs::write(path, lines.join("\n") + "\n").expect("the table can be written");
}

#[test]
fn no_static_holds_state() {
    let tree = tree();
    let files = tree.files("", ".rs").filter(|file| !is_tests(&file.path));
    let files = files.map(|file| (file.path.as_str(), file.text.as_str()));
    none(statics::check(STATICS, table(tree, STATICS), files));
}

#[test]
fn a_long_file_has_a_reason() {
    let tree = tree();
    let rust = tree.files("", ".rs").map(|file| (file, size::rust_lines(&file.text)));
    let lua = tree.files("", ".lua").map(|file| (file, size::lua_lines(&file.text)));
    let logic = rust.chain(lua).filter(|(file, _)| !is_tests(&file.path));
    let counted: Vec<(String, usize)> = logic.map(|(file, lines)| (file.path.clone(), lines)).collect();
    none(size::check(LONG, table(tree, LONG), &counted));
}

#[test]
fn every_guarantee_names_a_test_that_exists() {
    let tree = tree();
    let path = "core/SEMANTICS.md";
    none(semantics::check(tree, path, table(tree, path)));
}

#[test]
fn every_example_tells_what_it_shows_how_to_run_it_and_what_it_prints() {
    none(examples::check(tree()));
}

#[test]
fn every_test_and_example_of_the_root_package_is_named_in_its_manifest() {
    none(orphans::check(tree()));
}
