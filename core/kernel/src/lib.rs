//! The scheduler: deliver, schedule, time, register, report an exit.
//!
//! Mechanism only. Nothing here names Lua, sockets, wire formats or a service;
//! restarting, routing between nodes, logging and naming policies are services.
//!
//! The road of a message: a [`Context`] builds it, [`Node::post_near`] finds the
//! cell, the mailbox takes it and *reports* whether the cell must be scheduled,
//! the run queue keeps the cell for this worker or wakes another, and a worker
//! runs a *turn*: up to a budget of messages, one at a time.
//!
//! ```
//! use skyloom_kernel::{Context, Envelope, Node, Service, Spawn};
//! use skyloom_abi::{Door, Message, Payload, Protocol};
//! use std::{sync::mpsc, time::Duration};
//!
//! struct Echo(mpsc::Sender<Vec<u8>>);
//! impl Service for Echo {
//!     fn handle(&mut self, _: &mut Context<'_>, message: Envelope) {
//!         let _ = self.0.send(message.open().payload.into_bytes());
//!     }
//! }
//!
//! let (said, heard) = mpsc::channel();
//! let node = Node::builder().workers(2).start().unwrap();
//! let echo = node.spawn(Spawn::new("echo", Box::new(Echo(said))));
//! node.post(echo, Message::send(None, Protocol::TEXT, Payload::from("hello"))).unwrap();
//! assert_eq!(heard.recv().unwrap(), b"hello");
//! node.stop(Duration::from_secs(5)).unwrap();
//! ```

mod primitive;
mod near;
mod clock;
mod mailbox;
mod wheel;
mod timers;
mod registry;
mod names;
mod running;
mod slot;
mod run_queue;
mod cell;
mod peer;
mod node;
mod post;
mod ending;
mod stop;
mod turn;
mod context;
mod service;
mod spawn;
mod parker;
mod worker;
mod stall;
mod builder;
mod sim;

pub use builder::Builder;
pub use cell::{Envelope, Interrupt, Limit, Overflow};
pub use context::Context;
pub use mailbox::Parcel;
pub use near::Near;
pub use node::{Exited, Node, NodeStats, ServiceInfo};
pub use service::{Service, Start, StartError};
pub use sim::Sim;
pub use spawn::Spawn;
pub use stop::Stuck;
pub use timers::TimerId;

#[cfg(test)]
mod tests;
