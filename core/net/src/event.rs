//! What happened to a socket, as its owner hears it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

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
/// of datagrams              Datagram* Closed
/// a name to be looked up    Found     or   Failed
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
    /// A datagram came, perhaps an empty one.
    Datagram {
        /// The socket.
        id: SocketId,
        /// Who sent it, or says so.
        from: SocketAddr,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// The name that was to be looked up has these addresses: at least one.
    Found {
        /// The number that the look-up got.
        id: SocketId,
        /// In the order in which to try, each once.
        addresses: Vec<IpAddr>,
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
            | SocketEvent::Datagram { id, .. }
            | SocketEvent::Found { id, .. }
            | SocketEvent::Closed { id, .. }
            | SocketEvent::Failed { id, .. }
            | SocketEvent::Backlog { id, .. } => *id,
        }
    }

    /// Whether nothing more is told of this socket.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(self, SocketEvent::Closed { .. } | SocketEvent::Failed { .. } | SocketEvent::Found { .. })
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
            SocketEvent::Datagram { bytes, .. } => (6, bytes.len(), none),
            SocketEvent::Backlog { bytes, .. } => (7, bytes.div_ceil(1024), none),
            // Skynet has none such: whoever reads bytes sees a connection that ended.
            SocketEvent::Found { .. } => (3, 0, none),
        };
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&self.socket().get().to_le_bytes());
        out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(tail.as_bytes());
        match self {
            SocketEvent::Data { bytes, .. } => out.extend_from_slice(bytes),
            SocketEvent::Datagram { bytes, from, .. } => {
                out.extend_from_slice(bytes);
                encode_address(*from, out);
            }
            _ => {}
        }
    }
}

/// Appends the address of a datagram as Skynet writes it: a byte that tells the family (1: IPv4,
/// 2: IPv6), the port and the address, both in the order of the network.
pub fn encode_address(address: SocketAddr, out: &mut Vec<u8>) {
    let family = if address.is_ipv4() { 1 } else { 2 };
    out.push(family);
    out.extend_from_slice(&address.port().to_be_bytes());
    match address.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
}

/// Reads what [`encode_address`] wrote; `None` if it is anything else.
#[must_use]
pub fn decode_address(bytes: &[u8]) -> Option<SocketAddr> {
    let (head, ip) = bytes.split_at_checked(3)?;
    let [family, high, low] = *head else { return None };
    let ip: IpAddr = match family {
        1 => <[u8; 4]>::try_from(ip).ok()?.into(),
        2 => <[u8; 16]>::try_from(ip).ok()?.into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes([high, low])))
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
            SocketEvent::Datagram { id, from, bytes } => {
                write!(f, "Datagram({id}, {} bytes from {from})", bytes.len())
            }
            SocketEvent::Found { id, addresses } => write!(f, "Found({id}, {addresses:?})"),
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

    #[test]
    fn a_datagram_ends_with_the_address_of_its_sender() {
        let Some(id) = SocketId::new(5) else { panic!("5 is a socket id") };
        let mut out = Vec::new();
        let from = SocketAddr::from(([127, 0, 0, 1], 0x1234));
        SocketEvent::Datagram { id, from, bytes: b"hey".to_vec() }.encode(&mut out);
        assert_eq!(out, b"\x06\0\0\0\x05\0\0\0\x03\0\0\0hey\x01\x12\x34\x7f\0\0\x01");
    }

    #[test]
    fn an_address_is_read_as_it_was_written_and_nothing_else_is() {
        for text in ["1.2.3.4:5", "[::1]:65535", "[2001:db8::7]:0"] {
            let address: SocketAddr = text.parse().unwrap_or_else(|_| panic!("{text} is an address"));
            let mut bytes = Vec::new();
            encode_address(address, &mut bytes);
            assert_eq!(decode_address(&bytes), Some(address));
            assert_eq!(decode_address(&bytes[1..]), None);
            bytes.push(0);
            assert_eq!(decode_address(&bytes), None);
        }
        assert_eq!(decode_address(b""), None);
        assert_eq!(decode_address(b"\x03\0\0\0\0\0\0"), None);
    }
}
