//! Bytes to values and back.
//!
//! Everything here is pure: no threads, no sockets, no clock. A codec takes
//! bytes and says what they mean, or says what is wrong with them; it never
//! panics and never allocates because a peer claimed a large number. The
//! modules below are listed bottom-up. `PROTOCOLS.md` beside this file draws
//! the layouts.
//!
//! ```
//! use skyloom_wire::seri;
//! // What a Lua service receives as `cmd, id, nick` …
//! let bytes = seri::to_bytes(&("join", 7, "ann"))?;
//! // … and what a Rust service makes of `skynet.call(room, "lua", "join", 7, "ann")`.
//! let (cmd, id, nick): (String, u32, String) = seri::from_bytes(&bytes)?;
//! assert_eq!((cmd.as_str(), id, nick.as_str()), ("join", 7, "ann"));
//! # Ok::<(), seri::SeriError>(())
//! ```
#![forbid(unsafe_code)]

pub mod value;
pub mod seri;
pub mod frame;
pub mod http;
pub mod bson;
pub mod sproto;
pub mod websocket;

pub use value::{Bytes, Value};
