//! Cuts a stream of bytes into frames.
//!
//! A framer is pushed whatever a read brought and then asked for frames until
//! it has no more. Incomplete is control flow (`Ok(None)`), too large is an
//! error, and nothing is allocated for a length that was only claimed.
//!
//! ```
//! use skyloom_wire::frame::Lines;
//! let mut lines = Lines::new(80);
//! lines.push(b"hello\r\nwor");
//! assert_eq!(lines.next()?, Some(&b"hello"[..]));
//! assert_eq!(lines.next()?, None);
//! assert!(lines.has_partial(), "half a line is waiting for the rest");
//! lines.push(b"ld\n");
//! assert_eq!(lines.next()?, Some(&b"world"[..]));
//! # Ok::<(), skyloom_wire::frame::FrameError>(())
//! ```

pub(crate) mod buffer;
mod error;
mod length16;
mod lines;

pub use error::FrameError;
pub use length16::{Length16, length16};
pub use lines::{Lines, line};
