//! The words that every part of Skyloom shares.
//!
//! No threads, no I/O, no clocks, no locks: a type that needs one of those is
//! not a word. The modules below are listed bottom-up; each uses only what
//! stands above it.
//!
//! ```
//! use skyloom_abi::{Handle, Message, Payload, Protocol};
//!
//! let hello = Message::send(Handle::new(8), Protocol::TEXT, Payload::from("hello"));
//! assert_eq!(hello.payload.as_bytes(), Some(&b"hello"[..]));
//! assert!(hello.session.is_none(), "nobody waits for an answer");
//! ```
#![forbid(unsafe_code)]

mod handle;
mod name;
mod payload;
mod protocol;
mod session;
mod error;
mod message;
mod undelivered;
mod door;

pub use door::{Door, Driver, Remote};
pub use error::{CallError, Cause, ExitReason};
pub use handle::{Handle, HandleError};
pub use message::Message;
pub use name::{Name, NameError};
pub use payload::{INLINE, Payload, Value};
pub use protocol::Protocol;
pub use session::Session;
pub use undelivered::Undelivered;
