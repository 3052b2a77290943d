//! What the tests of the Lua host share: a seeded node whose log can be read.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use skyloom_abi::{Door, Handle, Message, Payload, Protocol, Session};
use skyloom_kernel::{Context, Envelope, Node, Service, Sim, Spawn};
use skyloom_lua::{LuaFactory, Settings};

/// Lines that were written to the log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

struct Logger(Log);

impl Service for Logger {
    fn handle(&mut self, _: &mut Context<'_>, message: Envelope) {
        let text = String::from_utf8_lossy(&message.open().payload.into_bytes()).into_owned();
        self.0.0.lock().unwrap().push(text);
    }
}

impl Log {
    /// Takes all lines so far.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A node under a seed, with a logger and a factory.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) lua: LuaFactory,
    pub(crate) log: Log,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(LuaFactory::new(Settings::default()))
    }

    pub(crate) fn with(lua: LuaFactory) -> World {
        let sim = Sim::new(7);
        let log = Log::default();
        let logger = sim.node().spawn(Spawn::new("logger", Box::new(Logger(log.clone()))));
        sim.node().register(&"logger".parse().unwrap(), logger).unwrap();
        World { sim, lua, log }
    }

    pub(crate) fn node(&self) -> &Node {
        self.sim.node()
    }

    /// Spawns a script and runs the node until nothing happens.
    pub(crate) fn run(&mut self, name: &str, text: &str) -> Handle {
        let prelude = "local skynet = require 'skynet' ";
        let handle = self.sim.node().spawn(self.lua.text(name, &format!("{prelude}{text}"), &[]));
        self.sim.run_until_idle();
        handle
    }

    /// Lets virtual time pass.
    pub(crate) fn pass(&mut self, ticks: u64) {
        self.sim.advance(Duration::from_millis(10 * ticks));
        self.sim.run_until_idle();
    }

    /// Sends plain bytes.
    pub(crate) fn post(&mut self, to: Handle, protocol: Protocol, bytes: &[u8]) {
        self.sim.node().post(to, Message::send(None, protocol, Payload::from(bytes))).unwrap();
        self.sim.run_until_idle();
    }

    /// Lines of the log, after everything has settled.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        self.sim.run_until_idle();
        self.log.take()
    }
}

/// A session for tests.
pub(crate) fn session(number: u32) -> Session {
    Session::new(number).unwrap()
}
