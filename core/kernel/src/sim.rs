//! The kernel under a seed: one thread, a virtual clock, and every choice from one number.
//!
//! Same seed, same order of events; another seed, another order. Services do
//! not notice: they see the same [`Node`]. What cannot be replayed (sockets,
//! threads of one's own) has no place here.
//!
//! ```
//! use skyloom_kernel::{Context, Envelope, Service, Sim, Spawn};
//! use skyloom_abi::Session;
//! use std::{sync::mpsc, time::Duration};
//!
//! struct Alarm(mpsc::Sender<Duration>);
//! impl Service for Alarm {
//!     fn start(&mut self, ctx: &mut Context<'_>) -> Result<skyloom_kernel::Start, skyloom_kernel::StartError> {
//!         ctx.timeout(Session::MIN, Duration::from_secs(3600));
//!         Ok(skyloom_kernel::Start::Ready)
//!     }
//!     fn handle(&mut self, ctx: &mut Context<'_>, _: Envelope) {
//!         self.0.send(ctx.now()).unwrap();
//!     }
//! }
//!
//! let (rang, heard) = mpsc::channel();
//! let mut sim = Sim::new(7);
//! sim.node().spawn(Spawn::new("alarm", Box::new(Alarm(rang))));
//! sim.advance(Duration::from_secs(7200)); // takes no time at all
//! assert_eq!(heard.recv().unwrap(), Duration::from_secs(3600));
//! ```

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use skyloom_abi::ExitReason;

use crate::builder::new_node;
use crate::clock::Clock;
use crate::near::Near;
use crate::node::{Node, Ready};
use crate::turn::{self, Budget};

/// Runs a node step by step.
pub struct Sim {
    node: Node,
    choices: fastrand::Rng,
}

/// A turn takes at most this many messages, so that turns interleave in many ways.
const MAX_MESSAGES: usize = 4;

impl Sim {
    /// A node whose every choice follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Sim {
        let ready = Ready::Seeded(Mutex::new(Vec::new()));
        let node = new_node(0, Clock::frozen(), ready, HashMap::new());
        Sim { node, choices: fastrand::Rng::with_seed(seed) }
    }

    /// The node that is being run.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Runs one turn of one runnable service, chosen by the seed; `false` if none is runnable.
    pub fn step(&mut self) -> bool {
        let Ready::Seeded(holds) = &self.node.0.ready else { return false };
        let hold = {
            let mut holds = holds.lock();
            if holds.is_empty() {
                return false;
            }
            let chosen = self.choices.usize(..holds.len());
            holds.swap_remove(chosen)
        };
        let budget = Budget { messages: self.choices.usize(1..=MAX_MESSAGES), time: Duration::MAX };
        if let Some(hold) = turn::run(&self.node, hold, Near::Outside, budget, |_, _| {}) {
            holds.lock().push(hold);
        }
        true
    }

    /// Runs until nothing is runnable, without moving the clock. Returns the number of turns.
    pub fn run_until_idle(&mut self) -> usize {
        let mut turns = 0;
        while self.step() {
            turns += 1;
        }
        turns
    }

    /// Moves the clock by `time`, firing each timer at its own moment and running what it wakes.
    pub fn advance(&mut self, time: Duration) {
        let end = self.node.now().saturating_add(time);
        self.run_until_idle();
        while let Some(next) = self.node.0.timers.next().filter(|next| *next <= end) {
            self.node.0.clock.move_to(next);
            let mut alarms = Vec::new();
            self.node.fire(Near::Outside, &mut alarms);
            self.run_until_idle();
        }
        self.node.0.clock.move_to(end);
    }
}

impl Drop for Sim {
    /// Ends all services, so that what they own is released.
    fn drop(&mut self) {
        for service in self.node.services() {
            self.node.kill(service.handle, ExitReason::Stopped);
        }
        self.run_until_idle();
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sim({:?} at {:?})", self.node, self.node.now())
    }
}
