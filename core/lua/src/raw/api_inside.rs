//! `skyloom.host`: what the modules in Lua need of the host and scripts need not know.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{Handle, Message, Payload, Protocol, Session};
use skyloom_kernel::Envelope;

use super::api_message::fresh;
use super::arguments::{address, envelope, ready};
use super::calm::Calm;
use super::host::{Host, bytes_at, fence, host_of, passed, push_bytes, push_text, raise, tag_of};
use super::threads::NO_SLOT;
use super::tracing;
use super::unusual::{Clock, thread_time, unusual};

/// Everything in it.
static FUNCTIONS: &[(&std::ffi::CStr, ffi::lua_CFunction)] = &[
    (c"callback", callback),
    (c"clock_start", clock_start),
    (c"clock_stop", clock_stop),
    (c"forward", forward),
    (c"monitor", monitor),
    (c"protocols", protocols),
    (c"resume", super::nested::resume),
    (c"send", send),
    (c"session", session),
    (c"tag", tag),
    (c"tasks", tasks),
    (c"trace", trace),
    (c"trace_protocol", trace_protocol),
];

lua_fn! {
    /// Opens the module.
    fn open_host(l) {
        ffi::lua_createtable(l, 0, FUNCTIONS.len() as c_int);
        for (name, function) in FUNCTIONS {
            ffi::lua_pushcfunction(l, *function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        1
    }

    /// `tasks()` to a table from sessions to the coroutines that wait under them, and the coroutine
    /// of a start that is not over.
    fn tasks(l) {
        let host = host_of(l);
        let _calm = Calm::enter(host);
        let all: Vec<(Session, u32)> = (*host).scheduler.all_waiting().collect();
        let starter = (*host).threads.starter(|slot| {
            (*host).current == slot || all.iter().any(|(_, waiting)| *waiting == slot)
        });
        ffi::lua_createtable(l, 0, c_int::try_from(all.len()).unwrap_or(0));
        for (session, slot) in &all {
            push_thread(l, (*host).threads.state(*slot));
            ffi::lua_rawseti(l, -2, session.get().into());
        }
        match starter {
            Some(slot) => push_thread(l, (*host).threads.state(slot)),
            None => ffi::lua_pushnil(l),
        }
        2
    }

    /// `session(coroutine)` to the session that it waits under.
    fn session(l) {
        let host = host_of(l);
        ffi::luaL_checktype(l, 1, ffi::LUA_TTHREAD);
        let slot = (*tag_of(ffi::lua_tothread(l, 1))).slot;
        let session = if slot == NO_SLOT { None } else { (*host).scheduler.session_of(slot) };
        match session {
            Some(session) => ffi::lua_pushinteger(l, session.get().into()),
            None => ffi::lua_pushnil(l),
        }
        1
    }

    /// `protocols()` to a table from the names of all protocols to their numbers.
    fn protocols(l) {
        let host = host_of(l);
        let _calm = Calm::enter(host);
        let all: Vec<(String, u8)> = (*host).protocols.names().map(|(name, id)| (name.to_owned(), id)).collect();
        ffi::lua_createtable(l, 0, 0);
        for (name, id) in &all {
            push_bytes(l, name.as_bytes());
            ffi::lua_pushinteger(l, (*id).into());
            ffi::lua_rawset(l, -3);
        }
        1
    }

    /// `callback(f, owns)`: each message goes to `f(protocol, message, size, session, source)`.
    fn callback(l) {
        let host = host_of(l);
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        let owns = ffi::lua_toboolean(l, 2) != 0;
        ffi::lua_settop(l, 1);
        let function = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        let before = std::mem::replace(&mut unusual(host).callback, function);
        unusual(host).callback_owns = owns;
        (*host).detour = true;
        ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, before);
        0
    }

    /// `dispatch_message(protocol, message, size, session, source)`: has it handled, when the
    /// callback that got it has returned.
    fn dispatch_message(l) {
        let host = host_of(l);
        let protocol = protocol_at(l, 1);
        let body = ready(l, host, 2);
        let session = session_at(l, 4);
        let source = handle_at(l, 5);
        let queued = fence(|| {
            let mut message = envelope(host, body);
            (message.protocol, message.session, message.source) = (protocol, session, source);
            (*host).detour = true;
            unusual(host).queue.push_back(message);
        });
        passed(l, queued);
        0
    }

    /// `forward(from, to)`: messages of the one protocol are handled as messages of the other, and
    /// belong to the handler until it has sent or trashed them.
    fn forward(l) {
        let host = host_of(l);
        let (from, to) = (protocol_at(l, 1), protocol_at(l, 2));
        passed(l, fence(|| {
            unusual(host).forward.insert(from.0, to.0);
            (*host).detour = true;
        }));
        0
    }

    /// `send(address, protocol, session, message [, size])` to the session, a new one for nil.
    /// Nothing if there is nobody, false if nothing more is taken there.
    fn send(l) {
        let host = host_of(l);
        let to = address(l, host, 1);
        let protocol = protocol_at(l, 2);
        let session = match ffi::lua_type(l, 3) {
            ffi::LUA_TNIL => passed(l, fence(|| fresh(host))),
            _ => session_at(l, 3),
        };
        let body = ready(l, host, 4);
        let sent = fence(|| {
            let mut message = envelope(host, body);
            (message.protocol, message.session, message.source) = (protocol, session, Some((*host).handle));
            let context = (*host).context()?;
            match context.post(to?, message) {
                Ok(()) => Some(true),
                Err(undelivered) if undelivered.cause == skyloom_abi::Cause::Full => Some(false),
                Err(_) => None,
            }
        });
        match passed(l, sent) {
            Some(true) => ffi::lua_pushinteger(l, session.map_or(0, Session::get).into()),
            Some(false) => ffi::lua_pushboolean(l, 0),
            None => return 0,
        }
        1
    }

    /// `monitor([address])` to who hears of the ends of the node's Lua services; sets it if given.
    fn monitor(l) {
        let host = host_of(l);
        let place = &super::host::home_of(host).monitor;
        if ffi::lua_type(l, 1) > ffi::LUA_TNIL {
            let Some(handle) = address(l, host, 1) else { return 0 };
            place.store(handle.get(), std::sync::atomic::Ordering::Relaxed);
        }
        match place.load(std::sync::atomic::Ordering::Relaxed) {
            0 => ffi::lua_pushnil(l),
            handle => ffi::lua_pushinteger(l, handle.into()),
        }
        1
    }

    /// `tag()` to the tag that this coroutine carries, or nil; `tag(text)` gives it one, `tag(true)`
    /// a new one, `tag(false)` takes it away.
    fn tag(l) {
        let host = host_of(l);
        let Some(slot) = (*host).running() else { return 0 };
        let kind = ffi::lua_type(l, 1);
        let bytes = if kind == ffi::LUA_TSTRING { bytes_at(l, 1) } else { &[] };
        let fresh_one = kind == ffi::LUA_TBOOLEAN && ffi::lua_toboolean(l, 1) != 0;
        let done = fence(|| {
            if kind > ffi::LUA_TNIL {
                let tag = match kind {
                    ffi::LUA_TSTRING => Some(String::from_utf8_lossy(bytes).into_owned()),
                    _ => fresh_one.then(|| tracing::fresh(host)),
                };
                (*host).watched = true;
                (*host).detour = true;
                tracing::carry(host, slot, tag);
            }
            let carried = tracing::tag_of(host, slot);
            (*host).text.clear();
            (*host).text.push_str(carried.as_deref().unwrap_or_default());
            carried.is_some()
        });
        if passed(l, done) {
            push_text(l, host);
        } else {
            ffi::lua_pushnil(l);
        }
        1
    }

    /// `trace(tag, text [, level])`: a line of a trace, with where the caller is.
    fn trace(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        ffi::luaL_checkstring(l, 2);
        let level = if ffi::lua_isinteger(l, 3) != 0 { c_int::try_from(ffi::lua_tointeger(l, 3)).ok() } else { None };
        let (tag, text) = (bytes_at(l, 1), bytes_at(l, 2));
        let told = fence(|| {
            let places = level.map_or_else(String::new, |level| tracing::frames(l, level.max(0)));
            let text = format!("{}{places}", String::from_utf8_lossy(text));
            tracing::line(host, &String::from_utf8_lossy(tag), &text);
        });
        passed(l, told);
        0
    }

    /// `trace_protocol(id, flag)`: true traces each message, false none, nil those that say so.
    fn trace_protocol(l) {
        let host = host_of(l);
        let protocol = protocol_at(l, 1);
        let flag = (ffi::lua_type(l, 2) > ffi::LUA_TNIL).then_some(ffi::lua_toboolean(l, 2) != 0);
        passed(l, fence(|| {
            (*host).watched = true;
            (*host).detour = true;
            let protocols = &mut unusual(host).traces.protocols;
            match flag {
                Some(flag) => protocols.insert(protocol.0, flag),
                None => protocols.remove(&protocol.0),
            }
        }));
        0
    }

    /// `clock_start([coroutine])`: false if it is measured already.
    fn clock_start(l) {
        let host = host_of(l);
        let (state, runs) = measured(l, host);
        if unusual(host).clocks.contains_key(&state) {
            ffi::lua_pushboolean(l, 0);
            return 1;
        }
        push_thread(l, state);
        let anchor = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        passed(l, fence(|| {
            let clock = Clock { anchor, total: Default::default(), since: runs.then(thread_time) };
            (*host).watched = true;
            unusual(host).clocks.insert(state, clock);
        }));
        ffi::lua_pushboolean(l, 1);
        1
    }

    /// `clock_stop([coroutine])` to the seconds that it has run, or nil if it is not measured.
    fn clock_stop(l) {
        let host = host_of(l);
        let (state, _) = measured(l, host);
        tracing::stops_clock(host, state);
        let clock = passed(l, fence(|| unusual(host).clocks.remove(&state).map(|clock| (clock.anchor, clock.total))));
        match clock {
            Some((anchor, total)) => {
                ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, anchor);
                ffi::lua_pushnumber(l, total.as_secs_f64());
            }
            None => ffi::lua_pushnil(l),
        }
        1
    }
}

