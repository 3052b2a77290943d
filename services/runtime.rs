//! A whole node: workers, sockets, the log, and the services that every node has.

use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use skyloom_abi::{CallError, Driver, Handle, Payload, Protocol};
use skyloom_kernel::{self as kernel, Node, Spawn, StartError, Stuck};
use skyloom_lua::{self as lua, LuaFactory, Settings};
use skyloom_net::{Limits, Net};

use crate::catalogue;
use crate::logger::{Log, Logger};
use crate::outside;
use crate::service::{Error, Incoming, Outgoing, SendError, Service, pack, read, register, spawning};

/// A running node, as `main` and other threads that are no service see it. Cheap to clone.
///
/// # Examples
/// ```
/// use skyloom::prelude::*;
/// use std::time::Duration;
///
/// struct Echo;
/// impl Service for Echo {
///     type Message = String;
///     fn handle(&mut self, ctx: &Context<Self>, text: String) -> Result<Answer, Error> {
///         ctx.reply(text)
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// let skyloom = Skyloom::builder().workers(2).start()?;
/// let echo = skyloom.spawn(Echo);
/// let answer: String = skyloom.call_blocking(echo, "hello", Duration::from_secs(1))?;
/// assert_eq!(answer, "hello");
/// skyloom.stop(Duration::from_secs(5))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Skyloom {
    node: Node,
    net: Net,
    lua: LuaFactory,
    outside: Handle,
}

/// Sets up a node; see [`Skyloom::builder`].
pub struct Builder {
    kernel: kernel::Builder,
    workers: usize,
    limits: Limits,
    lua: lua::Builder,
    log: Log,
}

impl Builder {
    /// The number of workers, 1 to 1024; as many as there are cores by default.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = workers;
        self
    }

    /// The node's number, the high byte of its handles; 0 by default.
    #[must_use]
    pub fn id(mut self, id: u8) -> Builder {
        self.kernel = self.kernel.id(id);
        self
    }

    /// A value of the node's environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Builder {
        self.kernel = self.kernel.env(key, value);
        self
    }

    /// After this long a handler that has not returned is reported; 1 s by default.
    #[must_use]
    pub fn stall(mut self, limit: Duration) -> Builder {
        self.kernel = self.kernel.stall(limit);
        self
    }

    /// How much of everything the node's sockets may use.
    #[must_use]
    pub fn sockets(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// Where Lua services find their scripts and what they may use. To be called before [`lua_with`](Self::lua_with).
    #[must_use]
    pub fn lua(mut self, settings: Settings) -> Builder {
        self.lua = catalogue::add(equipped(settings));
        self
    }

    /// Adds to what Lua services find: modules in Rust, services that are part of the program.
    #[must_use]
    pub fn lua_with(mut self, add: impl FnOnce(lua::Builder) -> lua::Builder) -> Builder {
        self.lua = add(self.lua);
        self
    }

    /// Where the log goes; to standard output by default.
    #[must_use]
    pub fn log(mut self, log: Log) -> Builder {
        self.log = log;
        self
    }

    /// What Lua services would find, without a node to run them.
    #[must_use]
    pub fn lua_factory(self) -> LuaFactory {
        self.lua.build()
    }

    /// Starts the node.
    ///
    /// # Errors
    ///
    /// If the number of workers is out of range, the log cannot be opened or fails to start, or the system gives no
    /// threads or pollers.
    pub fn start(self) -> Result<Skyloom, StartError> {
        // The kernel has the last word on the number of workers; pollers are made for as many as it would take.
        let (net, pollers) = Net::new(self.workers.min(1024), self.limits)
            .map_err(|e| StartError::new(format!("cannot poll sockets: {e}")))?;
        let drivers = pollers.into_iter().map(|poller| Box::new(poller) as Box<dyn Driver>).collect();
        let logger = Logger::new(&self.log)?;
        let node = self.kernel.workers(self.workers).drivers(drivers).start()?;
        // First, so that it ends last.
        if let Some(logger) = logger {
            let handle = node.spawn(Spawn::new("logger", Box::new(logger)));
            register(&node, "logger", handle).map_err(|e| StartError::new(e.to_string()))?;
        }
        let lua = self.lua.net(net.clone()).build();
        if let Log::Service(line) = &self.log {
            start_log(&node, &lua, line)?;
        }
        let outside = outside::spawn(&node);
        Ok(Skyloom { node, net, lua, outside })
    }
}

/// How long the start of a log that is a service is waited for; lines queue up for it meanwhile and afterwards.
const LOG_START: Duration = Duration::from_secs(1);

/// Starts a Lua service that is the log.
fn start_log(node: &Node, lua: &LuaFactory, line: &str) -> Result<(), StartError> {
    let (tell, heard) = mpsc::channel();
    let handle = node.spawn(lua.service(line, &[]).on_started(move |_, _, outcome| drop(tell.send(outcome))));
    let failed = |error: &dyn fmt::Display| StartError::new(format!("cannot start the log service {line}: {error}"));
    // One that has failed by now has said why.
    let registered = register(node, "logger", handle);
    match heard.recv_timeout(LOG_START) {
        Ok(Err(error)) => Err(failed(&error)),
        _ => registered.map_err(|error| failed(&error)),
    }
}

