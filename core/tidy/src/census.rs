//! Where `unsafe` stands, how often, and that each has its proof.
//!
//! It may stand below `core/lua/src/raw/` and in the mailbox, and nowhere
//! else; the counts are committed in `core/tidy/unsafe.txt`, so that they only
//! change knowingly.

use crate::finding::Finding;
use crate::rust::{Source, words};
use crate::table::rows;

/// Where `unsafe` may stand at all.
const ALLOWED: [&str; 3] = ["core/lua/src/raw/", "core/kernel/src/mailbox.rs", "core/kernel/src/slot.rs"];

/// So many lines above an `unsafe` its proof may begin.
const NEAR: usize = 12;

/// How many times `unsafe` stands in a Rust text. Unsafe function *types* count as well: they are doors to it.
#[must_use]
pub fn count(text: &str) -> usize {
    words(&Source::of(text).code).filter(|(_, word)| *word == "unsafe").count()
}

/// Checks that a file may hold `unsafe` and that each block and impl has its `SAFETY` comment.
///
/// An `unsafe fn` that leaves its folder states its contract under `# Safety`. The others obey the one
/// contract of the folder, in its README.
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let source = Source::of(text);
    let code: Vec<&str> = source.code.lines().collect();
    let comments: Vec<&str> = source.comments.lines().collect();
    let mut found = Vec::new();
    for (at, line) in code.iter().enumerate() {
        for (column, _) in line.match_indices("unsafe") {
            if words(&line[column..]).next() != Some((1, "unsafe"))
                || line[..column].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                continue;
            }
            if !ALLOWED.iter().any(|allowed| path.starts_with(allowed)) {
                let places = ALLOWED.join(" or ");
                found.push(Finding::new(
                    path,
                    at + 1,
                    format!("`unsafe` may stand in {places} only: find a safe way, or move it there"),
                ));
            }
            if let Some(proof) = proof(&line[..column], line[column + "unsafe".len()..].trim_start())
                && !has_proof(&code, &comments, at, proof)
            {
                found.push(Finding::new(
                    path,
                    at + 1,
                    format!("says nothing why it is sound: write `{proof}` above it, about this program"),
                ));
            }
        }
    }
    found
}

/// Which comment an `unsafe` needs, by what stands before and after it: none for the type of a
/// function, and for a function that is private to its folder.
fn proof(before: &str, after: &str) -> Option<&'static str> {
    let Some(name) = after.split_once("fn").filter(|_| after.starts_with("fn") || after.starts_with("extern")) else {
        return Some("SAFETY:");
    };
    let is_type = name.1.trim_start().starts_with('(');
    let exported = ["pub", "pub(crate)"].contains(&before.trim());
    (exported && !is_type).then_some("# Safety")
}

/// Whether the comment stands above line `at`, in its statement or right before it, or on the line itself.
fn has_proof(code: &[&str], comments: &[&str], at: usize, proof: &str) -> bool {
    let says = |line: usize| comments.get(line).is_some_and(|comment| comment.contains(proof));
    if says(at) {
        return true;
    }
    for above in (at.saturating_sub(NEAR)..at).rev() {
        if says(above) {
            return true;
        }
        let blank = |text: &[&str]| text.get(above).is_none_or(|line| line.trim().is_empty());
        if blank(code) && blank(comments) {
            return false;
        }
    }
    false
}

/// Compares the counts of the tree with the committed table, a `path count` in each line.
#[must_use]
pub fn compare(table: &str, text: &str, counted: &[(String, usize)]) -> Vec<Finding> {
    let (rows, mut found) = rows(table, text, 2);
    for (path, count) in counted {
        let row = rows.iter().find(|row| row.cells[0] == path);
        if row.is_none_or(|row| row.cells[1].parse() != Ok(*count)) {
            let was = row.map_or("0", |row| row.cells[1]);
            let line = row.map_or(1, |row| row.line);
            found.push(Finding::new(
                table,
                line,
                format!("`{path}` has {count} unsafe, here stands {was}: if that is meant, write `{path} {count}`"),
            ));
        }
    }
    for row in rows.iter().filter(|row| !counted.iter().any(|(path, _)| path == row.cells[0])) {
        found.push(Finding::new(
            table,
            row.line,
            format!("`{}` has no unsafe any more: remove the line", row.cells[0]),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAILBOX: &str = "core/kernel/src/mailbox.rs";

    #[test]
    fn an_unsafe_with_its_proof_in_the_right_place_is_good() {
        let good = "// SAFETY: ours alone.\nlet x =\n    unsafe { y };\n\npub(super) unsafe fn inner() {}\n\n\ntype F = unsafe extern \"C\" fn(i32);\n\
                    /// Text.\n///\n/// # Safety\n///\n/// Only here.\npub unsafe extern \"C-unwind\" fn f() {}\nlet t = \"unsafe\"; // unsafe";
        assert_eq!(check(MAILBOX, good), []);
        assert_eq!(count(good), 4);
    }

    #[test]
    fn an_unsafe_elsewhere_is_bad() {
        let found = check("core/net/src/poller.rs", "// SAFETY: so it is.\nunsafe { x }");
        assert_eq!((found.len(), found[0].line), (1, 2));
    }

    #[test]
    fn an_unsafe_without_its_own_proof_is_bad() {
        let bad = "// SAFETY: about a.\nunsafe { a }\n\nunsafe { b }\n\npub(crate) unsafe fn c() {}";
        let lines: Vec<usize> = check(MAILBOX, bad).iter().map(|found| found.line).collect();
        assert_eq!(lines, [4, 6]);
    }

    #[test]
    fn the_table_must_say_what_the_tree_has() {
        let counted = [("a.rs".to_owned(), 2), ("b.rs".to_owned(), 1)];
        assert_eq!(compare("t", "# head\na.rs 2\nb.rs 1\n", &counted), []);
        let found = compare("t", "a.rs 1\nc.rs 1\n", &counted);
        assert_eq!(found.len(), 3, "a.rs changed, b.rs is new, c.rs is gone");
    }
}
