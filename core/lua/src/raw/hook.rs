//! Getting at a script that does not return.
//!
//! A loop in pure Lua has no point at which anybody could ask it to stop, and a standing hook
//! would cost every script threefold. So the stall watcher leaves its wish in a flag and sends
//! a signal to the workers; there, between two instructions of the script and on its own
//! thread, the handler sets a hook, which is what Lua's manual allows a signal to do. The hook
//! then runs as ordinary code: it tells where the script is, or raises an error in it.
//!
//! Why it is sound. The handler runs on the thread that runs the VM, so nothing is concurrent.
//! What it reads was written by that thread before the VM was entered: [`HERE`], null outside a
//! turn, and the state that runs, kept by `turn` and `coroutines`. It calls `lua_sethook` and
//! nothing else. A signal that comes too late finds null, or another VM whose flag is
//! not set, and does nothing; one for a thread that has ended finds nobody (`tgkill`).

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use mlua::ffi::{self, lua_Debug, lua_State};
use skyloom_kernel::Interrupt;

use super::host::{Host, PLAIN_YIELD, bytes_at, fence, host_of, raise};
use crate::workers::Workers;

/// Nothing is wished.
const NOTHING: u8 = 0;
/// The script is to say where it is.
const REPORT: u8 = 1;
/// The service was killed: the script is to end.
const GIVE_UP: u8 = 2;

/// The signal: ignored unless somebody asks for it, and used for the same purpose elsewhere.
const SIGNAL: c_int = libc::SIGURG;

/// What is told of a script that was stopped.
const KILLED: &str = "the service was killed while this ran";

/// After so many instructions the hook runs. Where it cannot yield it raises an error, which can
/// be caught: so it stays, and raises again at the next instruction, that of whoever caught it.
const SOON: c_int = 1;

/// What a signal finds on the thread that it hits. It outlives nothing: it is set for a turn.
struct Here {
    /// The host whose turn this thread runs, or null.
    running: Cell<*const Host>,
    /// The [`Workers`] that know this thread.
    known_to: Cell<u64>,
}

thread_local! {
    static HERE: Here = const { Here { running: Cell::new(ptr::null()), known_to: Cell::new(0) } };
}

/// Where a wish for one VM is left. Shared with the kernel's stall watcher.
#[derive(Debug)]
pub(crate) struct Gate {
    wish: AtomicU8,
    /// A script was reported that did not return; taken by `skynet.endless`.
    endless: AtomicBool,
    workers: Arc<Workers>,
}

impl Gate {
    pub(crate) fn new(workers: &Arc<Workers>) -> Gate {
        Gate { wish: AtomicU8::new(NOTHING), endless: AtomicBool::new(false), workers: Arc::clone(workers) }
    }

    /// Whether a script of this service did not return since this was asked last.
    pub(crate) fn take_endless(&self) -> bool {
        self.endless.swap(false, Ordering::Relaxed)
    }

    fn ask(&self, wish: u8) {
        // The flag before the signal: who is hit by the signal must see it.
        self.wish.fetch_max(wish, Ordering::SeqCst);
        install();
        for thread in self.workers.all() {
            // SAFETY: a system call with numbers; a thread that does not exist (any more) is an
            // error, and one of ours that has nothing to do with it ignores the signal.
            unsafe {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, SIGNAL);
            }
        }
    }
}

impl Interrupt for Gate {
    fn report(&self) {
        self.endless.store(true, Ordering::Relaxed);
        self.ask(REPORT);
    }

    fn give_up(&self) {
        self.ask(GIVE_UP);
    }
}

/// Says that this thread runs the VM now.
#[inline]
pub(super) fn enter(host: *const Host, workers: &Workers) {
    HERE.with(|here| {
        here.running.set(host);
        if here.known_to.get() != workers.number() {
            here.known_to.set(workers.number());
            // SAFETY: a system call without arguments.
            workers.meet(unsafe { libc::gettid() });
        }
    });
}

/// Says that it does not any more.
#[inline]
pub(super) fn leave() {
    HERE.with(|here| here.running.set(ptr::null()));
}

/// Sets the handler. A signal's handler is the process's: there is no other place for it, and
/// setting it again changes nothing.
fn install() {
    // SAFETY: the handler is async-signal-safe (see `on_signal`); the action is fully initialised.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(SIGNAL, &action, ptr::null_mut());
    }
}

/// On the worker's thread, anywhere.
extern "C" fn on_signal(_: c_int) {
    let host = HERE.with(|here| here.running.get());
    if host.is_null() {
        return;
    }
    // SAFETY: the turn that set `running` has not ended: it runs below us on this very thread, so
    // the host is alive. Reads are volatile, because the compiler does not know of us.
    // `lua_sethook` may be called from a signal, by the manual.
    unsafe {
        let active = ptr::read_volatile(&raw const (*host).active);
        if active.is_null() || gate(host).wish.load(Ordering::SeqCst) == NOTHING {
            return;
        }
        ptr::write_volatile((&raw const (*host).hooked).cast_mut(), true);
        ffi::lua_sethook(active, Some(interrupted), ffi::LUA_MASKCOUNT, SOON);
    }
}

/// The gate of a host.
unsafe fn gate<'a>(host: *const Host) -> &'a Gate {
    // SAFETY: callers have a live host, which keeps its gate.
    unsafe { &(*host).gate }
}

/// Whether the service was killed while its script runs: for loops in C that no hook interrupts.
pub(super) fn is_killed(host: *const Host) -> bool {
    // SAFETY: callers are functions that a script of this host called.
    unsafe { gate(host).wish.load(Ordering::Relaxed) == GIVE_UP }
}

/// What a coroutine died of that came back without a word: the hook's yield, or a plain one.
///
/// # Safety
///
/// `host` is alive.
pub(super) unsafe fn why_yielded(host: *mut Host) -> &'static str {
    // SAFETY: by contract.
    match unsafe { gate(host).wish.load(Ordering::SeqCst) } {
        GIVE_UP => KILLED,
        _ => PLAIN_YIELD,
    }
}

/// Takes hook and wish back when the coroutine has come back.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
#[cold]
pub(super) unsafe fn unhook(host: *mut Host, state: *mut lua_State) {
    // SAFETY: by contract.
    unsafe {
        (*host).hooked = false;
        ffi::lua_sethook(state, None, 0, 0);
        let _ = gate(host).wish.compare_exchange(REPORT, NOTHING, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// The hook: ordinary code, at the next instruction of the script.
unsafe extern "C-unwind" fn interrupted(l: *mut lua_State, _: *mut lua_Debug) {
    // SAFETY: Lua calls it with a running state of a VM of ours; it obeys the law.
    unsafe {
        let host = host_of(l);
        if gate(host).wish.load(Ordering::SeqCst) == GIVE_UP {
            if ffi::lua_isyieldable(l) != 0 {
                // No pcall catches a yield, and no message handler is called for one.
                ffi::lua_yield(l, 0);
                return;
            }
            ffi::lua_sethook(l, Some(interrupted), ffi::LUA_MASKCOUNT, SOON);
            raise(l, format_args!("{KILLED}"));
        }
        ffi::lua_sethook(l, None, 0, 0);
        let wished = gate(host).wish.compare_exchange(REPORT, NOTHING, Ordering::SeqCst, Ordering::SeqCst);
        if wished.is_ok() {
            ffi::luaL_traceback(l, l, c"still running:".as_ptr(), 0);
            let trace = bytes_at(l, -1);
            let _ = fence(|| (*host).report(&String::from_utf8_lossy(trace)));
            ffi::lua_pop(l, 1);
        }
    }
}