impl Skyloom {
    /// A node with one worker per core, sockets, and a log on standard output.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            kernel: Node::builder(),
            workers: num_cpus::get(),
            limits: Limits::default(),
            lua: catalogue::add(equipped(Settings::default())),
            log: Log::default(),
        }
    }

    /// The kernel's node: services of other kinds, statistics, names.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The node's sockets.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// What makes Lua services: by name, from a file, from a text.
    #[must_use]
    pub fn lua(&self) -> &LuaFactory {
        &self.lua
    }

    /// Spawns a service. Its handle can be used at once: messages wait until it has started.
    pub fn spawn<S: Service>(&self, service: S) -> Handle {
        self.node.spawn(spawning(service))
    }

    /// Spawns a service and waits until it has started. Not to be called in a service.
    ///
    /// # Errors
    ///
    /// [`StartError`] if it does not start, and why.
    pub fn spawn_blocking<S: Service>(&self, service: S) -> Result<Handle, StartError> {
        self.start_blocking(spawning(service))
    }

    /// Spawns the Lua service `name` and waits until its `skynet.start` function has returned.
    /// Not to be called in a service.
    ///
    /// # Errors
    ///
    /// [`StartError`] if there is no such script or it fails, with what Lua says.
    ///
    /// # Examples
    /// ```
    /// use skyloom::prelude::*;
    /// use std::time::Duration;
    ///
    /// const ADDER: &str = r#"
    ///     local skynet = require "skynet"
    ///     skynet.start(function()
    ///         skynet.dispatch("lua", function(_, _, word, a, b) skynet.retpack(word, a + b) end)
    ///     end)
    /// "#;
    ///
    /// # fn main() -> Result<(), Error> {
    /// let skyloom = Skyloom::builder().workers(1).lua_with(|lua| lua.builtin("adder", ADDER)).start()?;
    /// let adder = skyloom.spawn_lua("adder", &[])?;
    /// let answer = skyloom.call_blocking(adder, ("sum", 2, 3), Duration::from_secs(5))?;
    /// assert_eq!(("sum".to_owned(), 5), answer);
    /// skyloom.stop(Duration::from_secs(5))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn_lua(&self, name: &str, args: &[String]) -> Result<Handle, StartError> {
        self.start_blocking(self.lua.service(name, args))
    }

    /// Spawns a service of any kind and waits until it has started. Not to be called in a service.
    ///
    /// # Errors
    ///
    /// [`StartError`] if it does not start, and why.
    pub fn start_blocking(&self, spawn: Spawn) -> Result<Handle, StartError> {
        let (tell, heard) = mpsc::channel();
        let handle = self.node.spawn(spawn.on_started(move |_, _, outcome| drop(tell.send(outcome))));
        match heard.recv() {
            Ok(outcome) => outcome.map(|()| handle),
            Err(_) => Err(StartError::new("the node has stopped")),
        }
    }

    /// Gives a service a local name, until it ends.
    ///
    /// # Errors
    ///
    /// If it cannot be a name, or another service has it.
    pub fn register(&self, name: &str, handle: Handle) -> Result<(), Error> {
        register(&self.node, name, handle)
    }

    /// Finds a service by its local name, with or without the dot.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<Handle> {
        self.node.lookup(name)
    }

    /// Sends `message` from nobody.
    ///
    /// # Errors
    ///
    /// [`SendError`] if there is no such service or its mailbox is full.
    pub fn send(&self, to: Handle, message: impl Outgoing) -> Result<(), SendError> {
        let message = skyloom_abi::Message::send(None, Protocol::LUA, pack(message));
        Ok(skyloom_abi::Door::post(&self.node, to, message)?)
    }

    /// Asks, and blocks this thread until there is an answer. Not to be called in a service: there is
    /// [`Context::call`](crate::Context::call).
    ///
    /// # Errors
    ///
    /// As [`Context::call`](crate::Context::call); [`CallError::TimedOut`] after `timeout`.
    pub fn call_blocking<R: Incoming>(
        &self,
        to: Handle,
        message: impl Outgoing,
        timeout: Duration,
    ) -> Result<R, CallError> {
        read(to, self.call_raw_blocking(to, Protocol::LUA, pack(message), timeout)?)
    }

    /// Like [`call_blocking`](Self::call_blocking), with any payload under any protocol.
    ///
    /// # Errors
    ///
    /// As [`call_blocking`](Self::call_blocking).
    pub fn call_raw_blocking(
        &self,
        to: Handle,
        protocol: Protocol,
        payload: Payload,
        timeout: Duration,
    ) -> Result<Payload, CallError> {
        let (tell, heard) = mpsc::channel();
        let tell = Box::new(move |ended| drop(tell.send(ended)));
        outside::ask(&self.node, self.outside, to, protocol, payload, Some(timeout), tell);
        // Whoever asks in our place ends only with the node.
        heard.recv().unwrap_or(Err(CallError::Cancelled))
    }

    /// Waits until the node has been stopped, by whoever.
    pub fn wait(&self) {
        self.node.wait();
    }

    /// Stops the node: asks every service to stop, the youngest first, and ends after `patience` those that do not.
    ///
    /// # Errors
    ///
    /// [`Stuck`] names the services whose handler did not return even then.
    pub fn stop(&self, patience: Duration) -> Result<(), Stuck> {
        self.node.stop(patience)
    }
}

/// What makes Lua services that find the modules in Rust.
fn equipped(settings: Settings) -> lua::Builder {
    skyloom_modules::all().into_iter().fold(LuaFactory::builder(settings), |lua, (name, open)| lua.module(name, open))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({:?}, {} workers)", self.kernel, self.workers)
    }
}
