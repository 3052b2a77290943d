//! What can be wrong with a frame.

use std::fmt;

/// Why a stream cannot be cut any further, or a frame cannot be written.
///
/// After a framer has returned one it returns the same again: there is no way
/// to find the next frame, so the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The frame is longer than allowed.
    TooLarge {
        /// Its length; of an unfinished line, what had arrived of it.
        size: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A line to be written contains a line end, and would arrive as two.
    LineEnd {
        /// Where in the line.
        at: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLarge { size, limit } => {
                write!(f, "frame of {size} bytes exceeds {limit}")
            }
            FrameError::LineEnd { at } => write!(f, "line contains a line end at byte {at}"),
        }
    }
}

impl std::error::Error for FrameError {}
