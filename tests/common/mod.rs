//! The built binary and its clients, as the end-to-end tests use them.
#![allow(dead_code, reason = "each test binary uses its part of this")]

pub mod lines;
pub mod server;
pub mod web;

use std::time::{Duration, Instant};

/// Longer than anything takes that works at all, on a busy machine too.
pub const LONG: Duration = Duration::from_secs(60);

/// Looks until there is something, for at most [`LONG`].
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LONG;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "this never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says that a test cannot be run here; where nothing may be skipped, fails.
#[expect(clippy::print_stdout, reason = "people are to see it")]
pub fn skip(needs: &str) {
    println!("skipped: needs {needs}");
    assert!(std::env::var_os("SKYLOOM_NO_SKIP").is_none(), "{needs} is missing, and nothing may be skipped");
}

/// A folder that is removed at the end.
pub struct Folder(pub std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("skyloom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A browser may still be writing its profile; what is left is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
