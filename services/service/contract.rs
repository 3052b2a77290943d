//! The trait that applications implement.

use std::fmt;

use skyloom_abi::{ExitReason, Message, Protocol};
use skyloom_kernel::{Exited, Limit};

use super::context::{Answer, Context};
use super::error::Error;
use super::typed::{Incoming, short};

/// A message of a protocol that the service does not speak; reported once only, for such messages come in floods.
#[derive(Debug)]
pub(super) struct Strange(String, Protocol);

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} understands no {} messages", self.0, self.1)
    }
}

impl std::error::Error for Strange {}

/// A service: state, and what it does with each message.
///
/// Its callbacks and tasks never run at the same time, but one after another,
/// on whatever worker is free: so they may use `&mut self` freely and must not
/// block. A panic in any of them ends this service alone; whatever it owed is
/// answered with errors.
///
/// # Examples
/// ```
/// use serde::{Deserialize, Serialize};
/// use skyloom::prelude::*;
///
/// #[derive(Default)]
/// struct Counter(u64);
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "snake_case")]
/// enum Ask {
///     Add(u64),
///     Get,
/// }
///
/// impl Service for Counter {
///     type Message = Ask;
///
///     fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
///         match ask {
///             Ask::Add(n) => self.0 = self.0.checked_add(n).ok_or("that is too much")?,
///             Ask::Get => {}
///         }
///         ctx.reply(self.0)
///     }
/// }
///
/// let mut sim = skyloom::test::Sim::new(1);
/// let counter = sim.spawn(Counter::default());
/// assert_eq!(sim.call(counter, Ask::Add(5)), Ok(5));
/// assert_eq!(sim.call(counter, ("add", 2)), Ok(7), "as Lua says it");
/// assert_eq!(sim.call::<u64>(counter, Ask::Add(u64::MAX)), Err(CallError::Refused("that is too much".into())));
/// ```
pub trait Service: Sized + Send + 'static {
    /// What it understands: a serde type. As an enum, a Lua service says
    /// `skynet.call(counter, "lua", "add", 5)` for `Add(5)` renamed to `"add"`.
    type Message: Incoming;

    /// Runs before any message.
    ///
    /// # Errors
    ///
    /// Any error ends the service, and is told to who launched it.
    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        let _ = ctx;
        Ok(())
    }

    /// Handles one message.
    ///
    /// # Errors
    ///
    /// Any error becomes the answer if one is awaited, and a line of the log if none is. The service lives on.
    fn handle(&mut self, ctx: &Context<Self>, message: Self::Message) -> Result<Answer, Error>;

    /// Handles a message of any protocol but `lua`: text, sockets, clients, protocols of one's own.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle). Unless it is implemented, every such message is refused.
    fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
        let _ = ctx;
        Err(Strange(self.label(), message.protocol).into())
    }

    /// A service that was [monitored](Context::monitor) has ended.
    fn exited(&mut self, ctx: &Context<Self>, exited: Exited) {
        let _ = (ctx, exited);
    }

    /// The node stops and asks the service to. It may take its time; it ends by [`Context::exit_with`].
    fn stop(&mut self, ctx: &Context<Self>) {
        ctx.exit_with(ExitReason::Stopped);
    }

    /// What people call it; the name of its type unless told otherwise. Asked once.
    fn label(&self) -> String {
        short(std::any::type_name::<Self>())
    }

    /// The most messages that may wait for it; unlimited, with warnings, unless told otherwise. Asked once.
    fn limit(&self) -> Option<Limit> {
        None
    }
}
