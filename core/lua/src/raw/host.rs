//! One VM and everything that belongs to it, as the C functions see it.
//!
//! A C function gets a `lua_State` and nothing else. The extra space that Lua keeps before each
//! state points to a [`Tag`]: which host, and which of the host's coroutines. Coroutines that a
//! script makes itself inherit the tag of the main state, which says "none of ours".

use std::ffi::c_int;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{Handle, Session};
use skyloom_kernel::{Context, Envelope, TimerId};

use super::hook::Gate;
use super::memory::Memory;
use super::protocols::Protocols;
use super::sockets::Sockets;
use super::starting::Starting;
use super::threads::{NO_SLOT, Threads};
use super::unusual::Unusual;
use crate::chunks::Chunk;
use crate::home::Home;
use crate::keys::Keys;
use crate::scheduler::Scheduler;

/// What a script hears that yields to nobody.
pub(super) const PLAIN_YIELD: &str = "coroutine.yield in a coroutine of the service: nobody would resume it";

/// What the extra space of a state points to.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) host: *mut Host,
    /// [`NO_SLOT`] for the main state and for the coroutines that scripts make.
    pub(super) slot: u32,
}

/// What a coroutine finds when it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its results are on its stack.
    Values,
    /// The text of an error is.
    Error,
    /// It has gone on: whoever resumes it again is not the host.
    Taken,
}

/// The message that is being handled: what error lines tell of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subject {
    pub(super) source: Option<Handle>,
    pub(super) session: Option<Session>,
    pub(super) size: usize,
}

/// Everything of one service.
///
/// It is boxed and reached by raw pointer, because finalizers of the VM may enter it from inside
/// any call into Lua: no reference to it, or into it, lives across such a call.
///
/// Its fields lie in this order: what every message touches comes first and together, because
/// with thousands of services each line of memory is fetched anew.
#[repr(C)]
pub(super) struct Host {
    pub(super) main: *mut lua_State,
    /// Null between callbacks.
    pub(super) context: *const Context<'static>,
    /// The state that runs, ours or a script's own: where a hook must be set; null if none does.
    pub(super) active: *mut lua_State,
    /// The coroutine that runs, or [`NO_SLOT`].
    pub(super) current: u32,
    pub(super) handle: Handle,
    /// Whether it was one of our functions that yielded.
    pub(super) yielded: bool,
    pub(super) outcome: Outcome,
    /// A signal has set a hook.
    pub(super) hooked: bool,
    /// Something is to be done before or after coroutines run: traces, clocks.
    pub(super) watched: bool,
    /// The script said `skynet.exit()`, or its start failed: nothing more is begun.
    pub(super) exiting: bool,
    /// A message does not go straight to its handler; so it is when the service is exiting.
    pub(super) detour: bool,
    pub(super) home: Arc<Home>,
    pub(super) protocols: Protocols,
    pub(super) threads: Threads,
    pub(super) subject: Subject,
    pub(super) memory: Memory,
    /// Where values are packed.
    pub(super) buffer: Vec<u8>,
    pub(super) tag: Tag,
    pub(super) scheduler: Scheduler<u32, TimerId>,
    pub(super) keys: Keys<Envelope>,
    pub(super) starting: Starting,
    /// Hundredths of a second that a call may take; 0 is for ever.
    pub(super) call_timeout: u64,
    pub(super) sockets: Option<Box<Sockets>>,
    /// Made when something of it is asked for.
    pub(super) unusual: Option<Box<Unusual>>,
    pub(super) gate: Arc<Gate>,
    /// Where texts for Lua are put together.
    pub(super) text: String,
    /// Ticks of the wall clock's second that had passed when the node started.
    pub(super) first_tick: u64,
    /// Seconds of the wall clock when the node started.
    pub(super) first_second: u64,
    /// The coroutine that said `skynet.exit()`, or [`NO_SLOT`].
    pub(super) leaver: u32,
    /// Values that coroutines wait on and that are no coroutines: the last number given.
    pub(super) last_token: u32,
    /// Bytecode that the VM uses where it lies; outlives the VM.
    pub(super) chunks: Vec<Arc<Chunk>>,
    pub(super) is_closed: bool,
}

/// The tag of a state.
///
/// # Safety
///
/// `l` belongs to a VM that [`Vm`](super::vm::Vm) made.
#[inline(always)]
pub(super) unsafe fn tag_of(l: *mut lua_State) -> *const Tag {
    // SAFETY: such a VM has a pointer to a live tag in the extra space of every state: `Vm` sets
    // the main state's, Lua copies it, and `Threads` keeps that of its own.
    unsafe { *ffi::lua_getextraspace(l).cast::<*const Tag>() }
}

