//! A node: its services, names, timers and clock, and the one door to them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex, RwLock};
use skyloom_abi::{ExitReason, Handle, Message, Name, Payload, Protocol, Remote, Value};

use crate::cell::{Cell, Hold};
use crate::clock::Clock;
use crate::names::Names;
use crate::near::Near;
use crate::registry::Registry;
use crate::run_queue::RunQueue;
use crate::running::Running;
use crate::timers::Timers;

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
    Workers(Box<RunQueue<Hold>>, Box<[Arc<dyn Remote>]>),
    /// For `sim`, which picks by its seed.
    #[allow(clippy::vec_box, reason = "holds are handed on as boxes everywhere")]
    Seeded(Mutex<Vec<Box<Hold>>>),
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

impl Node {
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

    pub(crate) fn warn_of_overload(&self, handle: Handle, waiting: usize) {
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
        cells.iter().map(|cell| self.about(cell)).collect()
    }

    /// One service that lives here.
    #[must_use]
    pub fn service(&self, handle: Handle) -> Option<ServiceInfo> {
        if handle.node() != self.0.id {
            return None;
        }
        self.0.registry.get(handle).map(|cell| self.about(&cell))
    }

    fn about(&self, cell: &Cell) -> ServiceInfo {
        ServiceInfo {
            handle: cell.handle,
            label: cell.label.to_string(),
            names: self.0.names.of(cell.handle),
            mailbox: cell.mailbox.len(),
            handled: cell.handled.load(Ordering::Relaxed),
            dropped: cell.dropped.load(Ordering::Relaxed),
        }
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

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({}, {} services)", self.0.id, self.0.registry.living())
    }
}
