//! A file is one idea that one can hold in the head.

use crate::finding::Finding;
use crate::rust::Source;
use crate::table::rows;

/// The most lines of logic a file has without a word about it.
pub const LIMIT: usize = 400;

/// The lines of a Rust text that are neither blank, comment nor test.
#[must_use]
pub fn rust_lines(text: &str) -> usize {
    Source::of(text).code_without_tests().lines().filter(|line| !line.trim().is_empty()).count()
}

/// The lines of a Lua text that are neither blank nor a comment of one line.
#[must_use]
pub fn lua_lines(text: &str) -> usize {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--")).count()
}

/// Checks counted files against the limit and the table of long files: `path lines reason`.
#[must_use]
pub fn check(table: &str, allowed: &str, counted: &[(String, usize)]) -> Vec<Finding> {
    let (rows, mut found) = rows(table, allowed, 3);
    for (path, lines) in counted.iter().filter(|(_, lines)| *lines > LIMIT) {
        let row = rows.iter().find(|row| row.cells[0] == path);
        let most = row.and_then(|row| row.cells[1].parse().ok()).unwrap_or(LIMIT);
        if *lines > most {
            let text = format!(
                "has {lines} lines of logic, {most} are allowed: look for its second idea, or enter `{path} <lines> <reason>` in {table}"
            );
            found.push(Finding::new(path, 1, text));
        }
    }
    for row in &rows {
        let lines = counted.iter().find(|(path, _)| path == row.cells[0]).map_or(0, |(_, lines)| *lines);
        if lines <= LIMIT {
            found.push(Finding::new(
                table,
                row.line,
                format!("`{}` is short now, or gone: remove the line", row.cells[0]),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_tests_do_not_count() {
        assert_eq!(rust_lines("//! A.\n\n/* b\nc */\nfn d() {}\n#[cfg(test)]\nmod tests {\n    fn e() {}\n}\n"), 1);
        assert_eq!(lua_lines("-- a\n\nlocal b = 1 -- c\n"), 1);
    }

    #[test]
    fn a_short_file_is_good_and_a_long_one_needs_a_reason() {
        let counted = [("a.rs".to_owned(), 400), ("b.rs".to_owned(), 401)];
        assert_eq!(check("long.txt", "", &counted)[0].path, "b.rs");
        assert_eq!(check("long.txt", "b.rs 450 one table of all flags\n", &counted), []);
    }

    #[test]
    fn a_long_file_that_grows_on_or_got_short_is_found() {
        let counted = [("b.rs".to_owned(), 460)];
        assert_eq!(check("long.txt", "b.rs 450 one table of all flags\n", &counted)[0].path, "b.rs");
        assert_eq!(check("long.txt", "c.rs 450 one table\n", &[])[0].path, "long.txt");
    }
}
