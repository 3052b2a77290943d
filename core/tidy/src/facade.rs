//! The command line, the examples and the benches know the façade only.
//!
//! They share a package, or a workspace, with crates that the compiler would
//! let them use; what they cannot say through `skyloom` a user cannot either.

use crate::finding::Finding;
use crate::rust::{Source, words};

/// Where only the façade may be named.
pub const FOLDERS: [&str; 3] = ["services/cli/", "examples/", "bench/"];

/// Checks one Rust file below one of the [`FOLDERS`].
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let source = Source::of(text);
    let inner = words(&source.code).filter(|(_, word)| word.starts_with("skyloom_"));
    // The cfg of loom models and the crate's own name are no crates of core.
    let inner = inner.filter(|(_, word)| !matches!(*word, "skyloom_loom" | "skyloom_bench"));
    inner
        .map(|(line, word)| {
            Finding::new(
                path,
                line,
                format!("names `{word}`: go through `skyloom`, and let services/lib.rs export what is missing"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facade_is_good() {
        assert_eq!(check("services/cli/main.rs", "use skyloom::Node; // not skyloom_kernel::Node"), []);
    }

    #[test]
    fn a_crate_behind_it_is_bad() {
        let found = check("bench/src/main.rs", "\nuse skyloom_kernel::Node;");
        assert_eq!((found.len(), found[0].line), (1, 2));
    }
}
