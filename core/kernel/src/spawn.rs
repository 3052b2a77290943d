//! Bringing a service to life.

use std::fmt;
use std::sync::Arc;

use skyloom_abi::Handle;

use crate::cell::{Actor, Birth, Cell, Hold, Interrupt, Limit};
use crate::context::Context;
use crate::near::Near;
use crate::node::Node;
use crate::peer::Peer;
use crate::service::{Hosted, Service, StartError};

/// Who wants to hear how the start went.
type OnStarted = Box<dyn FnOnce(&Node, Handle, Result<(), StartError>) + Send>;

/// Makes what a cell runs, once it is known on which node.
type Host = Box<dyn FnOnce(&Node) -> Box<dyn Actor> + Send>;

/// A service about to be spawned, and how.
pub struct Spawn {
    label: String,
    host: Host,
    interrupt: Option<Arc<dyn Interrupt>>,
    limit: Option<Limit>,
    on_started: Option<OnStarted>,
}

impl Spawn {
    /// A service, with a label that tells people what it is.
    #[must_use]
    pub fn new<S: Service + 'static>(label: impl Into<String>, service: Box<S>) -> Spawn {
        let interrupt = service.interrupt();
        let host = move |node: &Node| -> Box<dyn Actor> {
            Box::new(Hosted { node: node.clone(), peer: Peer::default(), service: *service })
        };
        Spawn { label: label.into(), host: Box::new(host), interrupt, limit: None, on_started: None }
    }

    /// Gives its mailbox a hard limit; without one it may grow, and warns.
    #[must_use]
    pub fn limit(mut self, limit: Limit) -> Spawn {
        self.limit = Some(limit);
        self
    }

    /// Has `tell` called once: when the service has started, or when it is clear that it never will.
    ///
    /// It runs on the worker that knows first; it should just post a message.
    #[must_use]
    pub fn on_started(mut self, tell: impl FnOnce(&Node, Handle, Result<(), StartError>) + Send + 'static) -> Spawn {
        self.on_started = Some(Box::new(tell));
        self
    }
}

impl fmt::Debug for Spawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spawn({:?})", self.label)
    }
}

impl Node {
    /// Spawns a service. Its handle can be used at once: messages wait until it has started.
    ///
    /// # Panics
    ///
    /// If 2^24 services are alive.
    pub fn spawn(&self, spawn: Spawn) -> Handle {
        self.spawn_near(Near::Outside, spawn)
    }

    fn spawn_near(&self, near: Near, spawn: Spawn) -> Handle {
        let Spawn { label, host, interrupt, limit, on_started } = spawn;
        let node = self.clone();
        let birth = on_started.map(|tell| -> Birth {
            Box::new(move |handle, outcome| tell(&node, handle, outcome.map_err(StartError::new)))
        });
        let actor = host(self);
        let cell = self.0.registry.insert(|handle| Arc::new(Cell::new(handle, label.into(), limit, interrupt, birth)));
        let Some(cell) = cell else { panic!("2^24 services are alive") };
        let handle = cell.handle;
        let waken = self.schedule(near, Hold::new(cell, actor));
        self.wake(waken);
        handle
    }
}

impl Context<'_> {
    /// Spawns a service; see [`Node::spawn`].
    pub fn spawn(&self, spawn: Spawn) -> Handle {
        self.node().spawn_near(self.near(), spawn)
    }
}
