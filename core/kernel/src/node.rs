//! A node: its services, names, timers and clock, and the one door to them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex, RwLock};
use skyloom_abi::{
    CallError, Cause, Door, ExitReason, Handle, Message, Name, Payload, Protocol, Remote, Undelivered, Value,
};

use crate::cell::{Cell, Overflow};
use crate::clock::Clock;
use crate::mailbox::Pushed;
use crate::names::Names;
use crate::near::Near;
use crate::peer::Peer;
use crate::registry::Registry;
use crate::run_queue::{RunQueue, Waken};
use crate::running::Running;
use crate::timers::{Alarm, Ring, TimerId, Timers};

/// One process's worth of services; cheap to clone, and two fit into one process.
#[derive(Clone)]
pub struct Node(pub(crate) Arc<Core>);

/// The payload of the `SYSTEM` message that a monitoring service gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exited {
    /// Who has ended.
    pub handle: Handle,
    /// Why.
    pub reason: ExitReason,
}

impl Value for Exited {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{} {}", self.handle, self.reason).as_bytes());
    }
}

pub(crate) struct Core {
    pub(crate) id: u8,
    pub(crate) registry: Registry<Cell>,
    pub(crate) names: Names,
    pub(crate) timers: Timers,
    pub(crate) clock: Clock,
    pub(crate) ready: Ready,
    pub(crate) env: RwLock<HashMap<String, String>>,
    pub(crate) handled_by_the_dead: AtomicU64,
    pub(crate) late: AtomicU64,
    /// What each worker handles.
    pub(crate) running: Box<[Running]>,
    /// Killed while their handler ran: out of the registry, not yet finished.
    pub(crate) dying: Mutex<Vec<Arc<Cell>>>,
    /// Somebody has called `stop`.
    pub(crate) stopping: AtomicBool,
    /// Somebody has called `abort`.
    pub(crate) aborting: AtomicBool,
    /// Workers leave as soon as nothing is runnable.
    pub(crate) closing: AtomicBool,
    /// Notified whenever a service ends and when the node has stopped.
    pub(crate) ended: Condvar,
    pub(crate) end: Mutex<End>,
}

/// How the node itself ends.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) stopped: bool,
    pub(crate) workers: Vec<std::thread::JoinHandle<()>>,
}

/// Where runnable cells wait.
pub(crate) enum Ready {
    /// For the workers; with what wakes each of them.
    Workers(Box<RunQueue<Cell>>, Box<[Arc<dyn Remote>]>),
    /// For `sim`, which picks by its seed.
    Seeded(Mutex<Vec<Arc<Cell>>>),
}

/// What a node says about one of its services.
#[derive(Debug, Clone)]
pub struct ServiceInfo {
    /// Its address.
    pub handle: Handle,
    /// What it was called when it was spawned.
    pub label: String,
    /// Its local names.
    pub names: Vec<String>,
    /// Messages that wait.
    pub mailbox: usize,
    /// Messages it has handled.
    pub handled: u64,
    /// Messages that its hard limit has cost.
    pub dropped: u64,
}

/// What a node says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeStats {
    /// Living services.
    pub services: usize,
    /// Messages handled by all services, dead ones included.
    pub messages: u64,
    /// Timers that wait.
    pub timers: usize,
    /// Answers that came after their request had ended.
    pub late: u64,
}

/// How a delivery went.
enum Delivery {
    /// Whom to wake, and the mailbox's length if a warning is due.
    Done(Waken, Option<usize>),
    /// The mailbox did not take it.
    Back(Message),
}

