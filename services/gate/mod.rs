//! The gate: lets clients in from outside and passes their frames to services.
//!
//! One gate listens at one address with one [`Framing`]. Its *owner* (in Skynet's words the
//! watchdog) hears who comes and goes; the frames of a client go to its *agent*, which is the owner
//! until it says otherwise. All of it is messages, so owner and agents may be Lua or Rust:
//!
//! ```text
//! gate -> owner   lua      "socket", "open", fd, address        a client is here, and writable
//!                          "socket", "close", fd, reason        it is gone; nothing more of this fd
//! gate -> agent   client   session = fd, payload = the frame
//! any  -> gate    client   session = fd, payload = the frame    writes it; in Rust also [`Command`]s:
//! any  -> gate    lua      "open", {host, port, framing, …}     -> host, port; see `Options`
//!                          "forward", fd, agent                 frames go there from now on
//!                          "kick", fd, reason                   last frames are still sent
//!                          "multicast", {fd, …}, bytes          one frame for many, encoded once
//!                          "close"                              no more clients; those here stay
//!                          "stats"                              -> a table of counters
//! ```
//!
//! What a client may cost is bounded ([`Options`]), and who goes over a bound is told in one line
//! what was wrong (lines: `error: …`; WebSocket: the close frame's reason; HTTP: the answer) and
//! counted under that name. A client that sends too fast is not refused: the gate reads it more
//! slowly, so that TCP slows it down, and loses nothing.
//!
//! With [`Framing::WebSocket`] the same port answers plain HTTP with the owner's pages. Browsers'
//! upgrades from pages of other sites are refused, and so are host names that are not ours.

mod options;
mod bucket;
mod refusal;
mod progress;
mod site;
mod codec;
mod counts;
mod command;
mod client;
mod state;
mod flow;
mod service;

pub use command::Command;
pub use counts::Counts;
pub use options::{Framing, Options, OptionsError};
pub use state::Gate;

#[cfg(test)]
mod tests;
