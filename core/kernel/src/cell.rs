//! The kernel's box round a live service.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use skyloom_abi::{ExitReason, Handle, Message, Session};

use crate::mailbox::{Chain, Holds, Mailbox, Parcel};
use crate::near::Near;

/// A message in its envelope: the allocation that it keeps from the sender's hands to the receiver's.
///
/// It reads as the [`Message`] inside, and [`open`](Parcel::open) takes that out.
pub type Envelope = Parcel<Message>;

/// A first warning at this many waiting messages, then at each doubling.
const SOFT_LIMIT: u32 = 1024;

/// What the kernel runs: a service with all that it needs, behind one small interface.
pub(crate) trait Actor: Send {
    fn start(&mut self, cell: &Cell, near: Near);
    fn receive(&mut self, cell: &Cell, near: Near, message: Envelope);
    fn stop(&mut self, cell: &Cell, near: Near);
    fn retire(&mut self, cell: &Cell, near: Near, reason: &ExitReason);
}

/// A way to get at a service whose handler does not return.
///
/// Called from the stall watcher's thread while the handler runs on another.
pub trait Interrupt: Send + Sync {
    /// Asks the handler to say where it is, without disturbing it.
    fn report(&self) {}
    /// Asks the handler to give up: its service has been killed.
    fn give_up(&self) {}
}

/// Who wants to hear how the start went; the error is its text.
pub(crate) type Birth = Box<dyn FnOnce(Handle, Result<(), String>) + Send>;

/// The most messages that may wait for a service, and what happens to the one after that.
///
/// Responses, errors, timers and the kernel's own notices always get in: a service bounds those
/// itself by what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Number of waiting messages.
    pub messages: usize,
    /// What happens to one more.
    pub overflow: Overflow,
}

/// What happens to a message for a mailbox at its hard limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The sender gets it back: `Undelivered` with `Cause::Full`.
    Refuse,
    /// It is dropped and counted; a request gets an error reply.
    Drop,
    /// The service is killed.
    Kill,
}

/// The part of a live service that anybody may touch: its address and its mailbox.
///
/// The part that only its holder may touch is its [`Hold`].
// In this order: what every message touches comes first and fills a cache line. With a thousand
// services that talk, each line that a message does not touch is a miss less.
#[repr(C)]
pub(crate) struct Cell {
    pub(crate) mailbox: Mailbox<Message, Hold>,
    pub(crate) handle: Handle,
    last_session: AtomicU32,
    pub(crate) handled: AtomicU64,
    /// Length at which the next warning is due.
    warn_at: AtomicU32,
    sessions_wrapped: AtomicBool,
    doomed: AtomicBool,
    is_limited: bool,
    limit: Option<Limit>,
    pub(crate) dropped: AtomicU64,
    pub(crate) label: Box<str>,
    pub(crate) interrupt: Option<Arc<dyn Interrupt>>,
    ending: Mutex<Option<ExitReason>>,
    birth: Mutex<Option<Birth>>,
    /// Who asked to hear of its end; `None` once they have been told.
    watchers: Mutex<Option<Vec<Handle>>>,
}

/// The right to run a service, and what only whoever has it may touch. There is one per cell: it
/// is in the run queue, with a worker, or left in the idle mailbox.
pub(crate) struct Hold {
    pub(crate) cell: Arc<Cell>,
    /// `None` once the service has ended.
    pub(crate) actor: Option<Box<dyn Actor>>,
    /// Messages taken out of the mailbox and not yet handled.
    pub(crate) taken: Chain<Message>,
    pub(crate) phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    New,
    Running,
}

impl Hold {
    /// The hold of a cell that has just been made.
    pub(crate) fn new(cell: Arc<Cell>, actor: Box<dyn Actor>) -> Box<Hold> {
        Box::new(Hold { cell, actor: Some(actor), taken: Chain::default(), phase: Phase::New })
    }
}

impl Holds<Message> for Hold {
    #[inline]
    fn mailbox(&self) -> &Mailbox<Message, Hold> {
        &self.cell.mailbox
    }
}

impl Cell {
    pub(crate) fn new(
        handle: Handle,
        label: Box<str>,
        limit: Option<Limit>,
        interrupt: Option<Arc<dyn Interrupt>>,
        birth: Option<Birth>,
    ) -> Cell {
        Cell {
            handle,
            label,
            mailbox: Mailbox::held(),
            is_limited: limit.is_some(),
            limit,
            interrupt,
            warn_at: AtomicU32::new(SOFT_LIMIT),
            handled: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            last_session: AtomicU32::new(0),
            sessions_wrapped: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            ending: Mutex::new(None),
            birth: Mutex::new(birth),
            watchers: Mutex::new(Some(Vec::new())),
        }
    }

