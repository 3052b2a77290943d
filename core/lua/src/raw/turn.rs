//! Resuming coroutines, and what follows when they suspend or end.
//!
//! Nothing here is nested: C functions that scripts call only note what is to be done, and the
//! host does it when the coroutine has come back.

use std::ffi::c_int;

use mlua::ffi;
use skyloom_abi::{CallError, Payload, Protocol};

use super::hook::{unhook, why_yielded};
use super::host::{Host, Outcome, push_bytes};
use super::starting;
use super::threads::{Expect, NO_SLOT, Role, forget, owner, release};
use super::trace::{self, Failure};
use super::tracing;
use super::unpack::unpack;
use super::unusual::unusual;
use crate::keys::Origin;
use crate::scheduler::{Alarm, Ended, Request, Step};
use skyloom_kernel::{Envelope, TimerId};

/// Does what is deferred, until nothing is: wake-ups, failed calls, forks.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
pub(super) unsafe fn settle(host: *mut Host) {
    // SAFETY: by contract; each borrow ends before a coroutine is resumed.
    unsafe {
        while !(*host).exiting {
            let Some(step) = (*host).scheduler.next() else { break };
            match step {
                Step::Break(slot, alarm) => {
                    disarm(host, alarm);
                    let state = (*host).threads.state(slot);
                    let mut count = 0;
                    if alarm.is_some() {
                        push_bytes(state, b"BREAK");
                        count = 1;
                    }
                    resume(host, slot, Outcome::Values, count);
                }
                Step::Fail(slot, error, alarm) => {
                    disarm(host, alarm);
                    fail(host, slot, &error);
                }
                Step::Start(slot) => begin(host, slot),
            }
        }
    }
}

/// Leaves the buffer empty and small at the end of a turn.
///
/// # Safety
///
/// As [`settle`].
#[inline]
pub(super) unsafe fn tidy(host: *mut Host) {
    // SAFETY: by contract.
    let buffer = unsafe { &mut (*host).buffer };
    buffer.clear();
    if buffer.capacity() > 1 << 16 {
        buffer.shrink_to(1 << 12);
    }
}

/// Cancels what would still come by itself, or has it swallowed when it comes.
///
/// # Safety
///
/// As [`settle`].
#[inline]
pub(super) unsafe fn disarm(host: *mut Host, alarm: Option<Alarm<TimerId>>) {
    let Some(alarm) = alarm else { return };
    // SAFETY: nothing here enters Lua.
    unsafe {
        let context = (*host).context();
        let cancelled = match (context, alarm.timer) {
            (Some(context), Some(timer)) => context.cancel(timer),
            _ => false,
        };
        if !cancelled {
            (*host).scheduler.swallow(alarm.session);
        }
    }
}

/// Hands an answer to the coroutine that waits for it.
///
/// # Safety
///
/// As [`settle`]; `slot` was waiting.
#[inline]
pub(super) unsafe fn answer(host: *mut Host, slot: u32, mut message: Envelope) {
    // SAFETY: the coroutine is suspended in one of our functions with nothing on its stack, so
    // its basic places are free. No borrow of the host is alive when it is resumed.
    unsafe {
        let state = (*host).threads.state(slot);
        if ffi::lua_status(state) != ffi::LUA_YIELD {
            return resumed_by_hand(host, slot);
        }
        message.payload.encode();
        match (*host).threads.at(slot).expect {
            Expect::Values => {
                let outcome = unpack(state, message.payload.as_bytes().unwrap_or_default());
                give_back(host, message);
                match outcome {
                    Ok(count) => go_on(host, slot, Outcome::Values, count),
                    Err(error) => {
                        push_bytes(state, format!("call failed: {error}").as_bytes());
                        go_on(host, slot, Outcome::Error, 1);
                    }
                }
            }
            Expect::Text => {
                push_bytes(state, message.payload.as_bytes().unwrap_or_default());
                give_back(host, message);
                go_on(host, slot, Outcome::Values, 1);
            }
            Expect::Raw => {
                push_received(host, slot, message);
                go_on(host, slot, Outcome::Values, 2);
            }
            Expect::Unpacked(function) => {
                ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, function.into());
                push_received(host, slot, message);
                go_on(host, slot, Outcome::Values, 3);
            }
        }
    }
}

/// Raises an error in the coroutine whose call failed.
///
/// # Safety
///
/// As [`answer`].
pub(super) unsafe fn fail(host: *mut Host, slot: u32, error: &CallError) {
    // SAFETY: as in `answer`.
    unsafe {
        let state = (*host).threads.state(slot);
        if ffi::lua_status(state) != ffi::LUA_YIELD {
            return resumed_by_hand(host, slot);
        }
        match error {
            CallError::Refused(text) if text.is_empty() => push_bytes(state, b"call failed"),
            error => push_bytes(state, format!("call failed: {error}").as_bytes()),
        }
        resume(host, slot, Outcome::Error, 1);
    }
}

