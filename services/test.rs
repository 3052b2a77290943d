//! Tests of services in virtual time.
//!
//! A [`Sim`] runs a node step by step on the test's own thread. Its clock
//! moves only when it is told to, and every choice of what runs next follows
//! from one seed: a test that waits an hour takes no time, and one that fails
//! fails again.
//!
//! ```
//! use skyloom::prelude::*;
//! use std::time::Duration;
//!
//! /// Says good night an hour after it was asked for.
//! struct Host;
//! impl Service for Host {
//!     type Message = String;
//!     fn handle(&mut self, ctx: &Context<Self>, guest: String) -> Result<Answer, Error> {
//!         ctx.later(|ctx| async move {
//!             ctx.sleep(Duration::from_secs(3600)).await;
//!             Ok(format!("good night, {guest}"))
//!         })
//!     }
//! }
//!
//! let mut sim = skyloom::test::Sim::new(1);
//! let host = sim.spawn(Host);
//! assert_eq!(sim.call(host, "ann"), Ok("good night, ann".to_owned()));
//! assert_eq!(sim.now(), Duration::from_secs(3600));
//! ```

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use skyloom_abi::{CallError, Handle, Message, Payload, Protocol, Undelivered};
use skyloom_kernel::{self as kernel, Near, Node};
use skyloom_lua::{self as lua, LuaFactory, Settings};

use crate::catalogue;
use crate::outside;
use crate::service::{Incoming, Outgoing, Service, pack, read, spawning};

/// A node that is run step by step, in virtual time, under a seed.
#[derive(Debug)]
pub struct Sim {
    kernel: kernel::Sim,
    outside: Handle,
}

/// A request that a test has begun.
pub struct Asked<R> {
    to: Handle,
    heard: mpsc::Receiver<Result<Payload, CallError>>,
    read: std::marker::PhantomData<fn() -> R>,
}

/// What makes Lua services in tests: it offers the built-in services that a [`Skyloom`](crate::Skyloom)
/// offers, but no sockets.
///
/// # Examples
/// ```
/// use skyloom::lua::Settings;
/// use skyloom::test::{self, Sim};
///
/// let mut sim = Sim::new(1);
/// let lua = test::lua(Settings::default()).build();
/// sim.node().spawn(lua.service("launcher", &[]));
/// sim.run();
/// assert!(sim.node().lookup(".launcher").is_some());
/// ```
pub fn lua(settings: Settings) -> lua::Builder {
    catalogue::add(LuaFactory::builder(settings))
}

/// How long [`Sim::call`] goes on moving the clock.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// The tick in which it does so.
const TICK: Duration = Duration::from_millis(10);

impl Sim {
    /// A node whose every choice follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Sim {
        let mut kernel = kernel::Sim::new(seed);
        let outside = outside::spawn(kernel.node());
        kernel.run_until_idle();
        Sim { kernel, outside }
    }

    /// The node that is being run.
    #[must_use]
    pub fn node(&self) -> &Node {
        self.kernel.node()
    }

    /// How long the node has been up, in virtual time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.node().now()
    }

    /// Spawns a service and lets it start.
    pub fn spawn<S: Service>(&mut self, service: S) -> Handle {
        let handle = self.node().spawn(spawning(service));
        self.run();
        handle
    }

    /// Sends `message` from nobody; nothing runs yet.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] if there is no such service.
    pub fn send(&self, to: Handle, message: impl Outgoing) -> Result<(), Undelivered> {
        self.post(to, Message::send(None, Protocol::LUA, pack(message)))
    }

    /// Puts any message through the door; nothing runs yet.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives it back.
    pub fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.node().post_near(Near::Outside, to, message)
    }

    /// Begins a request; nothing runs yet.
    pub fn ask<R: Incoming>(&self, to: Handle, message: impl Outgoing) -> Asked<R> {
        self.ask_raw(to, Protocol::LUA, pack(message))
    }

    /// Begins a request with any payload under any protocol; nothing runs yet.
    pub fn ask_raw<R: Incoming>(&self, to: Handle, protocol: Protocol, payload: Payload) -> Asked<R> {
        let (tell, heard) = mpsc::channel();
        // The test may have lost interest.
        let tell = Box::new(move |ended| drop(tell.send(ended)));
        outside::ask(self.node(), self.outside, to, protocol, payload, None, tell);
        Asked { to, heard, read: std::marker::PhantomData }
    }

    /// Asks, runs, and moves the clock in steps of 10 ms until there is an answer: at most a day.
    ///
    /// # Errors
    ///
    /// As [`Context::call`](crate::Context::call); [`CallError::TimedOut`] after that day.
    pub fn call<R: Incoming>(&mut self, to: Handle, message: impl Outgoing) -> Result<R, CallError> {
        let asked = self.ask(to, message);
        let end = self.now() + PATIENCE;
        self.run();
        loop {
            if let Some(answer) = asked.answer() {
                return answer;
            }
            if self.now() >= end {
                return Err(CallError::TimedOut);
            }
            self.advance(TICK);
        }
    }

    /// Runs one turn of one service, chosen by the seed; `false` if there is nothing to run.
    pub fn step(&mut self) -> bool {
        self.kernel.step()
    }

    /// Runs until there is nothing to run, without moving the clock. Returns the number of turns.
    pub fn run(&mut self) -> usize {
        self.kernel.run_until_idle()
    }

    /// Moves the clock, firing each timer at its own moment and running what it wakes.
    pub fn advance(&mut self, time: Duration) {
        self.kernel.advance(time);
    }
}

impl<R: Incoming> Asked<R> {
    /// The answer, if it has come and was not taken before.
    #[must_use]
    pub fn answer(&self) -> Option<Result<R, CallError>> {
        let ended = self.heard.try_recv().ok()?;
        Some(ended.and_then(|payload| read(self.to, payload)))
    }
}

impl<R> fmt::Debug for Asked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({})", self.to)
    }
}