    /// A session that `taken` does not know. After the counter has gone round once, sessions
    /// still in use are passed over; before that none can be.
    pub(crate) fn session(&self, taken: impl Fn(Session) -> bool) -> Session {
        loop {
            let last = self.last_session.load(Ordering::Relaxed);
            let next = Session::new(last).map_or(Session::MIN, Session::next);
            // Only the worker that holds the cell counts, so a plain store does.
            self.last_session.store(next.get(), Ordering::Relaxed);
            if next == Session::MIN && last != 0 {
                self.sessions_wrapped.store(true, Ordering::Relaxed);
            }
            if !self.sessions_wrapped.load(Ordering::Relaxed) || !taken(next) {
                return next;
            }
        }
    }

    /// Lets the counter of sessions stand at `last`: for tests of its end.
    pub(crate) fn sessions_at(&self, last: Session) {
        self.last_session.store(last.get(), Ordering::Relaxed);
    }

    /// The hard limit of its mailbox, if it has one.
    #[inline]
    pub(crate) fn limit(&self) -> Option<Limit> {
        // The answer is mostly no, and lies where the message is anyway.
        if self.is_limited { self.limit } else { None }
    }

    /// Whether a poster that sees `waiting` messages should warn of it: at the soft limit and
    /// then at each doubling, once each.
    #[inline]
    pub(crate) fn overload(&self, waiting: usize) -> Option<usize> {
        let due = self.warn_at.load(Ordering::Relaxed);
        if waiting < due as usize { None } else { self.is_first_to_warn(waiting, due) }
    }

    #[cold]
    fn is_first_to_warn(&self, waiting: usize, due: u32) -> Option<usize> {
        let next = u32::try_from(waiting.saturating_add(1).next_power_of_two()).unwrap_or(u32::MAX);
        let won = self.warn_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        won.is_ok().then_some(waiting)
    }

    /// The mailbox has run empty: the next overload is a new one.
    pub(crate) fn relax(&self) {
        if self.warn_at.load(Ordering::Relaxed) != SOFT_LIMIT {
            self.warn_at.store(SOFT_LIMIT, Ordering::Relaxed);
        }
    }

    /// Decides that the service ends, and why; the first reason stays.
    pub(crate) fn doom(&self, reason: ExitReason) {
        self.ending.lock().get_or_insert(reason);
        self.doomed.store(true, Ordering::Release);
    }

    pub(crate) fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::Acquire)
    }

    pub(crate) fn reason(&self) -> ExitReason {
        self.ending.lock().clone().unwrap_or(ExitReason::Finished)
    }

    /// Tells how the start went; only the first telling counts.
    pub(crate) fn tell_birth(&self, outcome: Result<(), String>) {
        let birth = self.birth.lock().take();
        if let Some(tell) = birth {
            tell(self.handle, outcome);
        }
    }

    /// Adds a watcher; `false` if the end has been told already.
    pub(crate) fn watch(&self, watcher: Handle) -> bool {
        match &mut *self.watchers.lock() {
            Some(watchers) => {
                if !watchers.contains(&watcher) {
                    watchers.push(watcher);
                }
                true
            }
            None => false,
        }
    }

    pub(crate) fn unwatch(&self, watcher: Handle) {
        if let Some(watchers) = &mut *self.watchers.lock() {
            watchers.retain(|other| *other != watcher);
        }
    }

    /// Whether its end has been told: it is finished.
    pub(crate) fn has_told(&self) -> bool {
        self.watchers.lock().is_none()
    }

    /// Those to be told of the end: handed out once.
    pub(crate) fn last_watchers(&self) -> Vec<Handle> {
        self.watchers.lock().take().unwrap_or_default()
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({} {:?})", self.handle, self.label)
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_session_counter_goes_round_and_passes_over_sessions_in_use() {
        let cell = Cell::new(Handle::new(1).unwrap(), "x".into(), None, None, None);
        assert_eq!(cell.session(|_| true), Session::MIN, "nothing can be in use before it has gone round");
        cell.sessions_at(Session::new(Session::MAX.get() - 1).unwrap());
        assert_eq!(cell.session(|_| false), Session::MAX);
        let held = [Session::MIN, Session::MIN.next()];
        assert_eq!(cell.session(|s| held.contains(&s)).get(), 3);
    }
}
