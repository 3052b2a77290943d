//! What can be seen of sockets from outside.

use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;

use skyloom_abi::Handle;

use crate::board::Counts;
use crate::id::SocketId;
use crate::socket::{Body, Stage, State, Traffic};

/// One socket, as a console shows it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SocketInfo {
    /// Its number.
    pub id: SocketId,
    /// Who hears of it.
    pub owner: Handle,
    /// What it is doing.
    pub state: SocketState,
    /// Started, and not paused.
    pub reading: bool,
    /// Our side.
    pub local: Option<SocketAddr>,
    /// The other side.
    pub peer: Option<SocketAddr>,
    /// Bytes that wait for the peer.
    pub queued: usize,
    /// Reads that brought something.
    pub reads: u64,
    /// Bytes that these brought.
    pub read_bytes: u64,
    /// Writes that the system took something of.
    pub writes: u64,
    /// Bytes that it took.
    pub written_bytes: u64,
}

/// What a socket is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocketState {
    /// It accepts connections, or will when it is started.
    Listening,
    /// It looks for the other side.
    Connecting,
    /// It stands.
    Open,
    /// The peer sends no more; the owner may still write.
    HalfOpen,
    /// The owner closed it; it sends what waits and says goodbye.
    Closing,
    /// It exchanges datagrams.
    Datagrams,
    /// It is the standard input.
    Input,
}

/// What happened to all sockets so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct NetStats {
    /// Connections now, those being made and those being closed included.
    pub connections: usize,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections made.
    pub opened: u64,
    /// Connections that could not be made.
    pub failed: u64,
    /// Connections closed as soon as they were accepted, because of a limit.
    pub refused: u64,
    /// Writes that an output queue had no room for.
    pub overflows: u64,
    /// Times that a listener had to wait because the system gave no more files.
    pub starved: u64,
    /// Sockets that ended because nobody was there to hear of them.
    pub abandoned: u64,
    /// Datagrams that came and that their owner had no room for.
    pub dropped: u64,
}

/// A socket as a console shows it; `None` if it is gone.
pub(crate) fn describe(id: SocketId, socket: &State) -> Option<SocketInfo> {
    let (mut local, mut peer, mut queued, mut traffic) = (None, None, 0, Traffic::default());
    let state = match &socket.body {
        Body::Gone => return None,
        Body::Listener(listener) => {
            local = Some(listener.local);
            SocketState::Listening
        }
        Body::Dial(dial) => {
            peer = dial.attempt.as_ref().map(|(_, address)| *address);
            queued = dial.output.len();
            SocketState::Connecting
        }
        Body::Datagrams(datagrams) => {
            (local, peer) = (datagrams.socket.local_addr().ok().filter(|_| datagrams.bound), datagrams.peer);
            (queued, traffic) = (datagrams.queued, datagrams.traffic);
            SocketState::Datagrams
        }
        Body::Input(input) => {
            traffic = input.traffic;
            SocketState::Input
        }
        Body::Stream(stream) => {
            (local, peer) = (stream.local, Some(stream.peer));
            (queued, traffic) = (stream.output.len(), stream.traffic);
            match stream.stage {
                Stage::Open => SocketState::Open,
                Stage::HalfOpen => SocketState::HalfOpen,
                Stage::Flushing { .. } | Stage::Lingering => SocketState::Closing,
            }
        }
    };
    let Traffic { reads, read_bytes, writes, written_bytes } = traffic;
    let (owner, reading) = (socket.owner, socket.reading);
    Some(SocketInfo { id, owner, state, reading, local, peer, queued, reads, read_bytes, writes, written_bytes })
}

/// The counts, each as it is now.
pub(crate) fn stats(counts: &Counts) -> NetStats {
    NetStats {
        connections: counts.connections.load(Relaxed),
        accepted: counts.accepted.load(Relaxed),
        opened: counts.opened.load(Relaxed),
        failed: counts.failed.load(Relaxed),
        refused: counts.refused.load(Relaxed),
        overflows: counts.overflows.load(Relaxed),
        starved: counts.starved.load(Relaxed),
        abandoned: counts.abandoned.load(Relaxed),
        dropped: counts.dropped.load(Relaxed),
    }
}
