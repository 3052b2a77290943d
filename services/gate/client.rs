//! What a gate knows of one connection.

use std::net::SocketAddr;
use std::time::Duration;

use skyloom_abi::{Handle, Message};

use super::bucket::Bucket;
use super::codec::Codec;

/// One connection: a client, or a browser that may become one.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) peer: SocketAddr,
    /// Who gets its frames.
    pub(super) agent: Handle,
    pub(super) codec: Codec,
    pub(super) bucket: Bucket,
    /// The owner has been told of it.
    pub(super) announced: bool,
    /// It is read only when it has been forwarded.
    pub(super) held: bool,
    /// Nothing is read until a timer says so: it sent too fast, or its agent is overloaded.
    pub(super) paused: bool,
    /// A frame that its agent's mailbox had no room for.
    pub(super) stuck: Option<Message>,
    /// When what it has begun must be complete.
    pub(super) due: Option<Duration>,
    /// It has gone, for this reason; what it sent before is still passed on.
    pub(super) gone: Option<String>,
}
