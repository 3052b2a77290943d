//! Sockets that workers drive themselves.
//!
//! There is no thread for sockets. Each worker of a node owns a [`Poller`]: it
//! looks into it between turns and sleeps in it when there is nothing to run, so
//! that the thread that reads a socket is the thread that runs its service.
//! [`Net`] is what anybody may ask of a socket, from any thread; what happens to
//! a socket reaches its owner as a [`SocketEvent`], through the one
//! [`Door`](skyloom_abi::Door).
//!
//! What holds for every socket:
//!
//! - Its events come in order, and nothing comes after `Closed`, `Failed` or `Found`.
//! - Every accepted socket ends in exactly one `Closed`, unless there is nobody left to hear it.
//! - Everything has a bound ([`Limits`]), and what exceeds it an error, an event or a count.
//! - Its number is not soon given again.
//!
//! A door's `post` is called while the socket is locked: it must not call `Net`.
//! What is deliberately absent: framing (a matter of `wire` and of gates), name
//! services, and any knowledge of the kernel.
//!
//! The modules below are listed bottom-up; each uses only what stands above it.
#![forbid(unsafe_code)]

mod limits;
mod nap;
mod id;
mod error;
mod event;
mod address;
mod output;
mod table;
mod resolve;
mod socket;
mod desk;
mod owners;
mod board;
mod info;
mod hold;
mod writing;
mod reading;
mod listening;
mod dialing;
mod datagrams;
mod input;
mod poller;
mod net;

pub use error::NetError;
pub use event::{SocketEvent, decode_address, encode_address};
pub use id::SocketId;
pub use info::{NetStats, SocketInfo, SocketState};
pub use limits::{Limits, Overflow};
pub use net::{Near, Net};
pub use poller::Poller;