impl Node {
    /// Puts `message` into the mailbox of `to`, as worker `near` says.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives the message back if the service is unknown, has ended, or is at its
    /// hard limit.
    pub fn post_near(&self, near: Near, to: Handle, message: Message) -> Result<(), Undelivered> {
        if to.node() != self.0.id {
            return Err(Undelivered { to, message, cause: Cause::OtherNode });
        }
        // Taken by the closure if it runs, and still here if it does not.
        let mut message = Some(message);
        let deliver = |cell: &Arc<Cell>| Some(self.deliver(near, cell, message.take()?));
        let outcome = self.0.registry.with(to, deliver).flatten();
        match (outcome, message) {
            (Some(outcome), _) => self.settle(to, outcome),
            (None, Some(message)) => Err(Undelivered { to, message, cause: Cause::Unknown }),
            (None, None) => Ok(()),
        }
    }

    /// The same for a service that writes to `to` again and again.
    pub(crate) fn post_to_peer(
        &self,
        near: Near,
        peer: &Peer,
        to: Handle,
        message: Message,
    ) -> Result<(), Undelivered> {
        let Some(cell) = peer.take(to).or_else(|| self.0.registry.get(to).filter(|cell| cell.handle == to)) else {
            return self.post_near(near, to, message);
        };
        let outcome = self.deliver(near, &cell, message);
        if let Delivery::Done(..) = outcome {
            peer.remember(cell);
        }
        self.settle(to, outcome)
    }

    /// What follows a delivery, once no lock is held: wake, warn, or say why it failed.
    #[inline]
    fn settle(&self, to: Handle, outcome: Delivery) -> Result<(), Undelivered> {
        match outcome {
            Delivery::Done(waken, overload) => {
                self.wake(waken);
                if let Some(waiting) = overload {
                    self.warn_of_overload(to, waiting);
                }
                Ok(())
            }
            Delivery::Back(message) => self.overflow(to, message),
        }
    }

    /// Pushes and schedules. The message is moved as seldom as can be: it is a cache line long.
    #[inline]
    fn deliver(&self, near: Near, cell: &Arc<Cell>, message: Message) -> Delivery {
        let waiting = cell.mailbox.len();
        if let Some(limit) = cell.limit
            && waiting >= limit.messages
            && !message.protocol.is_answer()
            && message.protocol != Protocol::SYSTEM
        {
            return Delivery::Back(message);
        }
        let overload = cell.overload(waiting);
        match cell.mailbox.push(message) {
            Pushed::Schedule => Delivery::Done(self.schedule(near, cell.clone()), overload),
            Pushed::Already => Delivery::Done(None, overload),
            Pushed::Retired(back) => Delivery::Back(back),
        }
    }

    /// What becomes of a message that the mailbox did not take.
    #[cold]
    fn overflow(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        let Some(cell) = self.0.registry.get(to) else {
            return Err(Undelivered { to, message, cause: Cause::Unknown });
        };
        let Some(limit) = cell.limit.filter(|limit| cell.mailbox.len() >= limit.messages) else {
            return Err(Undelivered { to, message, cause: Cause::Unknown });
        };
        cell.dropped.fetch_add(1, Ordering::Relaxed);
        match limit.overflow {
            Overflow::Refuse => return Err(Undelivered { to, message, cause: Cause::Full }),
            Overflow::Drop => self.bounce(to, message, CallError::Undelivered(Cause::Full)),
            Overflow::Kill => {
                self.kill(to, ExitReason::Failed(format!("over {} messages in its mailbox", limit.messages)));
                self.bounce(to, message, CallError::Died);
            }
        }
        Ok(())
    }

    /// Puts a cell that has just become runnable where a worker will find it.
    pub(crate) fn schedule(&self, near: Near, cell: Arc<Cell>) -> Waken {
        match (&self.0.ready, near) {
            (Ready::Workers(queue, _), Near::Worker(worker)) => queue.push_hot(worker, cell),
            (Ready::Workers(queue, _), Near::Outside) => queue.push_global(cell),
            (Ready::Seeded(cells), _) => {
                cells.lock().push(cell);
                None
            }
        }
    }

    pub(crate) fn wake(&self, waken: Waken) {
        if let (Some(worker), Ready::Workers(_, remotes)) = (waken, &self.0.ready) {
            remotes[worker].wake();
        }
    }

