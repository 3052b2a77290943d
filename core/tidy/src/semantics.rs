//! What users may rely on is proved by a test that exists.

use crate::finding::Finding;
use crate::headings::{heading, prose};
use crate::rust::Source;
use crate::tree::Tree;

/// Words in a heading that say: what follows is no promise, and needs no test.
const NO_PROMISE: [&str; 3] = [" not ", "differ", "words"];

/// A list item with everything that belongs to it.
struct Item {
    line: usize,
    text: String,
    promise: bool,
}

/// Checks `SEMANTICS.md`: each item names its test as `` `path::test_name` ``, and the test is there.
///
/// Under a heading that says "not" or "differ" an item may name a test, but need not.
#[must_use]
pub fn check(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for item in items(text) {
        let named: Vec<&str> = item.text.split('`').skip(1).step_by(2).filter(|quoted| is_test(quoted)).collect();
        if named.is_empty() && item.promise {
            found.push(Finding::new(
                path,
                item.line,
                "names no test: add `path/of/file.rs::name_of_test`, or say it where nothing is promised",
            ));
        }
        for test in named {
            found.extend(missing(tree, test).map(|text| Finding::new(path, item.line, text)));
        }
    }
    found
}

fn items(text: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let (mut promise, mut open) = (true, false);
    for (line, prose) in prose(text) {
        if let Some((_, title)) = heading(prose) {
            let title = format!(" {} ", title.to_lowercase());
            promise = !NO_PROMISE.iter().any(|word| title.contains(word));
            open = false;
        } else if let Some(text) = prose.strip_prefix("- ") {
            items.push(Item { line, text: text.to_owned(), promise });
            open = true;
        } else if prose.trim().is_empty() {
            open = false;
        } else if let Some(item) = items.last_mut().filter(|_| open) {
            item.text.push(' ');
            item.text.push_str(prose.trim());
        }
    }
    items
}

fn is_test(quoted: &str) -> bool {
    quoted.split_once("::").is_some_and(|(file, _)| file.ends_with(".rs") || file.ends_with(".lua"))
}

fn missing(tree: &Tree, test: &str) -> Option<String> {
    let (path, name) = test.split_once("::")?;
    let Some(file) = tree.get(path) else {
        return Some(format!("names `{test}`, but there is no file {path} (paths begin at the root)"));
    };
    let there = if path.ends_with(".lua") { file.text.contains(name) } else { has_test(&file.text, name) };
    (!there).then(|| format!("names `{test}`, but {path} has no test of that name: was it renamed?"))
}

/// Whether a Rust text has a function of this name under `#[test]`.
fn has_test(text: &str, name: &str) -> bool {
    let code = Source::of(text).code;
    let head = format!("fn {name}(");
    code.match_indices(&head).any(|(at, _)| {
        // The attributes stand between the end of the item before and this one.
        let before = &code[..at];
        let attributes = before.rfind(['}', ';']).map_or(before, |end| &before[end..]);
        attributes.contains("#[test]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[
            (
                "core/k/tests/order.rs",
                "fn helper() {}\n#[test]\n#[should_panic]\nfn order_is_kept() {}\nfn after() {}\n",
            ),
            ("lualib/tests/call.lua", "test(\"a call ends once\", function() end)"),
        ]);
        check(&tree, "core/SEMANTICS.md", text).iter().map(|found| found.line).collect()
    }

    #[test]
    fn a_promise_with_its_test_is_good() {
        let good = "# S\n- Order is kept.\n  `core/k/tests/order.rs::order_is_kept`\n- Calls end: `lualib/tests/call.lua::a call ends once`\n\
                    ## What is not promised\n- Order of two senders.\n";
        assert!(found(good).is_empty());
    }

    #[test]
    fn a_promise_without_a_test_is_bad() {
        assert_eq!(found("# S\n- Order is kept, see `Mailbox::push`.\n"), [2]);
    }

    #[test]
    fn a_test_that_is_gone_or_none_is_bad() {
        let bad = "- a `core/k/tests/order.rs::helper`\n- b `core/k/tests/order.rs::after`\n- c `core/gone.rs::x`\n- d `lualib/tests/call.lua::no such`\n";
        assert_eq!(found(bad), [1, 2, 3, 4]);
    }
}
