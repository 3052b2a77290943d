//! A service's link to its node, as its futures and tokens hold it.
//!
//! The kernel lends its context for one callback; futures live longer. So they
//! hold this: it delivers at once through the node, and leaves on the
//! [`Desk`] what needs a turn. The host looks there at the end of
//! every callback; from outside a turn, a message makes it look.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use skyloom_abi::{Handle, Message, Name, Payload, Protocol, Session, Undelivered, Value};
use skyloom_kernel::{Near, Node};

use super::desk::{Desk, Order};
use super::error::Error;

pub(super) struct Link {
    pub(super) node: Node,
    pub(super) handle: Handle,
    /// The thread in whose turn the service is, as `this_thread` names it; 0 between turns.
    turn: AtomicUsize,
    /// That thread's worker plus one; 0 if it is none.
    worker: AtomicUsize,
    /// Who sent the message that is being handled, and under which session an answer is due; 0 for none.
    source: AtomicU32,
    session: AtomicU32,
    /// Something was put on the desk during this turn.
    due: AtomicBool,
    desk: Mutex<Desk>,
}

/// The message that makes the host look at the desk.
///
/// It travels as a response without a session: those always get into a mailbox, even a full one.
pub(super) struct Look;

impl Value for Look {
    fn encode(&self, _: &mut Vec<u8>) {}
}

/// A number that no other running thread has.
fn this_thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}

impl Link {
    pub(super) fn new(node: Node, handle: Handle) -> Arc<Link> {
        Arc::new(Link {
            node,
            handle,
            turn: AtomicUsize::new(0),
            worker: AtomicUsize::new(0),
            source: AtomicU32::new(0),
            session: AtomicU32::new(0),
            due: AtomicBool::new(false),
            desk: Mutex::new(Desk::default()),
        })
    }

    /// Begins a callback on this thread; it ends when the guard is dropped.
    ///
    /// Relaxed throughout: only this thread can read its own mark, and callbacks
    /// of one service are ordered by the kernel.
    pub(super) fn enter(&self, near: Near) -> Entered<'_> {
        self.worker.store(near.worker().map_or(0, |worker| worker + 1), Relaxed);
        self.turn.store(this_thread(), Relaxed);
        Entered(self)
    }

    /// Whether this thread is in a callback of this service.
    pub(super) fn in_turn(&self) -> bool {
        self.turn.load(Relaxed) == this_thread()
    }

    pub(super) fn near(&self) -> Near {
        let worker = if self.in_turn() { self.worker.load(Relaxed) } else { 0 };
        worker.checked_sub(1).map_or(Near::Outside, Near::Worker)
    }

    pub(super) fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.node.post_near(self.near(), to, message)
    }

    /// Says what is being handled.
    pub(super) fn handling(&self, source: Option<Handle>, asked: Option<Session>) {
        self.source.store(source.map_or(0, Handle::get), Relaxed);
        self.session.store(asked.map_or(0, Session::get), Relaxed);
    }

    pub(super) fn source(&self) -> Option<Handle> {
        if self.in_turn() { Handle::new(self.source.load(Relaxed)) } else { None }
    }

    /// Takes the duty to answer what is being handled: whoever gets it answers, exactly once.
    pub(super) fn take_request(&self) -> Option<(Handle, Session)> {
        let source = self.source()?;
        Some((source, Session::new(self.session.swap(0, Relaxed))?))
    }

    /// Looks at the desk; the host need not hear of it.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut Desk) -> R) -> R {
        look(&mut self.desk.lock())
    }

    /// Puts something on the desk, and sees to it that the host will look there.
    pub(super) fn tell<R>(&self, put: impl FnOnce(&mut Desk) -> R) -> R {
        let mut desk = self.desk.lock();
        let done = put(&mut desk);
        if self.in_turn() {
            self.due.store(true, Relaxed);
        } else if !std::mem::replace(&mut desk.called, true) {
            drop(desk);
            self.call_host();
        }
        done
    }

    pub(super) fn order(&self, order: Order) {
        self.tell(|desk| desk.work.orders.push(order));
    }

    /// Whether the host has to look at the desk before its callback ends.
    pub(super) fn is_due(&self) -> bool {
        self.due.load(Relaxed)
    }

    /// The host looks.
    pub(super) fn looked(&self) {
        self.due.store(false, Relaxed);
    }

    /// Has the host look again in a later turn, behind what waits in the mailbox.
    pub(super) fn look_later(&self) {
        if !self.look(|desk| std::mem::replace(&mut desk.called, true)) {
            self.call_host();
        }
    }

    fn call_host(&self) {
        let look = Message::send(Some(self.handle), Protocol::RESPONSE, Payload::value(Look));
        // A service that has ended has nothing left to look at.
        let _ = self.post(self.handle, look);
    }
}

/// A callback is running.
pub(super) struct Entered<'a>(&'a Link);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.turn.store(0, Relaxed);
    }
}

/// Gives a service a local name.
pub(crate) fn register(node: &Node, name: &str, handle: Handle) -> Result<(), Error> {
    let name: Name = name.parse()?;
    node.register(&name, handle).map_err(|owner| match owner {
        Some(owner) => format!("{name} is the name of {owner}").into(),
        None => format!("{handle} has ended and takes no name").into(),
    })
}
