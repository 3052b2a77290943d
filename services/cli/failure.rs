//! Why the command could not begin.

use std::fmt;

/// One line: what, and where.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// Keeps the line that says it; what follows (a traceback) is for the log.
    pub(crate) fn new(text: impl fmt::Display) -> Failure {
        let text = text.to_string();
        Failure(text.lines().next().unwrap_or_default().trim_end().to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
