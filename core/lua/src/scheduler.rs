//! Which coroutine runs next: the decisions of the Lua host, without Lua.
//!
//! A service is a set of coroutines. Each waits under a session (for a reply,
//! a timer, a wake-up), waits in the fork queue, or runs. This table knows who
//! waits for what, whom each request must be answered to, and in which order
//! deferred work is done; it never touches a coroutine. The host does what the
//! answers say. `C` names a coroutine, `T` a timer: numbers in the tests.
//!
//! The order of one turn is Skynet's: the message first; whenever a coroutine
//! suspends or ends, pending wake-ups, then calls that failed, each in the
//! order they came; then the fork queue, each fork followed by the same.

mod sessions;
mod requests;
mod waits;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Debug;

use skyloom_abi::{CallError, Handle, Session};

use requests::Origin;
pub(crate) use requests::{Detached, Ended, Request};
use sessions::{SessionHash, Sessions};
use waits::Wait;
pub(crate) use waits::{Awoken, Kill, Token};

/// The name of a coroutine: small numbers, used as an index.
pub(crate) trait Slot: Copy + Eq + Debug {
    /// Its place in a table.
    fn index(self) -> usize;
}

impl Slot for u32 {
    fn index(self) -> usize {
        self as usize
    }
}

/// What the host does next, when the coroutine that ran has suspended or ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<C, T> {
    /// Somebody woke it: resume with "woken early", and cancel the timer if there is one.
    Break(C, Option<Alarm<T>>),
    /// Its call failed: raise the error there, and cancel the deadline if there is one.
    Fail(C, CallError, Option<Alarm<T>>),
    /// Start this fork.
    Start(C),
}

/// A timer to be cancelled; if it is too late for that, its message is to be
/// [swallowed](Scheduler::swallow).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alarm<T> {
    pub(crate) session: Session,
    /// `None` when it was due at once, so that its message is under way already.
    pub(crate) timer: Option<T>,
}

/// What an incoming response or error means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<C, T> {
    /// This coroutine called; resume it, and cancel its deadline.
    Call(C, Option<Alarm<T>>),
    /// This coroutine slept, and its time is over.
    Slept(C),
    /// The function of a `timeout` is due.
    Due(C),
    /// Its caller was killed or gave up: nobody wants it.
    Abandoned,
    /// Nobody ever asked.
    Unknown,
}

/// The table of all coroutines of one service.
#[derive(Debug)]
pub(crate) struct Scheduler<C, T> {
    waits: Sessions<Wait<C, T>>,
    /// Nothing is deferred for sure. Set here so that most messages need not look at the queues below.
    is_settled: bool,
    sleepers: HashMap<Token, Session>,
    woken: VecDeque<Token>,
    failed: VecDeque<(Session, CallError)>,
    forks: VecDeque<C>,
    abandoned: HashSet<Session, SessionHash>,
    tasks: Vec<Task>,
    detached: HashMap<u64, Request>,
    next_detached: u64,
    orphans: VecDeque<Request>,
}

/// What is known of one coroutine.
#[derive(Debug, Clone, Copy, Default)]
struct Task {
    origin: Origin,
    waits_on: Option<Session>,
}

impl<C: Slot, T: Copy> Scheduler<C, T> {
    pub(crate) fn new() -> Self {
        Scheduler {
            waits: Sessions::new(),
            is_settled: true,
            sleepers: HashMap::new(),
            woken: VecDeque::new(),
            failed: VecDeque::new(),
            forks: VecDeque::new(),
            abandoned: HashSet::default(),
            tasks: Vec::new(),
            detached: HashMap::new(),
            next_detached: 0,
            orphans: VecDeque::new(),
        }
    }

    #[inline]
    fn task(&mut self, co: C) -> &mut Task {
        let index = co.index();
        if index >= self.tasks.len() {
            self.grow(index);
        }
        &mut self.tasks[index]
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        self.tasks.resize(index + 1, Task::default());
    }

    /// Puts a coroutine at the end of the fork queue.
    pub(crate) fn fork(&mut self, co: C) {
        *self.task(co) = Task::default();
        self.forks.push_back(co);
        self.is_settled = false;
    }

    /// The next deferred step, `None` when the turn is over.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Step<C, T>> {
        if self.is_settled {
            return None;
        }
        let step = self.deferred();
        self.is_settled = step.is_none();
        step
    }

    /// Whether nothing is deferred.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    fn deferred(&mut self) -> Option<Step<C, T>> {
        while let Some(token) = self.woken.pop_front() {
            let Some(session) = self.sleepers.remove(&token) else { continue };
            let Some(wait) = self.unwait(session) else { continue };
            return Some(Step::Break(wait.co(), wait.alarm(session)));
        }
        while let Some((session, error)) = self.failed.pop_front() {
            if !matches!(self.waits.get(session), Some(Wait::Call { .. })) {
                continue;
            }
            let Some(wait) = self.unwait(session) else { continue };
            return Some(Step::Fail(wait.co(), error, wait.alarm(session)));
        }
        self.forks.pop_front().map(Step::Start)
    }

    /// Whether a session is in use, so that it must not be given out again.
    pub(crate) fn is_taken(&self, session: Session) -> bool {
        self.waits.get(session).is_some() || self.abandoned.contains(&session)
    }

    /// How many coroutines wait under a session.
    pub(crate) fn waiting(&self) -> usize {
        self.waits.len()
    }

    /// All coroutines that wait, with their sessions, in no order.
    pub(crate) fn all_waiting(&self) -> impl Iterator<Item = (Session, C)> {
        self.waits.iter().map(|(session, wait)| (session, wait.co()))
    }

    /// The session that `co` waits under.
    pub(crate) fn session_of(&self, co: C) -> Option<Session> {
        self.tasks.get(co.index())?.waits_on
    }

    /// Everybody whom a pending call asks: they are told when the service ends.
    pub(crate) fn asked(&self) -> Vec<Handle> {
        let mut asked: Vec<Handle> = self.waits.iter().filter_map(|(_, wait)| wait.asked()).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    /// Forgets every waiting and forked coroutine, for a service that ends; returns them.
    pub(crate) fn abandon_all(&mut self) -> Vec<C> {
        let mut all: Vec<C> = self.forks.drain(..).collect();
        all.extend(self.waits.drain().map(|(_, wait)| wait.co()));
        self.sleepers.clear();
        self.woken.clear();
        self.failed.clear();
        for co in &all {
            if let Some(task) = self.tasks.get_mut(co.index()) {
                task.waits_on = None;
            }
        }
        all
    }

    #[inline(always)]
    fn unwait(&mut self, session: Session) -> Option<Wait<C, T>> {
        let wait = self.waits.remove(session)?;
        self.task(wait.co()).waits_on = None;
        Some(wait)
    }
}
