//! One socket, as everybody who has its number sees it.
//!
//! Everything about a socket lies under one small lock. It is held for a few
//! system calls at most, and also while events are posted: that is why what an
//! owner hears of one socket is in order, and why nothing follows its last event.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream, UdpSocket};
use parking_lot::Mutex;
use skyloom_abi::Handle;

use crate::event::SocketEvent;
use crate::id::SocketId;
use crate::output::Output;

/// A socket in the table.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) id: SocketId,
    pub(crate) state: Mutex<State>,
}

/// What lies under a socket's lock.
#[derive(Debug)]
pub(crate) struct State {
    /// Who hears of it.
    pub(crate) owner: Handle,
    /// Bytes that may wait for the peer.
    pub(crate) queue: usize,
    pub(crate) body: Body,
    /// The poller that it is, or will be, registered with.
    pub(crate) home: usize,
    pub(crate) registered: bool,
    /// Started, and not paused: it may be read, or accept.
    pub(crate) reading: bool,
    /// Whose dirty list it was last put on.
    pub(crate) dirty: Option<usize>,
    /// Its poller has been asked to look at it.
    pub(crate) attended: bool,
    /// A poller has it on its list of those that have more to read.
    pub(crate) again: bool,
    /// When something must happen even if nothing happens.
    pub(crate) deadline: Option<Instant>,
    /// The deadline that a poller already knows of.
    pub(crate) noted: Option<Instant>,
    /// Events that wait for somebody with a door.
    pub(crate) news: Vec<SocketEvent>,
    /// The last event has been told.
    pub(crate) told: bool,
}

/// What kind of socket it is.
#[derive(Debug)]
pub(crate) enum Body {
    Listener(Listener),
    Dial(Dial),
    Stream(Stream),
    Datagrams(Datagrams),
    Input(Input),
    /// Not in the table any more; somebody still held a reference.
    Gone,
}

/// A socket that accepts connections.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) listener: TcpListener,
    pub(crate) local: SocketAddr,
    /// When it last said that there are no more files.
    pub(crate) complained: Option<Instant>,
}

/// A connection that is being made.
#[derive(Debug)]
pub(crate) struct Dial {
    /// What was asked for, as `host:port`; the bare name if only its addresses are wanted.
    pub(crate) target: String,
    /// Its addresses are all that is wanted.
    pub(crate) name_only: bool,
    /// What is left to try; `None` while the name is being looked up.
    pub(crate) left: Option<VecDeque<SocketAddr>>,
    /// The attempt that is under way.
    pub(crate) attempt: Option<(TcpStream, SocketAddr)>,
    /// What the last attempt failed with.
    pub(crate) cause: Option<String>,
    /// When to give up altogether.
    pub(crate) until: Instant,
    /// What the owner wrote already.
    pub(crate) output: Output,
}

/// A socket that exchanges datagrams.
#[derive(Debug)]
pub(crate) struct Datagrams {
    pub(crate) socket: UdpSocket,
    /// It has an address of its own: one was asked for, or something has been sent.
    pub(crate) bound: bool,
    /// Whom `write` sends to.
    pub(crate) peer: Option<SocketAddr>,
    /// What the system did not take yet, and how many bytes that is.
    pub(crate) waiting: VecDeque<(SocketAddr, Vec<u8>)>,
    pub(crate) queued: usize,
    pub(crate) blocked: bool,
    pub(crate) traffic: Traffic,
}

/// The standard input, which a thread of its own reads: not every kind of it can be polled.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) parts: Receiver<Vec<u8>>,
    pub(crate) traffic: Traffic,
}

/// A connection that stands.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) local: Option<SocketAddr>,
    /// It was accepted, so its address counts.
    pub(crate) guest: bool,
    pub(crate) stage: Stage,
    pub(crate) output: Output,
    /// The system took less than it was given; it will say when it takes more.
    pub(crate) blocked: bool,
    /// It has been started at least once.
    pub(crate) begun: bool,
    /// Writing failed with this; what can still be read comes first, then the end.
    pub(crate) broken: Option<String>,
    /// Bytes read after the owner closed it, and thrown away.
    pub(crate) discarded: usize,
    pub(crate) traffic: Traffic,
}

/// How far a connection is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// The peer sends no more, and the owner knows it; it may still write.
    HalfOpen,
    /// The owner closed it, and output waits.
    Flushing {
        eof: bool,
    },
    /// All is sent and said; we wait for the peer to see it and close too.
    Lingering,
}

/// What went through a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) reads: u64,
    pub(crate) read_bytes: u64,
    pub(crate) writes: u64,
    pub(crate) written_bytes: u64,
}

impl Socket {
    pub(crate) fn new(id: SocketId, owner: Handle, home: usize, queue: usize, body: Body) -> Arc<Socket> {
        let state = State {
            owner,
            queue,
            body,
            home,
            registered: false,
            reading: false,
            dirty: None,
            attended: false,
            again: false,
            deadline: None,
            noted: None,
            news: Vec::new(),
            told: false,
        };
        Arc::new(Socket { id, state: Mutex::new(state) })
    }
}

impl Stream {
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr, output: Output) -> Stream {
        let local = stream.local_addr().ok();
        Stream {
            stream,
            peer,
            local,
            guest: false,
            stage: Stage::Open,
            output,
            blocked: false,
            begun: false,
            broken: None,
            discarded: 0,
            traffic: Traffic::default(),
        }
    }
}
