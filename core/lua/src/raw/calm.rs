//! A stretch in which Lua does not raise.
//!
//! Pushing values, making tables and loading chunks raise for one reason only: that memory is
//! refused. While a [`Calm`] is held it is not (the script pays at its next allocation), so Rust
//! values that need dropping may be alive across those calls, and across no others.

use super::host::Host;

/// Holds the VM's limit off.
pub(super) struct Calm {
    host: *mut Host,
    before: bool,
}

impl Calm {
    /// Begins a stretch that ends when the value is dropped.
    ///
    /// # Safety
    ///
    /// `host` outlives it, and inside it no function of Lua is called that runs code of scripts
    /// unprotected.
    pub(super) unsafe fn enter(host: *mut Host) -> Calm {
        // SAFETY: by contract.
        let before = unsafe { std::mem::replace(&mut (*host).memory.strict, false) };
        Calm { host, before }
    }
}

impl Drop for Calm {
    fn drop(&mut self) {
        // SAFETY: the host outlives it by contract of `enter`.
        unsafe { (*self.host).memory.strict = self.before }
    }
}
