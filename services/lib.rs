//! Services that exchange messages: Skynet's model, for Rust.
//!
//! A program is a set of *services*. Each has a state that nobody else touches,
//! one mailbox, and a [`Handle`] by which others reach it; a pool of workers
//! runs them. Services are written in Rust with this crate, or in Lua with the
//! `skynet` API, and neither can tell which of the two the other is. This page
//! is the tutorial for those in Rust; `examples/` has a program for each step.
//!
//! # A service
//!
//! A service is a type that implements [`Service`]: what it understands, and what it does with it.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use skyloom::prelude::*;
//!
//! #[derive(Default)]
//! struct Account {
//!     balance: u64,
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(rename_all = "snake_case")]
//! enum Ask {
//!     Deposit(u64),
//!     Withdraw(u64),
//!     Balance,
//! }
//!
//! impl Service for Account {
//!     type Message = Ask;
//!
//!     fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
//!         self.balance = match ask {
//!             Ask::Deposit(cents) => self.balance + cents,
//!             Ask::Withdraw(cents) => self.balance.checked_sub(cents).ok_or("not that much is there")?,
//!             Ask::Balance => self.balance,
//!         };
//!         ctx.reply(self.balance)
//!     }
//! }
//!
//! # fn main() -> Result<(), Error> {
//! use std::time::Duration;
//!
//! let skyloom = Skyloom::builder().start()?;
//! let account = skyloom.spawn(Account::default());
//!
//! let second = Duration::from_secs(1);
//! skyloom.send(account, Ask::Deposit(500))?;
//! let balance: u64 = skyloom.call_blocking(account, Ask::Withdraw(200), second)?;
//! assert_eq!(balance, 300);
//!
//! let refused = skyloom.call_blocking::<u64>(account, Ask::Withdraw(1000), second);
//! assert_eq!(refused, Err(CallError::Refused("not that much is there".into())));
//!
//! skyloom.stop(Duration::from_secs(5))?;
//! # Ok(())
//! # }
//! ```
//!
//! Handlers run one at a time, so `&mut self` is all the locking there is. A
//! message that is only sent gets no answer; one that is asked gets exactly one,
//! whatever happens: the value of [`reply`](Context::reply), the text of the
//! error that the handler returns, or [`CallError::Died`] if the service panics
//! or is killed. A panic ends one service, never the program.
//!
//! # Typed messages, and Lua
//!
//! Between two Rust services a message is moved, not serialised. To all others
//! it is a row of Lua values, so that a Lua service asks the account above with
//!
//! ```lua
//! local balance = skynet.call(account, "lua", "deposit", 500)
//! ```
//!
//! and a Rust service asks a Lua service with a tuple or an enum of its own. How
//! types become values is a table at [`wire::seri::to_bytes`]. A message that
//! cannot be read as the [`Message`](Service::Message) of its receiver is refused with
//! a text that says what was expected. Messages of other protocols (text,
//! sockets, clients of a gate) go to [`Service::raw`].
//!
//! # Asking others, and answering later
//!
//! A handler never blocks. If it needs an answer, it returns
//! [`ctx.later(…)`](Context::later): a future that is polled in the service's own
//! turns, while the service goes on with other messages. Between two awaits the
//! state is at hand through [`ctx.with(…)`](Context::with), for others may have changed it
//! meanwhile.
//!
//! ```
//! # use skyloom::prelude::*;
//! # use std::time::Duration;
//! struct Shop {
//!     stock: Handle,
//!     sold: u64,
//! }
//!
//! impl Service for Shop {
//!     type Message = String;
//!
//!     fn handle(&mut self, ctx: &Context<Self>, item: String) -> Result<Answer, Error> {
//!         let stock = self.stock;
//!         ctx.later(move |ctx| async move {
//!             let left: u64 = ctx.call(stock, ("take", item)).timeout(Duration::from_secs(1)).await?;
//!             ctx.with(|me| me.sold += 1);
//!             Ok(left)
//!         })
//!     }
//! }
//! ```
//!
//! [`call`](Context::call) sends at once, so two calls made before the first `await` run
//! side by side. Dropping a call gives its answer up. [`task`](Context::task) is the same
//! without anybody to answer, [`promise`](Context::promise) keeps the duty to answer for
//! another message's handler, and [`redirect`](Context::redirect) passes it on.
//!
//! # Time
//!
//! [`ctx.sleep(d).await`](Context::sleep) in a task, [`ctx.after(d, …)`](Context::after) anywhere;
//! the latter can be cancelled.
//!
//! # Names and ends
//!
//! A service takes a name with [`register`](Context::register) and is found with
//! [`lookup`](Context::lookup). It ends by [`exit`](Context::exit), a panic, or when it is
//! killed; who asked with [`monitor`](Context::monitor) hears of it in
//! [`exited`](Service::exited). When the node stops, the youngest services are asked to first
//! ([`Service::stop`]).
//!
//! # Tests
//!
//! [`test::Sim`] runs services on the test's own thread in virtual time, under a seed.
//!
//! # What to avoid
//!
//! - Blocking in a handler: it holds a worker up (after a second the log says so).
//!   Slow work belongs on a thread of its own; a [`Reply`] may be sent from there.
//! - Two services that `call` each other and await in turn are fine; a handler
//!   that waits for its own service by blocking would wait for ever.
//! - Futures of other runtimes' sockets and timers: they need their runtime.
//!   Futures that any thread may wake (channels, locks) work.
#![forbid(unsafe_code)]

mod service;
mod outside;
mod logger;
mod catalogue;
mod runtime;
pub mod test;
pub mod prelude;
pub mod gate;

pub use logger::Log;
pub use runtime::{Builder, Skyloom};
pub use service::{
    Answer, Call, Context, Error, Incoming, Outgoing, Reply, SendError, Service, Sleep, Timer, Unreadable, pack, unpack,
};
pub use skyloom_abi::{
    CallError, Cause, Door, ExitReason, Handle, Message, Name, Payload, Protocol, Session, Undelivered, Value,
};
pub use skyloom_kernel::{Exited, Limit, Node, NodeStats, Overflow, ServiceInfo, Spawn, StartError, Stuck};

pub use {skyloom_kernel as kernel, skyloom_lua as lua, skyloom_net as net, skyloom_wire as wire};