/// The coroutine that is meant, this one if none is given, and whether it runs. `[-0, +0, v]`
unsafe fn measured(l: *mut lua_State, host: *mut Host) -> (*mut lua_State, bool) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let state = match ffi::lua_type(l, 1) {
            ffi::LUA_TTHREAD => ffi::lua_tothread(l, 1),
            ffi::LUA_TNIL | ffi::LUA_TNONE => l,
            _ => raise(l, format_args!("a coroutine is needed")),
        };
        let slot = (*tag_of(state)).slot;
        (state, state == l || (slot != NO_SLOT && slot == (*host).current))
    }
}

/// The number of a protocol, known or not; Skynet's flags above it are left out. `[-0, +0, v]`
unsafe fn protocol_at(l: *mut lua_State, index: c_int) -> Protocol {
    // SAFETY: called from C functions, by the law.
    unsafe { Protocol((ffi::luaL_checkinteger(l, index) & 0xff) as u8) }
}

/// A session; 0 is none. `[-0, +0, v]`
unsafe fn session_at(l: *mut lua_State, index: c_int) -> Option<Session> {
    // SAFETY: called from C functions, by the law.
    unsafe { u32::try_from(ffi::luaL_checkinteger(l, index)).ok().and_then(Session::new) }
}

/// An address; 0 is none. `[-0, +0, v]`
unsafe fn handle_at(l: *mut lua_State, index: c_int) -> Option<Handle> {
    // SAFETY: called from C functions, by the law.
    unsafe { u32::try_from(ffi::luaL_checkinteger(l, index)).ok().and_then(Handle::new) }
}

/// Pushes a coroutine onto another's stack. `[-0, +1, -]`
unsafe fn push_thread(l: *mut lua_State, state: *mut lua_State) {
    // SAFETY: both belong to one VM; a coroutine has a free place for itself.
    unsafe {
        ffi::lua_checkstack(state, 1);
        ffi::lua_pushthread(state);
        if l != state {
            ffi::lua_xmove(state, l, 1);
        }
    }
}

/// Tells the node's monitor that this service has ended.
///
/// # Safety
///
/// `host` is alive.
pub(super) unsafe fn tell_monitor(host: *mut Host) {
    // SAFETY: by contract; nothing here enters Lua.
    unsafe {
        let monitor = super::host::home_of(host).monitor.load(std::sync::atomic::Ordering::Relaxed);
        let Some(monitor) = Handle::new(monitor) else { return };
        if let Some(context) = (*host).context() {
            let notice = Message::send(Some((*host).handle), Protocol::CLIENT, Payload::EMPTY);
            // A monitor that is gone need not hear of it.
            let _ = context.post(monitor, Envelope::new(notice));
        }
    }
}
