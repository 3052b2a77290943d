//! No state in statics: two nodes fit in one process, and tests run in parallel.

use crate::finding::Finding;
use crate::rust::{Source, line_of, words};
use crate::table::rows;

/// What makes a static a place of state.
const STATE: [&str; 14] = [
    "mut",
    "Mutex",
    "RwLock",
    "OnceLock",
    "LazyLock",
    "OnceCell",
    "LazyCell",
    "Lazy",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "Once",
    "Condvar",
    "Slab",
];

/// The statics of a Rust text that hold state, with their lines.
fn stateful(text: &str) -> Vec<(usize, String)> {
    let code = Source::of(text).code_without_tests();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("static ") {
        // Not `'static ` and not the end of another word.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\'') {
            continue;
        }
        let item = &code[at..];
        let declared = &item[..item.find(['=', ';', '{']).unwrap_or(item.len())];
        let (head, kind) = declared.split_once(':').unwrap_or((declared, ""));
        let Some((_, name)) = words(head).filter(|(_, word)| *word != "mut").nth(1) else { continue };
        let held = words(kind).any(|(_, word)| STATE.contains(&word) || word.starts_with("Atomic"));
        if held || words(head).any(|(_, word)| word == "mut") {
            found.push((line_of(&code, at), name.to_owned()));
        }
    }
    // A thread's own state is a static too.
    found.extend(words(&code).filter(|(_, word)| *word == "thread_local").map(|(line, word)| (line, word.to_owned())));
    found
}

/// Checks Rust files given as path and text against the table of allowed statics: `path NAME reason`.
#[must_use]
pub fn check<'a>(table: &str, allowed: &str, files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Finding> {
    let (rows, mut found) = rows(table, allowed, 3);
    let mut used = vec![false; rows.len()];
    for (path, text) in files {
        for (line, name) in stateful(text) {
            match rows.iter().position(|row| row.cells[..2] == [path, &name]) {
                Some(at) => used[at] = true,
                None => {
                    let text = format!(
                        "`{name}` is state of the whole process: let the node own it, or enter `{path} {name} <reason>` in {table}"
                    );
                    found.push(Finding::new(path, line, text));
                }
            }
        }
    }
    let stale = rows.iter().zip(used).filter(|(_, used)| !used);
    found.extend(stale.map(|(row, _)| {
        Finding::new(table, row.line, format!("`{}` is there no more: remove the line", row.cells[1]))
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(allowed: &str, text: &str) -> Vec<Finding> {
        check("statics.txt", allowed, [("a.rs", text)].into_iter())
    }

    #[test]
    fn a_constant_table_is_no_state() {
        let good = "static NAMES: [&'static str; 1] = [\"Mutex\"];\nfn f(x: &'static Mutex<u8>) {}\n// static X: Mutex<u8>\n\
                    #[global_allocator]\nstatic A: mimalloc::MiMalloc = mimalloc::MiMalloc;\n#[cfg(test)]\nmod tests { static N: AtomicU8 = x; }";
        assert_eq!(found("", good), []);
    }

    #[test]
    fn locks_atomics_and_thread_locals_are_found() {
        let bad = "pub static A: AtomicU64 = x;\nstatic mut B: u8 = 0;\nstatic C: std::sync::LazyLock<u8> = y;\nthread_local! { static D: u8 = 0 }";
        let lines: Vec<usize> = found("", bad).iter().map(|found| found.line).collect();
        assert_eq!(lines, [1, 2, 3, 4]);
    }

    #[test]
    fn an_exception_with_a_reason_is_let_be_until_it_is_stale() {
        let allowed = "a.rs A counts allocations of the whole process\n";
        assert_eq!(found(allowed, "static A: AtomicU64 = x;"), []);
        assert!(found(allowed, "")[0].text.contains("no more"));
    }
}
