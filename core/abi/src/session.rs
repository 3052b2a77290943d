//! The number that pairs a request with its response.

use std::fmt;
use std::num::NonZeroU32;

/// Pairs a request with its response; a message without one expects no answer.
///
/// 1 to 2^31-1, counted per service. "No session" is `None` in Rust and 0 on
/// the wire and in Lua.
///
/// # Examples
/// ```
/// use skyloom_abi::Session;
/// assert_eq!(Session::new(0), None);
/// assert_eq!(Session::MAX.next(), Session::MIN, "the counter goes round");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(NonZeroU32);

impl Session {
    /// The first session.
    pub const MIN: Session = Session(NonZeroU32::MIN);
    /// The last session before the counter goes round.
    pub const MAX: Session = match NonZeroU32::new(i32::MAX as u32) {
        Some(max) => Session(max),
        None => unreachable!(),
    };

    /// The session with this number; `None` for 0 and for more than 31 bits.
    #[must_use]
    pub fn new(number: u32) -> Option<Session> {
        let session = Session(NonZeroU32::new(number)?);
        (session <= Self::MAX).then_some(session)
    }

    /// Its number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The session after this one, going round from `MAX` to `MIN`.
    #[must_use]
    pub fn next(self) -> Session {
        Session::new(self.get() + 1).unwrap_or(Self::MIN)
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
