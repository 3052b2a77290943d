//! The address of a service.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// The address of a service: the high byte is its node, the rest its number there.
///
/// A handle is not reused until the node's 24-bit counter has gone round, so a
/// stale one misses instead of hitting a stranger. Printed as `:0000000a`.
///
/// # Examples
/// ```
/// use skyloom_abi::Handle;
/// let handle = Handle::from_parts(1, 10).unwrap();
/// assert_eq!(handle.to_string(), ":0100000a");
/// assert_eq!(":100000A".parse(), Ok(handle));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(NonZeroU32);

/// A text that is not a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleError(String);

impl Handle {
    /// The largest local number of a service: 24 bits.
    pub const MAX_LOCAL: u32 = 0x00ff_ffff;

    /// The handle with these 32 bits; `None` for those that no service can have.
    #[must_use]
    pub fn new(bits: u32) -> Option<Handle> {
        let handle = Handle(NonZeroU32::new(bits)?);
        (handle.local() != 0).then_some(handle)
    }

    /// The handle of service `local` on `node`; `None` if `local` is 0 or over 24 bits.
    #[must_use]
    pub fn from_parts(node: u8, local: u32) -> Option<Handle> {
        (local <= Self::MAX_LOCAL).then(|| Handle::new(u32::from(node) << 24 | local))?
    }

    /// All 32 bits.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The node that the service lives on.
    #[must_use]
    pub fn node(self) -> u8 {
        (self.get() >> 24) as u8
    }

    /// The service's number on its node.
    #[must_use]
    pub fn local(self) -> u32 {
        self.get() & Self::MAX_LOCAL
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{:08x}", self.get())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    /// Reads `:` and one to eight hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Handle, HandleError> {
        let wrong = || HandleError(text.chars().take(32).collect());
        let digits = text.strip_prefix(':').ok_or_else(wrong)?;
        if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let bits = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        Handle::new(bits).ok_or_else(wrong)
    }
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a handle like :0000000a", self.0)
    }
}

impl std::error::Error for HandleError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_paddings_that_skynet_prints_are_read() {
        for text in [":0000000a", ":a", ":0000000A"] {
            assert_eq!(text.parse::<Handle>().unwrap().get(), 10);
        }
    }

    #[test]
    fn what_no_service_can_have_is_refused() {
        for text in ["", ":", "a", ":0", ":01000000", ":123456789", ":+a", ":g", "::a"] {
            assert!(text.parse::<Handle>().is_err(), "{text:?}");
        }
        assert_eq!(Handle::from_parts(0, Handle::MAX_LOCAL + 1), None);
    }
}
