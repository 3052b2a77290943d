//! What can be wrong with what is asked of a socket.

use std::{fmt, io};

use crate::id::SocketId;

/// Why a call on [`Net`](crate::Net) did nothing.
///
/// What happens to a socket later (its peer resets it, a connection cannot be
/// made) is not an error of a call but an event for the socket's owner.
#[derive(Debug)]
#[non_exhaustive]
pub enum NetError {
    /// No socket can have this number.
    NotAnId(i64),
    /// No socket has this number (any more).
    Unknown(SocketId),
    /// The socket still exists, but it is closed, or its peer is gone.
    Closed(SocketId),
    /// The socket only accepts connections: it can be neither written to nor tuned.
    Listener(SocketId),
    /// The socket does not exchange datagrams.
    NoDatagrams(SocketId),
    /// The socket exchanges datagrams, and nobody said with whom.
    NoPeer(SocketId),
    /// The address is not of the socket's family: one is IPv4 and the other IPv6.
    Family {
        /// The socket.
        id: SocketId,
        /// The address that it cannot reach.
        address: std::net::SocketAddr,
    },
    /// No datagram can be so long.
    TooLong {
        /// The socket.
        id: SocketId,
        /// Bytes that were to be sent.
        len: usize,
        /// Bytes that can be.
        limit: usize,
    },
    /// The system gives no socket for datagrams there.
    Udp {
        /// Where.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The system gives no thread that would read the standard input.
    Input(io::Error),
    /// The socket's output queue is full: its peer does not read.
    QueueFull {
        /// The socket.
        id: SocketId,
        /// Bytes that wait already.
        waiting: usize,
        /// How many may.
        limit: usize,
    },
    /// There are as many connections as [`Limits::connections`](crate::Limits::connections) allows.
    TooMany {
        /// How many that is.
        limit: usize,
    },
    /// One cannot listen there: it is no IP address, nor empty, nor `localhost`.
    NotAnAddress(String),
    /// The system does not let us listen there.
    Listen {
        /// Where.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The system refused to do something with this socket.
    System {
        /// The socket.
        id: SocketId,
        /// What it said.
        source: io::Error,
    },
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetError::NotAnId(number) => write!(f, "{number} is not the number of a socket"),
            NetError::Unknown(id) => write!(f, "no socket {id}"),
            NetError::Closed(id) => write!(f, "socket {id} is closed"),
            NetError::Listener(id) => write!(f, "socket {id} only listens"),
            NetError::NoDatagrams(id) => write!(f, "socket {id} is no udp socket"),
            NetError::NoPeer(id) => write!(f, "udp socket {id} has no peer: connect it, or say whom to send to"),
            NetError::Family { id, address } => {
                write!(f, "udp socket {id} cannot reach {address}: one is IPv4, the other IPv6")
            }
            NetError::TooLong { id, len, limit } => {
                write!(f, "a datagram has at most {limit} bytes, not {len} (socket {id})")
            }
            NetError::Udp { address, source } => write!(f, "cannot open a udp socket on {address}: {source}"),
            NetError::Input(source) => write!(f, "cannot read the standard input: {source}"),
            NetError::QueueFull { id, waiting, limit } => {
                write!(f, "socket {id} does not take more: {waiting} bytes wait for its peer, the limit is {limit}")
            }
            NetError::TooMany { limit } => write!(f, "there are {limit} connections already"),
            NetError::NotAnAddress(host) => {
                write!(f, "cannot listen on {host:?}: not an IP address of this machine")
            }
            NetError::Listen { address, source } => {
                write!(f, "cannot listen on {address}: {source}")
            }
            NetError::System { id, source } => write!(f, "socket {id}: {source}"),
        }
    }
}

impl std::error::Error for NetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            NetError::Listen { source, .. }
            | NetError::System { source, .. }
            | NetError::Udp { source, .. }
            | NetError::Input(source) => Some(source),
            _ => None,
        }
    }
}

impl TryFrom<i64> for SocketId {
    type Error = NetError;

    /// Reads a number that a script gave.
    fn try_from(number: i64) -> Result<SocketId, NetError> {
        let small = u32::try_from(number).ok();
        small.and_then(SocketId::new).ok_or(NetError::NotAnId(number))
    }
}
