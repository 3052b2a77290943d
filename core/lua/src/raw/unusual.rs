//! What few services ask for: traces, a meter, a say before each message is handled.
//!
//! It lies behind one pointer, and two flags of the host tell that there is something to be done:
//! `detour` for messages, `watched` for coroutines. A service that asked for nothing pays a test.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use mlua::ffi::{self, lua_State};
use skyloom_abi::Protocol;
use skyloom_kernel::Envelope;

use super::host::{Host, bytes_at};
use super::incoming;
use super::starting;
use super::threads::{NO_SLOT, owner};
use super::tracing::Traces;
use super::turn::{refuse, settle, tidy};
use crate::keys::Origin;
use crate::scheduler::Request;

/// All of it.
#[derive(Debug)]
pub(super) struct Unusual {
    /// Reference of what handles requests of unknown protocols, or `LUA_NOREF`.
    pub(super) unknown_request: c_int,
    /// Reference of what handles answers that nobody waits for, or `LUA_NOREF`.
    pub(super) unknown_response: c_int,
    /// Reference of what gets each message in place of the handlers, or `LUA_NOREF`.
    pub(super) callback: c_int,
    /// Whether what the callback gets is its own: it is not dropped afterwards.
    pub(super) callback_owns: bool,
    /// Under which protocol messages are handled, where that differs.
    pub(super) forward: HashMap<u8, u8>,
    /// What is received now belongs to its handler until it is sent or trashed.
    pub(super) keeps: bool,
    /// What the callback wants handled.
    pub(super) queue: VecDeque<Envelope>,
    pub(super) meter: Option<Meter>,
    pub(super) traces: Traces,
    /// Coroutines that are measured.
    pub(super) clocks: HashMap<*mut lua_State, Clock>,
}

/// For how long the handlers of a service have run.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) total: Duration,
    pub(super) since: Option<Instant>,
}

/// For how long a coroutine has run.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) anchor: c_int,
    pub(super) total: Duration,
    /// When it was resumed, by the clock of the thread that runs it; `None` while it waits.
    pub(super) since: Option<Duration>,
}

/// What a service asks for, made when it first asks.
///
/// # Safety
///
/// `host` is alive; the reference ends before Lua is entered.
pub(super) unsafe fn unusual<'a>(host: *mut Host) -> &'a mut Unusual {
    // SAFETY: by contract.
    unsafe {
        (*host).unusual.get_or_insert_with(|| {
            Box::new(Unusual {
                unknown_request: ffi::LUA_NOREF,
                unknown_response: ffi::LUA_NOREF,
                callback: ffi::LUA_NOREF,
                callback_owns: false,
                forward: HashMap::new(),
                keeps: false,
                queue: VecDeque::new(),
                meter: None,
                traces: Traces::default(),
                clocks: HashMap::new(),
            })
        })
    }
}

/// CPU time of this thread.
#[cfg(target_os = "linux")]
pub(super) fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a system call that fills what it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(super) fn thread_time() -> Duration {
    Duration::ZERO
}

/// Handles one message of a service that asked for something unusual, or that has ended.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
#[cold]
pub(super) unsafe fn receive(host: *mut Host, message: Envelope) {
    // SAFETY: by contract; each borrow of what is unusual ends before Lua is entered.
    unsafe {
        if (*host).exiting {
            return;
        }
        if let Some(meter) = &mut unusual(host).meter {
            meter.since = Some(Instant::now());
        }
        if unusual(host).callback == ffi::LUA_NOREF {
            handle(host, message);
        } else {
            call_back(host, message);
        }
        settle(host);
        while !(*host).exiting
            && let Some(message) = unusual(host).queue.pop_front()
        {
            handle(host, message);
            settle(host);
        }
        tidy(host);
        if (*host).starting.has_news() {
            starting::tell(host);
        }
        if let Some(meter) = &mut unusual(host).meter
            && let Some(since) = meter.since.take()
        {
            meter.total += since.elapsed();
        }
    }
}

unsafe fn handle(host: *mut Host, mut message: Envelope) {
    // SAFETY: as `receive`.
    unsafe {
        let other = unusual(host).forward.get(&message.protocol.0).copied();
        if let Some(other) = other {
            message.protocol = Protocol(other);
            unusual(host).keeps = true;
        }
        if let Some(message) = super::tracing::arrives(host, message) {
            incoming::receive(host, message);
        }
        unusual(host).keeps = false;
        unusual(host).traces.arriving = None;
    }
}

/// Gives a message to the script's callback, on the main state: it cannot wait.
unsafe fn call_back(host: *mut Host, mut message: Envelope) {
    // SAFETY: the main state has room for what is pushed; the call is protected.
    unsafe {
        let main = (*host).main;
        let (protocol, source, session) = (message.protocol, message.source, message.session);
        let asked = message.awaits().map(|(to, session)| Request { to, session });
        message.payload.encode();
        let len = message.payload.len().unwrap_or(0);
        let kept = if len == 0 { None } else { (*host).keys.insert(owner(NO_SLOT), Origin::Packed, message) };
        let (callback, owns) = (unusual(host).callback, unusual(host).callback_owns);
        ffi::lua_rawgeti(main, ffi::LUA_REGISTRYINDEX, callback.into());
        ffi::lua_pushinteger(main, protocol.0.into());
        ffi::lua_pushlightuserdata(main, kept.map_or(std::ptr::null_mut(), |key| key.bits() as *mut _));
        ffi::lua_pushinteger(main, len as ffi::lua_Integer);
        ffi::lua_pushinteger(main, session.map_or(0, |session| session.get()).into());
        ffi::lua_pushinteger(main, source.map_or(0, |source| source.get()).into());
        (*host).active = main;
        let status = ffi::lua_pcall(main, 5, 0, 0);
        (*host).active = std::ptr::null_mut();
        if status != ffi::LUA_OK {
            let text = if ffi::lua_type(main, -1) == ffi::LUA_TSTRING {
                String::from_utf8_lossy(bytes_at(main, -1)).into_owned()
            } else {
                "the callback failed".into()
            };
            ffi::lua_pop(main, 1);
            super::turn::report_error(host, &text);
            refuse(host, asked, &text);
        }
        if let Some(key) = kept.filter(|_| !owns) {
            drop((*host).keys.take(key));
        }
    }
}
