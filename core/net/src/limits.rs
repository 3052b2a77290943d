//! How much of everything a node's sockets may use.

use std::time::Duration;

/// The bounds of one [`Net`](crate::Net); [`Default`] gives the numbers named below.
///
/// # Examples
/// ```
/// use skyloom_net::Limits;
/// let limits = Limits { connections: 100, ..Limits::default() };
/// assert_eq!(limits.queue, 1 << 20, "everything else is as documented");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, accepted and begun ones together; 10 000.
    ///
    /// One that is accepted beyond it is closed at once and counted in
    /// [`NetStats::refused`](crate::NetStats::refused).
    pub connections: usize,
    /// Accepted connections at once from one IP address; no bound.
    pub per_address: Option<usize>,
    /// Bytes that wait in one socket's output queue; 1 MiB.
    ///
    /// A single write that is larger than this is taken only while nothing
    /// else waits, so the true bound is this or the largest single write.
    pub queue: usize,
    /// What happens to a socket whose queue would grow beyond `queue`; [`Overflow::Close`].
    pub overflow: Overflow,
    /// How long finding and reaching the other side may take in all; 10 s.
    pub connect: Duration,
    /// How long a closed socket may go on sending what was written before; 10 s.
    pub linger: Duration,
}

/// What happens when a peer does not read what is written for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The socket is reset, its queue dropped, and its owner told so.
    #[default]
    Close,
    /// The one write is refused and the socket lives on.
    Refuse,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 10_000,
            per_address: None,
            queue: 1 << 20,
            overflow: Overflow::Close,
            connect: Duration::from_secs(10),
            linger: Duration::from_secs(10),
        }
    }
}
