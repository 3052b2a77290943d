//! Services in Rust: the trait, what its handlers see, and what stands behind them.
//!
//! Listed bottom-up; each file uses only what stands above it.

mod error;
mod typed;
mod desk;
mod link;
mod waits;
mod reply;
mod tasks;
mod context;
mod contract;
mod host;
mod spawn;

pub use context::{Answer, Context};
pub use contract::Service;
pub use error::{Error, SendError};
pub use reply::Reply;
pub use typed::{Incoming, Outgoing, Unreadable, pack, unpack};
pub use waits::{Call, Sleep, Timer};

pub(crate) use link::register;
pub(crate) use spawn::spawning;
pub(crate) use waits::read;
