//! Traces: a tag that follows a request from service to service, and the lines it leaves.
//!
//! A traced coroutine tells the receiver of each call the tag, by a `TRACE` message just before
//! the request; the coroutine that handles the request there carries the tag on.

use std::collections::HashMap;
use std::ffi::{CStr, c_int};
use std::fmt::Write;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{Handle, Payload, Protocol};
use skyloom_kernel::Envelope;

use super::host::Host;
use super::unusual::{thread_time, unusual};

/// Who carries which tag.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// By the slot of the coroutine.
    carried: HashMap<u32, String>,
    /// By the source whose next request carries it.
    announced: HashMap<Handle, String>,
    /// Protocols whose messages are always traced, or never.
    pub(super) protocols: HashMap<u8, bool>,
    /// For the coroutine that is begun next.
    pub(super) arriving: Option<String>,
    made: u64,
}

/// A tag is a short text; more than this of an announced one is cut off.
const LONGEST: usize = 256;

/// Sources whose announcement is remembered; beyond that all are forgotten.
const ANNOUNCED: usize = 1 << 12;

/// Looks at a message before it is handled; takes announcements.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
pub(super) unsafe fn arrives(host: *mut Host, message: Envelope) -> Option<Envelope> {
    // SAFETY: by contract; nothing here enters Lua.
    unsafe {
        if message.protocol.is_answer() {
            return Some(message);
        }
        let traces = &mut unusual(host).traces;
        let source = message.source;
        if message.protocol == Protocol::TRACE {
            let bytes = message.open().payload.into_bytes();
            let tag = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]).into_owned();
            if traces.announced.len() >= ANNOUNCED {
                traces.announced.clear();
            }
            traces.announced.extend(source.map(|source| (source, tag)));
            return None;
        }
        let announced = source.and_then(|source| traces.announced.remove(&source));
        traces.arriving = match traces.protocols.get(&message.protocol.0) {
            Some(false) => None,
            Some(true) if announced.is_none() => Some(fresh(host)),
            _ => announced,
        };
        Some(message)
    }
}

/// A tag that nobody has.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn fresh(host: *mut Host) -> String {
    // SAFETY: by contract.
    unsafe {
        let traces = &mut unusual(host).traces;
        traces.made += 1;
        format!("{}-{}", (*host).handle, traces.made)
    }
}

/// The coroutine carries the tag from now on, or none.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn carry(host: *mut Host, slot: u32, tag: Option<String>) {
    // SAFETY: by contract.
    let carried = unsafe { &mut unusual(host).traces.carried };
    match tag {
        Some(tag) => drop(carried.insert(slot, tag)),
        None => drop(carried.remove(&slot)),
    }
}

/// What the coroutine carries.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn tag_of(host: *mut Host, slot: u32) -> Option<String> {
    // SAFETY: by contract.
    unsafe { unusual(host).traces.carried.get(&slot).cloned() }
}

/// A coroutine is about to run.
///
/// # Safety
///
/// As [`arrives`].
#[cold]
pub(super) unsafe fn resumes(host: *mut Host, slot: u32, state: *mut lua_State) {
    // SAFETY: by contract; no reference is alive when a line is written.
    unsafe {
        let arriving = unusual(host).traces.arriving.take();
        let event = if arriving.is_some() { c"request" } else { c"resume" };
        if arriving.is_some() {
            carry(host, slot, arriving);
        }
        tell(host, slot, event, None);
        starts_clock(host, state);
    }
}

/// A coroutine has run: it waits, has ended, or has failed.
///
/// # Safety
///
/// As [`arrives`].
#[cold]
pub(super) unsafe fn has_run(host: *mut Host, slot: u32, state: *mut lua_State, status: c_int) {
    // SAFETY: by contract.
    unsafe {
        if status == ffi::LUA_YIELD && (*host).yielded {
            stops_clock(host, state);
            return;
        }
        tell(host, slot, if status == ffi::LUA_OK { c"end" } else { c"error" }, None);
        forget(host, slot, state);
    }
}

