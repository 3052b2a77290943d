//! WebSocket (RFC 6455) without a socket.
//!
//! Bytes go in, events and bytes come out; who reads and writes them is not
//! known here. A server parses a [`Request`](crate::http::Request), lets
//! [`upgrade`] write the answer and goes on with a [`Socket`]; a client starts
//! with a [`Handshake`] that becomes a [`Socket`].
//!
//! The protocol itself is tungstenite's, which checks sizes, UTF-8, masking
//! and the order of fragments. What it finds wrong is told to the peer with
//! the right code and to the caller as [`WsError`].

mod error;
mod upgrade;
mod frame;
mod socket;
mod client;

pub use client::{Handshake, HandshakeError, new_key};
pub use error::{Refusal, WsError};
pub use frame::{binary_frame, text_frame};
pub use socket::{Event, Socket};
pub use upgrade::{accept_key, same_origin, upgrade};