/// Lets the next message go out in the envelope of one that has been read.
///
/// # Safety
///
/// `host` is alive.
#[inline]
pub(super) unsafe fn give_back(host: *mut Host, message: Envelope) {
    // SAFETY: by contract; nothing here enters Lua.
    if let Some(context) = unsafe { (*host).context() } {
        context.give_back(message);
    }
}

/// Gives a message to a coroutine and pushes its key and size. `[-0, +2, -]` on its stack
///
/// # Safety
///
/// The coroutine has two free places.
pub(super) unsafe fn push_received(host: *mut Host, slot: u32, mut message: Envelope) {
    // SAFETY: by contract. A light userdata and an integer need no memory.
    unsafe {
        let state = (*host).threads.state(slot);
        message.payload.encode();
        let len = message.payload.len().unwrap_or(0);
        let kept = match len {
            0 => None,
            _ if (*host).detour && unusual(host).keeps => (*host).keys.insert(owner(NO_SLOT), Origin::Packed, message),
            _ => (*host).keys.insert(owner(slot), Origin::Received, message),
        };
        match kept {
            Some(key) => {
                ffi::lua_pushlightuserdata(state, key.bits() as *mut _);
                ffi::lua_pushinteger(state, len as ffi::lua_Integer);
            }
            None => {
                ffi::lua_pushlightuserdata(state, std::ptr::null_mut());
                ffi::lua_pushinteger(state, 0);
            }
        }
    }
}

/// Resumes a coroutine that waits, with `count` values that lie on its stack.
///
/// # Safety
///
/// As [`answer`].
#[inline]
pub(super) unsafe fn resume(host: *mut Host, slot: u32, outcome: Outcome, count: c_int) {
    // SAFETY: by contract.
    unsafe {
        if ffi::lua_status((*host).threads.state(slot)) != ffi::LUA_YIELD {
            return resumed_by_hand(host, slot);
        }
        go_on(host, slot, outcome, count);
    }
}

/// The same for one that is known to wait.
#[inline(always)]
unsafe fn go_on(host: *mut Host, slot: u32, outcome: Outcome, count: c_int) {
    // SAFETY: by contract.
    unsafe {
        (*host).outcome = outcome;
        run(host, slot, count);
    }
}

/// Begins a coroutine whose function and arguments lie on its stack.
///
/// # Safety
///
/// As [`settle`]; `slot` was in the fork queue or waited for its timer.
pub(super) unsafe fn begin(host: *mut Host, slot: u32) {
    // SAFETY: by contract. A script has had the coroutine in its hands meanwhile, so what lies
    // there is counted before it is relied upon.
    unsafe {
        let (state, args) = {
            let thread = (*host).threads.at(slot);
            (thread.state, thread.args)
        };
        if ffi::lua_status(state) != ffi::LUA_OK || ffi::lua_gettop(state) != args + 1 {
            return resumed_by_hand(host, slot);
        }
        run(host, slot, args);
    }
}

/// A script took a coroutine that waited for us and resumed or closed it itself.
///
/// Nothing of it can be trusted; whoever it served gets an error.
#[cold]
unsafe fn resumed_by_hand(host: *mut Host, slot: u32) {
    // SAFETY: the coroutine waits for nothing any more, so nothing refers to its slot.
    unsafe {
        let owed = (*host).scheduler.failed(slot);
        refuse(host, owed, "its coroutine was resumed or closed by hand");
        (*host).keys.ended(owner(slot));
        forget(host, slot);
    }
}

/// Runs a coroutine until it suspends or ends, and sees to what that means.
///
/// # Safety
///
/// As [`settle`]; on the coroutine's stack lie `count` arguments, and below them its function if
/// it has not begun.
#[inline]
pub(super) unsafe fn run(host: *mut Host, slot: u32, count: c_int) {
    // SAFETY: by contract. The raw pointers into the host are used one at a time.
    unsafe {
        let state = (*host).threads.state(slot);
        (*host).current = slot;
        (*host).yielded = false;
        (*host).memory.strict = true;
        (*host).active = state;
        if (*host).watched {
            tracing::resumes(host, slot, state);
        }
        let mut results = 0;
        let status = ffi::lua_resume(state, (*host).main, count, &mut results);
        (*host).active = std::ptr::null_mut();
        (*host).memory.strict = false;
        (*host).current = NO_SLOT;
        if (*host).hooked | (*host).watched {
            has_run(host, slot, state, status);
        }
        match status {
            ffi::LUA_OK => {
                let left = c_int::from((*host).threads.at(slot).handler != ffi::LUA_NOREF);
                if results != 0 {
                    ffi::lua_settop(state, left);
                }
                ended(host, slot);
            }
            ffi::LUA_YIELD if (*host).yielded => (*host).keys.suspended(owner(slot)),
            ffi::LUA_YIELD => {
                let text = why_yielded(host);
                let failure = Failure { text: text.into(), trace: text.into() };
                failed(host, slot, failure);
            }
            _ => {
                let failure = trace::failure(host, state);
                failed(host, slot, failure);
            }
        }
    }
}

