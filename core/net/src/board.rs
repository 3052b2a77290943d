//! What all pollers and all callers of `Net` share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use skyloom_abi::{Handle, Message, Payload, Protocol};

use crate::desk::Desk;
use crate::error::NetError;
use crate::event::SocketEvent;
use crate::id::SocketId;
use crate::limits::Limits;
use crate::owners::{Guests, Owners};
use crate::resolve::Resolver;
use crate::socket::{Body, Socket};
use crate::table::Table;

/// The switchboard: the sockets, who owns them, and the desk of each poller.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) limits: Limits,
    pub(crate) desks: Vec<Desk>,
    pub(crate) table: Table<Arc<Socket>>,
    pub(crate) owners: Owners,
    pub(crate) guests: Guests,
    pub(crate) resolver: Resolver,
    pub(crate) counts: Counts,
    turn: AtomicUsize,
}

/// What happened so far; see [`NetStats`](crate::NetStats).
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    pub(crate) opened: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) overflows: AtomicU64,
    pub(crate) starved: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

impl Board {
    pub(crate) fn new(limits: Limits, desks: Vec<Desk>) -> Board {
        let Some(first) = SocketId::new(1) else { unreachable!("1 is a socket's number") };
        Board {
            limits,
            desks,
            table: Table::new(first),
            owners: Owners::default(),
            guests: Guests::default(),
            resolver: Resolver::default(),
            counts: Counts::default(),
            turn: AtomicUsize::new(0),
        }
    }

    /// The socket with this number.
    pub(crate) fn find(&self, id: SocketId) -> Result<Arc<Socket>, NetError> {
        self.table.get(id).ok_or(NetError::Unknown(id))
    }

    /// A desk for a socket of which nobody has said where it should live.
    pub(crate) fn any_desk(&self) -> usize {
        self.turn.fetch_add(1, Relaxed) % self.desks.len()
    }

    /// Puts a new socket into the table.
    pub(crate) fn add(&self, owner: Handle, home: usize, body: Body) -> Arc<Socket> {
        let socket = self.table.insert(|id| Socket::new(id, owner, home, self.limits.queue, body));
        self.owners.add(owner, socket.id);
        socket
    }

    /// Counts one more connection, unless there are too many.
    pub(crate) fn enter(&self) -> Result<(), NetError> {
        let limit = self.limits.connections;
        let room = |count: usize| (count < limit).then_some(count + 1);
        let entered = self.counts.connections.fetch_update(Relaxed, Relaxed, room);
        entered.map(drop).map_err(|_| NetError::TooMany { limit })
    }

    /// Counts one connection less.
    pub(crate) fn leave(&self) {
        self.counts.connections.fetch_sub(1, Relaxed);
    }
}

/// An event as a message.
pub(crate) fn message(event: SocketEvent) -> Message {
    Message::send(None, Protocol::SOCKET, Payload::value(event))
}
