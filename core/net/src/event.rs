//! What happened to a socket, as its owner hears it.

use std::fmt;
use std::net::SocketAddr;

use skyloom_abi::Value;

use crate::id::SocketId;

/// What happened to a socket: the payload of a `SOCKET` message to its owner.
///
/// The life of a socket, as its owner sees it:
///
/// ```text
/// accepted, then started    Data* Closed
/// connected                 Opened Data* Closed   or   Failed
/// listening, then started   Accepted* Closed
/// ```
///
/// `Backlog` may come between them. After the last one nothing more comes of
/// that socket. If it was the peer that ended the stream (`Closed` without a
/// reason), the owner may still write, and the socket is held until the owner
/// closes it; no second `Closed` follows.
#[derive(Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// The connection that was asked for stands, and is being read.
    Opened {
        /// The socket.
        id: SocketId,
        /// The other side.
        addr: SocketAddr,
    },
    /// A listening socket accepted a connection, which waits to be started.
    Accepted {
        /// The listening socket.
        listener: SocketId,
        /// The new one.
        id: SocketId,
        /// The other side.
        peer: SocketAddr,
    },
    /// The peer sent bytes: at least one.
    Data {
        /// The socket.
        id: SocketId,
        /// What one read brought.
        bytes: Vec<u8>,
    },
    /// The last of a socket: nothing more will be read from it.
    Closed {
        /// The socket.
        id: SocketId,
        /// What went wrong; `None` if the peer or the owner ended it in order.
        reason: Option<String>,
    },
    /// The connection that was asked for could not be made.
    Failed {
        /// The socket.
        id: SocketId,
        /// Where to, and why not.
        text: String,
    },
    /// How much waits for a peer that reads slowly: told at 256 KiB and at
    /// each doubling, then once more, with 0, when all has been sent.
    Backlog {
        /// The socket.
        id: SocketId,
        /// Bytes in its output queue.
        bytes: usize,
    },
}

impl SocketEvent {
    /// The socket that it happened to; for `Accepted` the listening one.
    #[must_use]
    pub fn socket(&self) -> SocketId {
        match self {
            SocketEvent::Accepted { listener, .. } => *listener,
            SocketEvent::Opened { id, .. }
            | SocketEvent::Data { id, .. }
            | SocketEvent::Closed { id, .. }
            | SocketEvent::Failed { id, .. }
            | SocketEvent::Backlog { id, .. } => *id,
        }
    }

    /// Whether nothing more is told of this socket.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, SocketEvent::Closed { .. } | SocketEvent::Failed { .. })
    }
}

impl Value for SocketEvent {
    /// Three little-endian 32-bit numbers as in Skynet's event (kind, socket,
    /// a number that depends on the kind), then the bytes or the text.
    fn encode(&self, out: &mut Vec<u8>) {
        let none = String::new();
        let (kind, number, tail): (u32, usize, String) = match self {
            SocketEvent::Data { bytes, .. } => (1, bytes.len(), none),
            SocketEvent::Opened { addr, .. } => (2, 0, addr.ip().to_string()),
            SocketEvent::Closed { reason, .. } => (3, 0, reason.clone().unwrap_or_default()),
            SocketEvent::Accepted { id, peer, .. } => (4, id.get() as usize, peer.to_string()),
            SocketEvent::Failed { text, .. } => (5, 0, text.clone()),
            SocketEvent::Backlog { bytes, .. } => (7, bytes.div_ceil(1024), none),
        };
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&self.socket().get().to_le_bytes());
        out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(tail.as_bytes());
        if let SocketEvent::Data { bytes, .. } = self {
            out.extend_from_slice(bytes);
        }
    }
}

impl fmt::Debug for SocketEvent {
    /// Says how much was read, never what: payloads stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketEvent::Opened { id, addr } => write!(f, "Opened({id}, to {addr})"),
            SocketEvent::Accepted { listener, id, peer } => {
                write!(f, "Accepted({id}, by {listener}, from {peer})")
            }
            SocketEvent::Data { id, bytes } => write!(f, "Data({id}, {} bytes)", bytes.len()),
            SocketEvent::Closed { id, reason: None } => write!(f, "Closed({id})"),
            SocketEvent::Closed { id, reason: Some(text) } => write!(f, "Closed({id}, {text:?})"),
            SocketEvent::Failed { id, text } => write!(f, "Failed({id}, {text:?})"),
            SocketEvent::Backlog { id, bytes } => write!(f, "Backlog({id}, {bytes} bytes)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_those_who_only_read_bytes_an_event_is_three_numbers_and_a_tail() {
        let Some(id) = SocketId::new(5) else { panic!("5 is a socket id") };
        let mut out = Vec::new();
        SocketEvent::Data { id, bytes: b"hey".to_vec() }.encode(&mut out);
        assert_eq!(out, b"\x01\0\0\0\x05\0\0\0\x03\0\0\0hey");
    }
}