    /// Answers a request that nobody will answer any more; anything else is just dropped.
    pub(crate) fn bounce(&self, from: Handle, message: Message, error: CallError) {
        if let Some((to, session)) = message.awaits() {
            let _ = self.post_near(Near::Outside, to, Message::error(Some(from), session, error));
        }
    }

    /// Ends a service now: it handles nothing more, whatever it had begun and whatever waits is
    /// answered with an error, and it is gone from the node when this returns.
    ///
    /// A handler that is just running is let finish its message. Returns `false` if there is no such service.
    pub fn kill(&self, handle: Handle, reason: ExitReason) -> bool {
        let Some(cell) = self.unregister(handle) else { return false };
        // Before the retirement: from then on the holder may finish it and strike it off this list.
        self.0.dying.lock().push(cell.clone());
        cell.doom(reason);
        let (waiting, mine) = cell.mailbox.retire();
        for message in waiting {
            self.bounce(handle, message, CallError::Died);
        }
        if mine {
            let waken = self.schedule(Near::Outside, cell);
            self.wake(waken);
        }
        true
    }

    /// Takes a service out of the registry and the names; what is posted now comes back.
    pub(crate) fn unregister(&self, handle: Handle) -> Option<Arc<Cell>> {
        if handle.node() != self.0.id {
            return None;
        }
        let cell = self.0.registry.remove(handle)?;
        self.0.names.forget(handle);
        Some(cell)
    }

    /// Finds a service that may have been killed already while its handler still runs.
    pub(crate) fn find_even_dying(&self, handle: Handle) -> Option<Arc<Cell>> {
        let dying = || self.0.dying.lock().iter().find(|cell| cell.handle == handle).cloned();
        self.0.registry.get(handle).or_else(dying)
    }

    /// Tells everybody who asked that a service has ended.
    pub(crate) fn announce(&self, near: Near, cell: &Cell) {
        self.0.dying.lock().retain(|other| other.handle != cell.handle);
        let reason = cell.reason();
        for watcher in cell.last_watchers() {
            self.tell_exit(near, watcher, cell.handle, reason.clone());
        }
        let _end = self.0.end.lock();
        self.0.ended.notify_all();
    }

    pub(crate) fn tell_exit(&self, near: Near, watcher: Handle, handle: Handle, reason: ExitReason) {
        let notice = Payload::value(Exited { handle, reason });
        let _ = self.post_near(near, watcher, Message::send(Some(handle), Protocol::SYSTEM, notice));
    }

    /// Fires the timers that are due.
    pub(crate) fn fire(&self, near: Near, alarms: &mut Vec<Alarm>) {
        let now = self.now();
        if !self.0.timers.due(now) {
            return;
        }
        self.0.timers.fire(now, alarms);
        for alarm in alarms.drain(..) {
            self.ring(near, alarm);
        }
    }

    /// Sets a timer; a watcher that would sleep through it is woken to look again.
    pub(crate) fn set_alarm(&self, after: Duration, alarm: Alarm) -> TimerId {
        let (timer, earliest) = self.0.timers.set(self.now().saturating_add(after), alarm);
        if let (true, Ready::Workers(queue, _)) = (earliest, &self.0.ready) {
            self.wake(queue.rouse(None));
        }
        timer
    }

    pub(crate) fn ring(&self, near: Near, alarm: Alarm) {
        let message = match alarm.ring {
            Ring::Timeout => Message::response(None, alarm.session, Payload::EMPTY),
            Ring::Deadline => Message::error(None, alarm.session, CallError::TimedOut),
        };
        // A timer of a service that has ended evaporates.
        let _ = self.post_near(near, alarm.to, message);
    }

