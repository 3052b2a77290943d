//! Where the system has no way to signal one thread: a script that does not return goes on.
//!
//! The same names as in `hook.rs`, doing nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::ffi::lua_State;
use skyloom_kernel::Interrupt;

use super::host::{Host, PLAIN_YIELD};
use crate::workers::Workers;

/// A gate that nobody can knock at.
#[derive(Debug)]
pub(crate) struct Gate {
    endless: AtomicBool,
}

impl Gate {
    pub(crate) fn new(_: &Arc<Workers>) -> Gate {
        Gate { endless: AtomicBool::new(false) }
    }

    /// Whether a script of this service did not return since this was asked last.
    pub(crate) fn take_endless(&self) -> bool {
        self.endless.swap(false, Ordering::Relaxed)
    }
}

impl Interrupt for Gate {
    fn report(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }
}

pub(super) fn enter(_: *const Host, _: &Workers) {}

pub(super) fn leave() {}

/// Nobody can say so here.
pub(super) fn is_killed(_: *const Host) -> bool {
    false
}

/// Never called: nothing sets a hook.
///
/// # Safety
///
/// None needed.
pub(super) unsafe fn unhook(_: *mut Host, _: *mut lua_State) {}

/// What a coroutine died of that came back without a word.
///
/// # Safety
///
/// None needed.
pub(super) unsafe fn why_yielded(_: *mut Host) -> &'static str {
    PLAIN_YIELD
}
