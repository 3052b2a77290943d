//! Frames behind a two-byte big-endian length: what Skynet's gates speak.

use super::FrameError;
use super::buffer::Buffer;

/// Cuts a stream into frames of a two-byte big-endian length and its bytes.
///
/// A frame of no bytes is a frame.
///
/// # Examples
/// ```
/// use skyloom_wire::frame::{Length16, length16};
/// let mut bytes = Vec::new();
/// length16(b"hi", &mut bytes)?;
/// assert_eq!(bytes, [0, 2, b'h', b'i']);
///
/// let mut frames = Length16::new(1000);
/// frames.push(&bytes);
/// assert_eq!(frames.next()?, Some(&b"hi"[..]));
/// # Ok::<(), skyloom_wire::frame::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Length16 {
    buffer: Buffer,
    limit: usize,
}

impl Length16 {
    /// A framer of frames of at most `limit` bytes, length not counted.
    #[must_use]
    pub fn new(limit: usize) -> Length16 {
        Length16 { buffer: Buffer::default(), limit }
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
    }

    /// The next whole frame, without its length; `None` if it has not arrived.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooLarge`] as soon as a length over the limit has
    /// arrived, and ever after.
    #[expect(clippy::should_implement_trait, reason = "the frame borrows from the framer")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let pending = self.buffer.pending();
        let Some((&length, body)) = pending.split_first_chunk() else {
            self.buffer.relax();
            return Ok(None);
        };
        let size = usize::from(u16::from_be_bytes(length));
        if size > self.limit {
            return Err(FrameError::TooLarge { size, limit: self.limit });
        }
        if body.len() < size {
            return Ok(None);
        }
        Ok(Some(self.buffer.take(2 + size, 2, 0)))
    }

    /// Whether part of a frame is waiting for the rest.
    #[must_use]
    pub fn has_partial(&self) -> bool {
        !self.buffer.pending().is_empty()
    }
}

/// Appends `bytes` as one frame.
///
/// # Errors
///
/// [`FrameError::TooLarge`] if two bytes cannot say the length; nothing is
/// written then.
pub fn length16(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    let Ok(size) = u16::try_from(bytes.len()) else {
        return Err(FrameError::TooLarge { size: bytes.len(), limit: usize::from(u16::MAX) });
    };
    out.reserve(2 + bytes.len());
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