    /// How long the node has been up, by its own clock.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.0.clock.now()
    }

    /// The wall time at which the node started.
    #[must_use]
    pub fn started_at(&self) -> SystemTime {
        self.0.clock.started()
    }

    /// Its number: the high byte of its services' handles.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.0.id
    }

    /// Number of workers; 0 under [`Sim`](crate::Sim).
    #[must_use]
    pub fn workers(&self) -> usize {
        match &self.0.ready {
            Ready::Workers(queue, _) => queue.workers(),
            Ready::Seeded(_) => 0,
        }
    }

    /// Gives a living service a local name; the first owner keeps it until it ends.
    ///
    /// # Errors
    ///
    /// Returns the present owner, or `None` if `handle` is no living service.
    pub fn register(&self, name: &Name, handle: Handle) -> Result<(), Option<Handle>> {
        let alive = || handle.node() == self.0.id && self.0.registry.with(handle, |_| ()).is_some();
        self.0.names.bind(name, handle, alive)
    }

    /// Finds a service by its local name, with or without the dot.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Handle> {
        self.0.names.find(name)
    }

    /// Whether `handle` is a living service of this node.
    #[must_use]
    pub fn is_alive(&self, handle: Handle) -> bool {
        handle.node() == self.0.id && self.0.registry.with(handle, |_| ()).is_some()
    }

    /// A value of the node's environment.
    #[must_use]
    pub fn env(&self, key: &str) -> Option<String> {
        self.0.env.read().get(key).cloned()
    }

    /// Sets a value of the environment; each can be set once.
    ///
    /// # Errors
    ///
    /// Returns the value that is there already.
    pub fn set_env(&self, key: &str, value: &str) -> Result<(), String> {
        match self.0.env.write().entry(key.to_owned()) {
            std::collections::hash_map::Entry::Occupied(entry) => Err(entry.get().clone()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(value.to_owned());
                Ok(())
            }
        }
    }

    /// Writes a line to the node's log: to the service named `.logger`, or to the process's log.
    pub fn report(&self, source: Option<Handle>, text: &str) {
        let logger = self.lookup("logger").filter(|logger| Some(*logger) != source);
        let Some(logger) = logger else {
            log::warn!("{} {text}", source.map_or_else(|| ":00000000".into(), |s| s.to_string()));
            return;
        };
        let line = Message::send(source, Protocol::TEXT, Payload::from(text));
        if self.post_near(Near::Outside, logger, line).is_err() {
            log::warn!("{text}");
        }
    }

    fn warn_of_overload(&self, handle: Handle, waiting: usize) {
        // The logger's own overload would feed itself.
        if self.lookup("logger") != Some(handle) {
            self.report(Some(handle), &format!("error: May overload, message queue length = {waiting}"));
        }
    }

    /// Everything that lives here, in the order of the handles.
    #[must_use]
    pub fn services(&self) -> Vec<ServiceInfo> {
        let mut cells = self.0.registry.all();
        cells.sort_by_key(|cell| cell.handle);
        let info = |cell: Arc<Cell>| ServiceInfo {
            handle: cell.handle,
            label: cell.label.to_string(),
            names: self.0.names.of(cell.handle),
            mailbox: cell.mailbox.len(),
            handled: cell.handled.load(Ordering::Relaxed),
            dropped: cell.dropped.load(Ordering::Relaxed),
        };
        cells.into_iter().map(info).collect()
    }

    /// Counters of the whole node.
    #[must_use]
    pub fn stats(&self) -> NodeStats {
        let living: u64 = self.0.registry.all().iter().map(|cell| cell.handled.load(Ordering::Relaxed)).sum();
        NodeStats {
            services: self.0.registry.living(),
            messages: living + self.0.handled_by_the_dead.load(Ordering::Relaxed),
            timers: self.0.timers.len(),
            late: self.0.late.load(Ordering::Relaxed),
        }
    }
}

impl Door for Node {
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.post_near(Near::Outside, to, message)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}, {} services)", self.0.id, self.0.registry.living())
    }
}
