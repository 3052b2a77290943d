//! The number of a socket.

use std::fmt;
use std::num::NonZeroU32;

/// The number of a socket: 1 to 2^31-1, counting up.
///
/// A number is not given again until the counter has gone round, so a stale
/// one misses instead of hitting a stranger.
///
/// # Examples
/// ```
/// use skyloom_net::SocketId;
/// assert_eq!(SocketId::new(7).unwrap().to_string(), "7");
/// assert_eq!(SocketId::new(0), None);
/// assert!(SocketId::try_from(-3_i64).is_err(), "scripts may say anything");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(NonZeroU32);

impl SocketId {
    /// The largest number of a socket.
    pub const MAX: u32 = i32::MAX as u32;

    /// The socket with this number; `None` for 0 and for more than 31 bits.
    #[must_use]
    pub fn new(number: u32) -> Option<SocketId> {
        if number > Self::MAX {
            return None;
        }
        NonZeroU32::new(number).map(SocketId)
    }

    /// Its number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socket {}", self.0)
    }
}