/// What is left to do for few coroutines when they come back.
#[cold]
unsafe fn has_run(host: *mut Host, slot: u32, state: *mut mlua::ffi::lua_State, status: c_int) {
    // SAFETY: as `run`.
    unsafe {
        if (*host).hooked {
            unhook(host, state);
        }
        if (*host).watched {
            tracing::has_run(host, slot, state, status);
        }
    }
}

/// The coroutine returned.
#[inline(always)]
unsafe fn ended(host: *mut Host, slot: u32) {
    // SAFETY: as `run`.
    unsafe {
        (*host).keys.ended(owner(slot));
        let (end, oldest) = (*host).scheduler.ended(slot);
        if let Ended::Forgot(request) = end {
            let Request { to, session } = request;
            let place = place_of(host, (*host).threads.at(slot).handler);
            (*host).report(&format!("Maybe forgot response session {session} from {to} : {place}"));
            refuse(host, oldest, "forgotten");
        }
        let role = (*host).threads.at(slot).role;
        release(host, slot);
        if role == Role::Start {
            starting::advance(host);
        }
    }
}

/// Where a function was defined: `file:line`.
#[cold]
unsafe fn place_of(host: *mut Host, function: c_int) -> String {
    // SAFETY: the reference is a handler's, hence a function's; the main state has room for it,
    // and `lua_getinfo` takes it off again and fills `about`.
    unsafe {
        let main = (*host).main;
        if ffi::lua_rawgeti(main, ffi::LUA_REGISTRYINDEX, function.into()) != ffi::LUA_TFUNCTION {
            ffi::lua_pop(main, 1);
            return "?".into();
        }
        let mut about: ffi::lua_Debug = std::mem::zeroed();
        ffi::lua_getinfo(main, c">S".as_ptr(), &mut about);
        let source = std::ffi::CStr::from_ptr(about.short_src.as_ptr()).to_string_lossy();
        format!("{source}:{}", about.linedefined)
    }
}

/// The coroutine raised an error that nobody caught.
unsafe fn failed(host: *mut Host, slot: u32, failure: Failure) {
    // SAFETY: as `run`. Closing runs the script's `<close>` variables, which may enter the host.
    unsafe {
        let owed = (*host).scheduler.failed(slot);
        refuse(host, owed, &failure.text);
        let role = (*host).threads.at(slot).role;
        if (*host).exiting {
            // The error is how `skynet.exit` gets out of where it cannot wait.
        } else if role == Role::Start {
            starting::failed(host, &failure);
        } else {
            report_error(host, &failure.trace);
        }
        close(host, slot);
        (*host).keys.ended(owner(slot));
        release(host, slot);
    }
}

/// Closes a coroutine, running its `<close>` variables; leaves its stack empty.
///
/// # Safety
///
/// As [`settle`].
pub(super) unsafe fn close(host: *mut Host, slot: u32) {
    // SAFETY: `lua_closethread` protects what it runs and returns the error as a value.
    unsafe {
        let state = (*host).threads.state(slot);
        let before = std::mem::replace(&mut (*host).current, slot);
        (*host).active = state;
        ffi::lua_closethread(state, (*host).main);
        ffi::lua_settop(state, 0);
        (*host).threads.at(slot).handler = ffi::LUA_NOREF;
        (*host).active = std::ptr::null_mut();
        (*host).current = before;
    }
}

/// Answers a request with an error, if there is one.
///
/// # Safety
///
/// As [`settle`].
pub(super) unsafe fn refuse(host: *mut Host, request: Option<Request>, text: &str) {
    let Some(request) = request else { return };
    // SAFETY: nothing here enters Lua.
    unsafe {
        if let Some(context) = (*host).context() {
            context.refuse(request.to, request.session, CallError::Refused(text.into()));
        }
    }
}

/// The one line that an error leaves in the log, in Skynet's shape.
///
/// # Safety
///
/// As [`settle`].
pub(super) unsafe fn report_error(host: *mut Host, trace: &str) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        let subject = (*host).subject;
        let source = subject.source.map_or(0, |source| source.get());
        let session = subject.session.map_or(0, |session| session.get());
        let (handle, size) = ((*host).handle.get(), subject.size);
        (*host).report(&format!("lua call [{source:x} to :{handle:x} : {session} msgsz = {size}] error : {trace}"));
    }
}

/// Tells those whom the service still asks that it is gone, as Skynet does.
///
/// # Safety
///
/// As [`settle`].
pub(super) unsafe fn say_goodbye(host: *mut Host) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        let asked = (*host).scheduler.asked();
        let Some(context) = (*host).context() else { return };
        for other in asked {
            // Whoever is gone need not hear of it.
            let _ = context.send(other, Protocol::ERROR, Payload::EMPTY);
        }
    }
}
