//! What others may do with a poller while it is being driven.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

use mio::{Poll, Registry, Token, Waker};
use parking_lot::Mutex;
use skyloom_abi::{Handle, Message};

use crate::socket::Socket;

/// The token of the waker and of short waits: no socket has this number, and nothing is to be done.
pub(crate) const WAKE: Token = Token(usize::MAX);

/// The outside of one poller.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    waker: Waker,
    /// Registered sockets.
    pub(crate) sources: AtomicUsize,
    /// Deadlines that the poller keeps.
    pub(crate) deadlines: AtomicUsize,
    /// Sockets that were written to during the turn that its worker runs.
    pub(crate) dirty: List<Arc<Socket>>,
    /// Sockets that the poller should look at.
    attended: List<Arc<Socket>>,
    /// Last words for owners whose mailbox was full.
    pub(crate) late: List<(Handle, Message)>,
}

impl Desk {
    pub(crate) fn new(poll: &Poll) -> io::Result<Desk> {
        Ok(Desk {
            registry: poll.registry().try_clone()?,
            waker: Waker::new(poll.registry(), WAKE)?,
            sources: AtomicUsize::new(0),
            deadlines: AtomicUsize::new(0),
            dirty: List::new(),
            attended: List::new(),
            late: List::new(),
        })
    }

    /// Makes the poller's current or next wait return at once.
    pub(crate) fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            log::warn!("a poller could not be woken: {error}");
        }
    }

    /// Whether a look into the poller would be in vain.
    ///
    /// `Relaxed`: whoever adds something while the worker sleeps also makes
    /// the poll return, and a worker that runs looks again after its turn.
    pub(crate) fn is_idle(&self) -> bool {
        self.sources.load(Relaxed) == 0
            && self.deadlines.load(Relaxed) == 0
            && self.attended.is_empty()
            && self.late.is_empty()
    }

    /// Asks the poller to look at `socket`.
    ///
    /// Only the first of several wakes it: it takes them all *after* its wait
    /// returned, so that whoever adds to a list that is not empty knows of a
    /// wake-up that is still to come, or of a poller that is about to look.
    pub(crate) fn attend(&self, socket: Arc<Socket>) {
        if self.attended.push(socket) {
            self.wake();
        }
    }

    /// Whether there is a socket that the poller should look at.
    pub(crate) fn has_attended(&self) -> bool {
        !self.attended.is_empty()
    }

    /// The sockets that the poller should look at.
    pub(crate) fn take_attended(&self) -> Vec<Arc<Socket>> {
        self.attended.take()
    }

    /// Gives the room of a list that [`take_attended`](Desk::take_attended) gave back.
    pub(crate) fn give_back_attended(&self, list: Vec<Arc<Socket>>) {
        self.attended.give_back(list);
    }

    /// Keeps `message` for `to` until its mailbox has room again.
    pub(crate) fn keep(&self, to: Handle, message: Message) {
        if self.late.push((to, message)) {
            self.wake();
        }
    }
}

/// A list that many fill and one empties, and that is cheap to find empty.
#[derive(Debug)]
pub(crate) struct List<T> {
    any: AtomicBool,
    items: Mutex<Vec<T>>,
}

impl<T> List<T> {
    fn new() -> List<T> {
        List { any: AtomicBool::new(false), items: Mutex::new(Vec::new()) }
    }

    /// Whether nothing has been pushed since it was last taken.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any.load(Relaxed)
    }

    /// Adds `item`; true if it is the first.
    pub(crate) fn push(&self, item: T) -> bool {
        let mut items = self.items.lock();
        items.push(item);
        // Inside the lock, as is its partner in `take`: it says what the list is.
        self.any.store(true, Relaxed);
        items.len() == 1
    }

    /// Everything in it.
    pub(crate) fn take(&self) -> Vec<T> {
        let mut items = self.items.lock();
        self.any.store(false, Relaxed);
        std::mem::take(&mut *items)
    }

    /// Gives the room of a list that was taken back, so that the next one needs no allocation.
    pub(crate) fn give_back(&self, mut list: Vec<T>) {
        list.clear();
        let mut items = self.items.lock();
        if items.capacity() == 0 && list.capacity() <= 1024 {
            *items = list;
        }
    }
}
