//! What can be wrong with a WebSocket, before and after it is one.

use std::fmt;

use tungstenite::Error;
use tungstenite::error::{CapacityError, ProtocolError};

use crate::http::Response;

/// Why a request does not become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not ask for one.
    NotAnUpgrade,
    /// It asks for another version than 13.
    Version,
    /// Its key is missing, or not 16 bytes in base 64.
    Key,
}

impl Refusal {
    /// The whole answer; close the connection after it.
    #[must_use]
    pub fn response(self) -> Response {
        let status = if self == Refusal::Key { 400 } else { 426 };
        let text = Response::text(status, &format!("{self}\n"));
        let told = match self {
            Refusal::Key => Ok(text.clone()),
            Refusal::NotAnUpgrade => text.clone().header("Upgrade", "websocket"),
            Refusal::Version => text.clone().header("Sec-WebSocket-Version", "13"),
        };
        told.unwrap_or(text)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NotAnUpgrade => "this address speaks websocket only",
            Refusal::Version => "only version 13 of websocket is spoken",
            Refusal::Key => "the websocket key is missing or not 16 bytes in base 64",
        })
    }
}

impl std::error::Error for Refusal {}

/// Why a WebSocket cannot go on.
///
/// The peer has been told with a close frame, which is in the output; send
/// that and close the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WsError {
    /// A message, or a frame of one, is longer than allowed.
    TooLarge {
        /// How long it is, as far as it is known.
        size: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A text message is not UTF-8.
    NotUtf8,
    /// The peer does not keep to the protocol.
    Protocol(ProtocolError),
    /// A message was to be sent after the end.
    Closed,
}

impl WsError {
    pub(super) fn from_tungstenite(error: Error) -> WsError {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                WsError::TooLarge { size, limit: max_size }
            }
            Error::Utf8(_) => WsError::NotUtf8,
            Error::Protocol(error) => WsError::Protocol(error),
            // The rest is about sockets, names and heads, which are not here.
            _ => WsError::Closed,
        }
    }

    /// The code of the close frame that told the peer.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            WsError::TooLarge { .. } => 1009,
            WsError::NotUtf8 => 1007,
            WsError::Protocol(_) => 1002,
            WsError::Closed => 1000,
        }
    }
}

impl fmt::Display for WsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WsError::TooLarge { size, limit } => {
                write!(f, "message of {size} bytes exceeds {limit}")
            }
            WsError::NotUtf8 => f.write_str("text message is not UTF-8"),
            WsError::Protocol(_) => f.write_str("peer breaks the websocket protocol"),
            WsError::Closed => f.write_str("websocket is closed"),
        }
    }
}

impl std::error::Error for WsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WsError::Protocol(error) => Some(error),
            _ => None,
        }
    }
}
