//! How a service starts: its main chunk, its initialisers, its start function.
//!
//! Each runs in a coroutine of its own and may wait. The start is over when the last of them has
//! returned; messages are handled meanwhile.

use std::collections::VecDeque;
use std::ffi::c_int;

use mlua::ffi;
use skyloom_abi::ExitReason;
use skyloom_kernel::StartError;

use super::host::Host;
use super::threads::{Role, acquire};
use super::trace::Failure;

/// What `newservice` hears when the service left in its start function.
pub(super) const LEFT: &str = "it exited before it had started";

/// What is still to be run, and what there is to tell.
#[derive(Debug, Default)]
pub(super) struct Starting {
    /// References of initialisers.
    inits: VecDeque<c_int>,
    /// References of start functions: one, as a rule.
    starts: VecDeque<c_int>,
    /// The main chunk has returned.
    main_over: bool,
    over: bool,
    news: Option<Result<(), String>>,
}

impl Starting {
    /// Remembers an initialiser: they run in order, and before the start function.
    pub(super) fn init(&mut self, function: c_int) {
        self.inits.push_back(function);
    }

    /// Remembers the start function.
    pub(super) fn start(&mut self, function: c_int) {
        self.starts.push_back(function);
    }

    fn next(&mut self) -> Option<c_int> {
        self.inits.pop_front().or_else(|| self.starts.pop_front())
    }

    /// Whether the main chunk has returned, or the start is over without it.
    pub(super) fn is_main_over(&self) -> bool {
        self.main_over || self.over
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether there is something to tell.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.news.is_some()
    }

    /// How the start ended, told once.
    pub(super) fn news(&mut self) -> Option<Result<(), String>> {
        self.news.take()
    }
}

/// The next part of the start, now that one has returned.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
pub(super) unsafe fn advance(host: *mut Host) {
    // SAFETY: by contract; a fresh coroutine has places for its function.
    unsafe {
        if (*host).starting.over {
            return;
        }
        (*host).starting.main_over = true;
        let Some(function) = (*host).starting.next() else {
            (*host).starting.over = true;
            (*host).starting.news = Some(Ok(()));
            return;
        };
        let slot = acquire((*host).main, host, Role::Start);
        let state = (*host).threads.state(slot);
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, function.into());
        ffi::luaL_unref(state, ffi::LUA_REGISTRYINDEX, function);
        (*host).scheduler.fork(slot);
    }
}

/// A part of the start raised an error: the service ends.
///
/// # Safety
///
/// As [`advance`].
pub(super) unsafe fn failed(host: *mut Host, failure: &Failure) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        if (*host).starting.over {
            return super::turn::report_error(host, &failure.trace);
        }
        (*host).report(&format!("init service failed: {}", failure.trace));
        give_up(host, failure.text.clone());
    }
}

/// Ends the start, and the service with it.
///
/// # Safety
///
/// As [`advance`].
pub(super) unsafe fn give_up(host: *mut Host, why: String) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        (*host).starting.over = true;
        if let Some(context) = (*host).context() {
            context.exit(ExitReason::Failed(why.clone()));
        }
        (*host).starting.news = Some(Err(why));
        (*host).leave();
    }
}

/// The script said `skynet.exit()`: if that was in its start, whoever waits for it hears that.
///
/// # Safety
///
/// As [`advance`].
pub(super) unsafe fn left(host: *mut Host) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        if !(*host).starting.over {
            (*host).starting.over = true;
            (*host).starting.news = Some(Err(LEFT.into()));
        }
    }
}

/// Tells the kernel how a start ended that had gone on after its callback.
///
/// # Safety
///
/// As [`advance`].
pub(super) unsafe fn tell(host: *mut Host) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        let Some(news) = (*host).starting.news() else { return };
        if let Some(context) = (*host).context() {
            context.started(news.map_err(StartError::new));
        }
    }
}
