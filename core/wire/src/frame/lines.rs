//! Lines that end in `\n`, or in `\r\n`.

use super::FrameError;
use super::buffer::Buffer;

/// Cuts a stream at line ends.
///
/// A line is bytes: whether it must be UTF-8 is for its reader to say. One
/// `\r` before the `\n` belongs to the line end; a `\r` elsewhere to the line.
#[derive(Debug)]
pub struct Lines {
    buffer: Buffer,
    /// How many pending bytes are known to hold no `\n`; without it a line
    /// that arrives byte by byte would be searched from its start each time.
    searched: usize,
    limit: usize,
}

impl Lines {
    /// A framer of lines of at most `limit` bytes, line end not counted.
    #[must_use]
    pub fn new(limit: usize) -> Lines {
        Lines { buffer: Buffer::default(), searched: 0, limit }
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
    }

    /// The next whole line, without its end; `None` if it has not arrived.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLarge`] as soon as more than the limit has arrived,
    /// and ever after.
    #[expect(clippy::should_implement_trait, reason = "the line borrows from the framer")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let pending = self.buffer.pending();
        let Some(found) = memchr::memchr(b'\n', &pending[self.searched..]) else {
            self.searched = pending.len();
            // The last byte may be the `\r` of the line end.
            self.check(pending.len() - usize::from(pending.ends_with(b"\r")))?;
            self.buffer.relax();
            return Ok(None);
        };
        let end = self.searched + found;
        let cr = usize::from(pending[..end].ends_with(b"\r"));
        self.check(end - cr)?;
        self.searched = 0;
        Ok(Some(self.buffer.take(end + 1, 0, 1 + cr)))
    }

    fn check(&self, size: usize) -> Result<(), FrameError> {
        if size > self.limit {
            return Err(FrameError::TooLarge { size, limit: self.limit });
        }
        Ok(())
    }

    /// Whether part of a line is waiting for the rest.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        !self.buffer.pending().is_empty()
    }
}

/// Appends `bytes` as one line.
///
/// # Errors
///
/// [`FrameError::LineEnd`] if it holds a `\n`, or ends in a `\r` that the
/// reader would take for part of the line end; nothing is written then.
pub fn line(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    if let Some(at) = memchr::memchr(b'\n', bytes) {
        return Err(FrameError::LineEnd { at });
    }
    if bytes.ends_with(b"\r") {
        return Err(FrameError::LineEnd { at: bytes.len() - 1 });
    }
    out.reserve(bytes.len() + 1);
    out.extend_from_slice(bytes);
    out.push(b'\n');
    Ok(())
}