/// A coroutine is no more what it was.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn forget(host: *mut Host, slot: u32, state: *mut lua_State) {
    // SAFETY: by contract; giving a reference back does not raise.
    unsafe {
        carry(host, slot, None);
        if let Some(clock) = unusual(host).clocks.remove(&state) {
            ffi::luaL_unref((*host).main, ffi::LUA_REGISTRYINDEX, clock.anchor);
        }
    }
}

/// Time counts for this coroutine from now on, if it is measured.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn starts_clock(host: *mut Host, state: *mut lua_State) {
    // SAFETY: by contract.
    if let Some(clock) = unsafe { unusual(host).clocks.get_mut(&state) } {
        clock.since = Some(thread_time());
    }
}

/// Time does not count any more.
///
/// # Safety
///
/// As [`arrives`].
pub(super) unsafe fn stops_clock(host: *mut Host, state: *mut lua_State) {
    // SAFETY: by contract.
    if let Some(clock) = unsafe { unusual(host).clocks.get_mut(&state) }
        && let Some(since) = clock.since.take()
    {
        clock.total += thread_time().saturating_sub(since);
    }
}

/// A coroutine calls: who is called is told the tag.
///
/// # Safety
///
/// Called from a C function of `l`, the coroutine's state or one that it runs.
#[cold]
pub(super) unsafe fn calls(l: *mut lua_State, host: *mut Host, slot: u32, to: Option<Handle>) {
    // SAFETY: by contract; nothing here raises.
    unsafe {
        let Some(tag) = tag_of(host, slot) else { return };
        tell(host, slot, c"call", Some(l));
        if let (Some(context), Some(to)) = ((*host).context(), to) {
            // Whoever is gone need not hear of it.
            let _ = context.send(to, Protocol::TRACE, Payload::from(tag.into_bytes()));
        }
    }
}

/// Leaves a line for what happens to a coroutine, if it carries a tag; with where it is, if `l` tells.
///
/// # Safety
///
/// As [`calls`], if there is an `l`.
#[cold]
pub(super) unsafe fn tell(host: *mut Host, slot: u32, event: &CStr, l: Option<*mut lua_State>) {
    // SAFETY: by contract.
    unsafe {
        let Some(tag) = tag_of(host, slot) else { return };
        let mut text = event.to_string_lossy().into_owned();
        if let Some(l) = l {
            text.push_str(&frames(l, 1));
        }
        line(host, &tag, &text);
    }
}

/// One line of a trace.
///
/// # Safety
///
/// `host` is alive.
pub(super) unsafe fn line(host: *mut Host, tag: &str, text: &str) {
    // SAFETY: by contract.
    unsafe {
        let now = (*host).context().map_or(0, |context| context.now().as_nanos());
        (*host).report(&format!("<TRACE {tag}> {now} {text}"));
    }
}

/// Where a state is: up to three places, as ` : @file:line @file:line`.
///
/// # Safety
///
/// `l` is a state of a VM of ours.
pub(super) unsafe fn frames(l: *mut lua_State, level: c_int) -> String {
    let mut text = String::new();
    // SAFETY: `lua_getstack` says whether there is such a level, and `lua_getinfo` fills `about`.
    unsafe {
        let mut about: ffi::lua_Debug = std::mem::zeroed();
        for level in level..level.saturating_add(3) {
            if ffi::lua_getstack(l, level, &mut about) == 0 {
                break;
            }
            ffi::lua_getinfo(l, c"Sl".as_ptr(), &mut about);
            if about.currentline > 0 {
                let source = CStr::from_ptr(about.source).to_string_lossy();
                let _ = write!(text, " {source}:{}", about.currentline);
            }
        }
    }
    if text.is_empty() { text } else { format!(" :{text}") }
}
