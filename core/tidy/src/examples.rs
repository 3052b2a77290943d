//! An example opens with three things: what it shows, how to run it, what it prints.

use crate::finding::Finding;
use crate::tree::Tree;

/// What the head of an example must tell, and words that tell it.
const TOLD: [(&str, &[&str]); 3] = [
    ("what it shows", &["shows", "show"]),
    ("how to run it", &["run"]),
    ("what it prints", &["prints", "print", "printed", "see", "answers"]),
];

/// So many lines are the head of an example in one file.
const HEAD: usize = 20;

/// Checks every example: a file in `examples/` by its head, a folder there by its `README.md`.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut folders: Vec<&str> = Vec::new();
    for file in tree.files("examples/", "") {
        let inner = &file.path["examples/".len()..];
        match inner.split_once('/') {
            Some((folder, _)) if folders.contains(&folder) => {}
            Some((folder, _)) => {
                folders.push(folder);
                found.extend(check_folder(tree, folder));
            }
            None if inner.ends_with(".rs") || inner.ends_with(".lua") => {
                let head: Vec<&str> = file.text.lines().take(HEAD).take_while(|line| is_comment(line)).collect();
                found.extend(check_text(&file.path, &head.join("\n")));
            }
            None => {}
        }
    }
    found
}

fn check_folder(tree: &Tree, folder: &str) -> Vec<Finding> {
    let path = format!("examples/{folder}/README.md");
    match tree.get(&path) {
        Some(readme) => check_text(&path, &readme.text),
        None => vec![Finding::new(
            &path,
            1,
            "is not there: an example in a folder says in it what it shows, how to run it and what it prints",
        )],
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//") || line.starts_with("--") || line.starts_with("#!")
}

fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let text = text.to_lowercase();
    let said: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let missing = TOLD.iter().filter(|(_, words)| !words.iter().any(|word| said.contains(word)));
    missing.map(|(what, _)| Finding::new(path, 1, format!("does not tell {what}: say it at the top"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_that_tells_all_three_is_good() {
        let tree = Tree::of(&[
            (
                "examples/01_hello.lua",
                "-- Shows a service.\n-- Run: skyloom run examples/01_hello.lua\n-- Prints: hello\n",
            ),
            ("examples/chat/main.rs", ""),
            ("examples/chat/README.md", "Shows a hub. Run it. You will see a page."),
            ("examples/data.txt", ""),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn an_example_that_leaves_something_out_is_bad() {
        let tree =
            Tree::of(&[("examples/a.rs", "//! Shows a thing.\nfn run() { prints() }"), ("examples/b/main.lua", "")]);
        let texts: Vec<String> = check(&tree).into_iter().map(|found| found.text).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
    }
}