/// The host of a state.
///
/// # Safety
///
/// As [`tag_of`].
#[inline(always)]
pub(super) unsafe fn host_of(l: *mut lua_State) -> *mut Host {
    // SAFETY: tags live as long as the host, and the host longer than its VM.
    unsafe { (*tag_of(l)).host }
}

/// What the host shares with others.
///
/// # Safety
///
/// The host outlives the reference.
pub(super) unsafe fn home_of<'a>(host: *mut Host) -> &'a Arc<Home> {
    // SAFETY: it is set when the host is made and never changed.
    unsafe { &(*host).home }
}

/// The bytes of the string at `index`. `[-0, +0, -]`
///
/// # Safety
///
/// The value there is a string, and the slice is used only while it stays on the stack.
#[inline(always)]
pub(super) unsafe fn bytes_at<'a>(l: *mut lua_State, index: c_int) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: it is a string, so nothing is converted and the pointer is valid for `len` bytes.
    unsafe {
        let bytes = ffi::lua_tolstring(l, index, &mut len);
        std::slice::from_raw_parts(bytes.cast(), len)
    }
}

/// Raises an error with the position of the caller before the text. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function of `l` that owns nothing that needs dropping.
#[cold]
pub(super) unsafe fn raise(l: *mut lua_State, text: fmt::Arguments<'_>) -> ! {
    // SAFETY: the text lives in the host, so nothing is lost when Lua jumps; `text` itself owns
    // nothing. The borrow ends before Lua is called.
    unsafe {
        let host = host_of(l);
        (*host).text.clear();
        let _ = fmt::write(&mut (*host).text, text);
        raise_text(l, host)
    }
}

/// Raises what is in the host's text, with the position of the caller before it. `[-0, +0, v]`
///
/// # Safety
///
/// As [`raise`].
#[cold]
pub(super) unsafe fn raise_text(l: *mut lua_State, host: *mut Host) -> ! {
    // SAFETY: nothing of Rust is alive; `push_text` copies first.
    unsafe {
        ffi::luaL_checkstack(l, 3, std::ptr::null());
        ffi::luaL_where(l, 1);
        push_text(l, host);
        ffi::lua_concat(l, 2);
        ffi::lua_error(l)
    }
}

/// Pushes what is in the host's text. `[-0, +1, m]`
///
/// # Safety
///
/// `l` is a state of `host`'s VM with a free place.
pub(super) unsafe fn push_text(l: *mut lua_State, host: *mut Host) {
    // SAFETY: the pointer is used before Lua can run anything that could change the text.
    unsafe {
        let text: &str = &(*host).text;
        let (bytes, len) = (text.as_ptr(), text.len());
        ffi::lua_pushlstring(l, bytes.cast(), len);
    }
}

/// Pushes bytes that Lua does not own. `[-0, +1, m]`
///
/// # Safety
///
/// `l` has a free place.
pub(super) unsafe fn push_bytes(l: *mut lua_State, bytes: &[u8]) {
    // SAFETY: Lua copies them before anything else.
    unsafe {
        ffi::lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len());
    }
}

/// Runs Rust code that does not call Lua; `None` if it panicked.
///
/// What it returns is `Copy`: the caller may raise at once, and nothing would be dropped late.
#[inline(always)]
pub(super) fn fence<R: Copy>(work: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Unwraps what a [`fence`] let through, or raises. `[-0, +0, v]`
///
/// # Safety
///
/// As [`raise`].
#[inline(always)]
pub(super) unsafe fn passed<R: Copy>(l: *mut lua_State, outcome: Option<R>) -> R {
    match outcome {
        Some(value) => value,
        None => {
            // SAFETY: by contract.
            unsafe { raise(l, format_args!("a panic inside the host (its message is on stderr)")) }
        }
    }
}

impl Host {
    /// The kernel's context, during a callback.
    #[inline(always)]
    pub(super) fn context(&self) -> Option<&Context<'_>> {
        // SAFETY: it is set for the time of a callback to what the kernel lent for that time
        // (see `Turn`), and null otherwise.
        unsafe { self.context.as_ref() }
    }

    /// Nothing more is begun.
    pub(super) fn leave(&mut self) {
        self.exiting = true;
        self.detour = true;
    }

    /// Writes a line to the node's log.
    pub(super) fn report(&self, text: &str) {
        if let Some(context) = self.context() {
            context.report(text);
        }
    }

    /// The coroutine that runs, if one does.
    pub(super) fn running(&self) -> Option<u32> {
        (self.current != NO_SLOT).then_some(self.current)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.handle)
    }
}
