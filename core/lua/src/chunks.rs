//! Compiled scripts, shared by all VMs of a node.
//!
//! A file is compiled once for each version of it (path, time of change, size); every further VM
//! reads the bytecode, whose instructions and line tables it uses where they lie, without a copy.
//! Bytecode comes from here and from nowhere else: Lua does not verify it, so files of users are
//! read as text only.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

/// Bytecode as Lua dumped it, at an address fit for instructions, never changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Whole words keep it aligned.
    words: Box<[u64]>,
    len: usize,
}

/// The text of a script, under the name that error messages show.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// `@path` or `=name`, as Lua wants it.
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
}

/// The way to one script: ready, or to be compiled and [kept](Chunks::keep).
#[derive(Debug)]
pub(crate) enum Found {
    Compiled(Arc<Chunk>, String),
    Text(Source, Stamp),
}

/// Which version of which script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    key: String,
    version: Version,
}

/// What a script that has changed differs in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Version {
    File { changed: Option<SystemTime>, size: u64 },
    Text(Box<str>),
}

/// All chunks of a node.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    known: Mutex<HashMap<String, (Stamp, Arc<Chunk>)>>,
    functions: Mutex<Functions>,
}

/// Functions on their way from one service to others, each kept once.
#[derive(Debug, Default)]
struct Functions {
    kept: Vec<Arc<Chunk>>,
    bytes: usize,
}

/// Bytes that kept functions may have together: a program has a few, and each is kept once.
const MOST_FUNCTIONS: usize = 16 << 20;

/// Text of this size and more is not a script.
const LARGEST: u64 = 256 << 20;

impl Chunk {
    pub(crate) fn new(bytes: &[u8]) -> Chunk {
        let words = bytes
            .chunks(8)
            .map(|part| {
                let mut word = [0; 8];
                word[..part.len()].copy_from_slice(part);
                u64::from_ne_bytes(word)
            })
            .collect();
        Chunk { words, len: bytes.len() }
    }

    /// Where it lies; it stays there as long as it lives.
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.words.as_ptr().cast()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Chunks {
    /// Finds the script in `path`.
    ///
    /// # Errors
    ///
    /// What the system says about the file; bytecode is invalid data.
    pub(crate) fn file(&self, path: &Path) -> io::Result<Found> {
        let about = fs::metadata(path)?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory"));
        }
        if about.len() >= LARGEST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "is too large for a script"));
        }
        let shown = path.to_string_lossy();
        let version = Version::File { changed: about.modified().ok(), size: about.len() };
        let stamp = Stamp { key: format!("@{shown}"), version };
        if let Some(found) = self.known(&stamp) {
            return Ok(found);
        }
        let text = fs::read(path)?;
        if text.starts_with(b"\x1bLua") {
            let refusal = "attempt to load a binary chunk (mode is 't')";
            return Err(io::Error::new(io::ErrorKind::InvalidData, refusal));
        }
        Ok(Found::Text(Source { name: stamp.key.clone(), text: without_head(text) }, stamp))
    }

    /// Finds a script that is part of the program; `name` stands for its text.
    pub(crate) fn embedded(&self, name: &str, text: &str) -> Found {
        let stamp = Stamp { key: format!("={name}"), version: Version::Text(text.into()) };
        self.known(&stamp).unwrap_or_else(|| Found::Text(Source { name: stamp.key.clone(), text: text.into() }, stamp))
    }

    /// Keeps what was compiled; when two VMs compiled the same, both results serve.
    pub(crate) fn keep(&self, stamp: Stamp, chunk: Arc<Chunk>) {
        self.known.lock().insert(stamp.key.clone(), (stamp, chunk));
    }

    /// Keeps a function that was dumped and returns its number; the same function has the same.
    /// `None` if too much is kept already.
    pub(crate) fn keep_function(&self, bytes: &[u8]) -> Option<usize> {
        let chunk = Chunk::new(bytes);
        let mut functions = self.functions.lock();
        if let Some(number) = functions.kept.iter().position(|kept| **kept == chunk) {
            return Some(number);
        }
        if functions.bytes.saturating_add(bytes.len()) > MOST_FUNCTIONS {
            return None;
        }
        functions.bytes += bytes.len();
        functions.kept.push(Arc::new(chunk));
        Some(functions.kept.len() - 1)
    }

    /// The function with this number.
    pub(crate) fn function(&self, number: usize) -> Option<Arc<Chunk>> {
        self.functions.lock().kept.get(number).cloned()
    }

    /// Forgets everything: files are compiled anew even if they look unchanged.
    pub(crate) fn clear(&self) {
        self.known.lock().clear();
    }

    fn known(&self, stamp: &Stamp) -> Option<Found> {
        let known = self.known.lock();
        let (_, chunk) = known.get(&stamp.key).filter(|(kept, _)| kept == stamp)?;
        Some(Found::Compiled(Arc::clone(chunk), stamp.key.clone()))
    }
}

/// Blanks what Lua's own loader skips: a byte order mark and a first line that begins with `#`.
fn without_head(mut text: Vec<u8>) -> Vec<u8> {
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    if text.first() == Some(&b'#') {
        let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        // The end of the line stays, so that lines keep their numbers.
        text.drain(..end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_aligned_and_as_long_as_its_bytes() {
        for len in [0, 1, 7, 8, 9, 1001] {
            let chunk = Chunk::new(&vec![0xab; len]);
            assert_eq!(chunk.len(), len);
            assert_eq!(chunk.as_ptr().align_offset(8), 0);
            assert!(chunk.words.len() * 8 >= len);
        }
    }

    #[test]
    fn a_function_is_kept_once() {
        let chunks = Chunks::default();
        let number = chunks.keep_function(b"code");
        assert_eq!(chunks.keep_function(b"other"), Some(1));
        assert_eq!((number, chunks.keep_function(b"code")), (Some(0), Some(0)));
        assert!(chunks.function(1).is_some() && chunks.function(2).is_none());
        assert_eq!(chunks.keep_function(&vec![0; MOST_FUNCTIONS]), None, "too much of it");
    }

    #[test]
    fn a_first_line_for_the_shell_is_skipped_and_still_counted() {
        assert_eq!(without_head(b"#!/usr/bin/lua\nx".to_vec()), b"\nx");
        assert_eq!(without_head(b"\xef\xbb\xbfx".to_vec()), b"x");
        assert_eq!(without_head(b"#".to_vec()), b"");
    }

    #[test]
    fn a_script_is_known_until_it_changes() {
        let chunks = Chunks::default();
        let Found::Text(_, stamp) = chunks.embedded("x", "return 1") else { panic!("known before") };
        chunks.keep(stamp, Arc::new(Chunk::new(b"code")));
        assert!(matches!(chunks.embedded("x", "return 1"), Found::Compiled(..)));
        assert!(matches!(chunks.embedded("x", "return 2"), Found::Text(..)), "as long, but another");
    }
}
