//! Setting up a node.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use skyloom_abi::Driver;

use crate::clock::Clock;
use crate::names::Names;
use crate::node::{Core, End, Node, Ready};
use crate::parker::Parker;
use crate::registry::Registry;
use crate::run_queue::RunQueue;
use crate::running::Running;
use crate::service::StartError;
use crate::timers::Timers;
use crate::{stall, worker};

/// Sets up a node; see [`Node::builder`].
pub struct Builder {
    id: u8,
    workers: usize,
    drivers: Vec<Box<dyn Driver>>,
    env: HashMap<String, String>,
    stall: Duration,
}

/// The most workers a node may have.
const MAX_WORKERS: usize = 1024;

impl Node {
    /// A node with one worker per core and nothing but services.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            id: 0,
            workers: num_cpus::get(),
            drivers: Vec::new(),
            env: HashMap::new(),
            stall: Duration::from_secs(1),
        }
    }
}

impl Builder {
    /// The node's number, the high byte of its handles; 0 by default.
    #[must_use]
    pub fn id(mut self, id: u8) -> Builder {
        self.id = id;
        self
    }

    /// The number of workers, 1 to 1024; as many as there are cores by default.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = workers;
        self
    }

    /// What the workers sleep in, one driver for each; without any they just sleep.
    #[must_use]
    pub fn drivers(mut self, drivers: Vec<Box<dyn Driver>>) -> Builder {
        self.drivers = drivers;
        self
    }

    /// A value of the node's environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Builder {
        self.env.insert(key.into(), value.into());
        self
    }

    /// After this long a handler that has not returned is reported; 1 s by default.
    #[must_use]
    pub fn stall(mut self, limit: Duration) -> Builder {
        self.stall = limit;
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    ///
    /// If the number of workers is out of range, does not match the drivers, or a thread cannot be started.
    pub fn start(self) -> Result<Node, StartError> {
        if !(1..=MAX_WORKERS).contains(&self.workers) {
            return Err(StartError::new(format!("{} workers: must be 1 to {MAX_WORKERS}", self.workers)));
        }
        let drivers: Vec<Box<dyn Driver>> = match self.drivers {
            none if none.is_empty() => (0..self.workers).map(|_| Box::<Parker>::default() as _).collect(),
            some if some.len() == self.workers => some,
            some => return Err(StartError::new(format!("{} drivers for {} workers", some.len(), self.workers))),
        };
        let remotes = drivers.iter().map(|driver| driver.remote()).collect();
        let ready = Ready::Workers(Box::new(RunQueue::new(self.workers)), remotes);
        let node = new_node(self.id, Clock::real(), ready, self.env);
        let drivers: worker::Drivers = drivers.into_iter().map(Mutex::new).collect();
        for me in 0..self.workers {
            let (node, drivers) = (node.clone(), drivers.clone());
            let thread = start_thread(format!("skyloom-{me}"), {
                let node = node.clone();
                move || worker::work(&node, me, drivers)
            })?;
            node.0.end.lock().workers.push(thread);
        }
        let watched = node.clone();
        start_thread("skyloom-stall".into(), move || stall::watch(&watched, self.stall))?;
        Ok(node)
    }
}

fn start_thread(name: String, run: impl FnOnce() + Send + 'static) -> Result<std::thread::JoinHandle<()>, StartError> {
    let failed = |error| StartError::new(format!("cannot start thread {name}: {error}"));
    std::thread::Builder::new().name(name.clone()).spawn(run).map_err(failed)
}

pub(crate) fn new_node(id: u8, clock: Clock, ready: Ready, env: HashMap<String, String>) -> Node {
    let workers = match &ready {
        Ready::Workers(queue, _) => queue.workers(),
        Ready::Seeded(_) => 0,
    };
    Node(Arc::new(Core {
        id,
        registry: Registry::new(id),
        names: Names::default(),
        timers: Timers::new(),
        clock,
        ready,
        env: RwLock::new(env),
        handled_by_the_dead: AtomicU64::new(0),
        late: AtomicU64::new(0),
        running: (0..workers).map(|_| Running::default()).collect(),
        dying: Mutex::new(Vec::new()),
        stopping: AtomicBool::new(false),
        aborting: AtomicBool::new(false),
        closing: AtomicBool::new(false),
        ended: Condvar::new(),
        end: Mutex::new(End::default()),
    }))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder(node {}, {} workers)", self.id, self.workers)
    }
}
