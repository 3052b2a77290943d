//! From a message to the coroutine that handles it.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{CallError, Message, Protocol};
use skyloom_kernel::Envelope;
use skyloom_net::SocketEvent;

use super::host::{Host, Subject, push_bytes};
use super::protocols::Codec;
use super::sockets;
use super::threads::{Role, acquire, acquire_for, owner, release};
use super::turn::{answer, begin, disarm, fail, give_back, push_received, report_error, run};
use super::unpack::unpack;
use crate::scheduler::Answer;

/// Handles one message, without what is deferred.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
#[inline]
pub(super) unsafe fn receive(host: *mut Host, message: Envelope) {
    // SAFETY: by contract.
    unsafe {
        (*host).subject =
            Subject { source: message.source, session: message.session, size: message.payload.len().unwrap_or(0) };
        match message.protocol {
            Protocol::RESPONSE => response(host, message),
            Protocol::ERROR => error(host, message),
            Protocol::SOCKET
                if message.payload.peek::<SocketEvent>().is_some_and(|event| sockets::is_ours(host, event)) =>
            {
                if let Ok(event) = message.open().payload.take::<SocketEvent>() {
                    sockets::event(host, *event);
                }
            }
            _ => request(host, message),
        }
    }
}

#[inline]
unsafe fn response(host: *mut Host, message: Envelope) {
    // SAFETY: as `receive`.
    unsafe {
        let Some(session) = message.session else { return unknown_response(host, message) };
        match (*host).scheduler.response(session) {
            Answer::Call(slot, alarm) => {
                disarm(host, alarm);
                answer(host, slot, message);
            }
            Answer::Slept(slot) => {
                super::turn::resume(host, slot, super::host::Outcome::Values, 0);
            }
            Answer::Due(slot) => begin(host, slot),
            Answer::Abandoned => {
                if let Some(context) = (*host).context() {
                    context.count_late_answer();
                }
            }
            Answer::Unknown => unknown_response(host, message),
        }
    }
}

#[cold]
unsafe fn unknown_response(host: *mut Host, message: Envelope) {
    let session = message.session.map_or(0, |session| session.get());
    let source = message.source.map_or(0, |source| source.get());
    // SAFETY: as `receive`.
    unsafe {
        if let Some(handler) = (*host).unusual.as_ref().map(|unusual| unusual.unknown_response)
            && handler != ffi::LUA_NOREF
        {
            return hand_over(host, handler, message);
        }
        (*host).report(&format!("Unknown session : {session} from {source:x}"));
    }
}

#[cold]
unsafe fn error(host: *mut Host, message: Envelope) {
    // SAFETY: as `receive`.
    unsafe {
        let Some(session) = message.session else {
            if let Some(source) = message.source {
                (*host).scheduler.gone(source);
            }
            return;
        };
        let Answer::Call(slot, alarm) = (*host).scheduler.error(session) else { return };
        let error = message.open().into_call_error();
        if error == CallError::TimedOut {
            // The answer itself may still come.
            (*host).scheduler.swallow(session);
        } else {
            disarm(host, alarm);
        }
        fail(host, slot, &error);
    }
}

#[inline]
unsafe fn request(host: *mut Host, mut message: Envelope) {
    // SAFETY: as `receive`. The coroutine is fresh: it has 40 places, and on its stack lies the handler.
    // Memory does not run out here, so nothing raises outside `run`.
    unsafe {
        let found = (*host).protocols.by_id(message.protocol.0.into());
        let found = found.filter(|&index| (*host).protocols.at(index).handler != ffi::LUA_NOREF);
        let Some(index) = found else { return unhandled(host, message) };
        let (handler, codec) = {
            let speech = (*host).protocols.at(index);
            (speech.handler, speech.unpack)
        };
        let slot = acquire_for((*host).main, host, handler);
        let state = (*host).threads.state(slot);
        (*host).scheduler.begin(slot, message.source, message.session, message.awaits().is_some());
        // Bytes are read where they are; only a typed value is encoded.
        message.payload.encode();
        if let Codec::Function(_) = codec {
            ffi::lua_pushcfunction(state, unpack_and_handle);
        }
        ffi::lua_pushvalue(state, 1);
        ffi::lua_pushinteger(state, message.session.map_or(0, |session| session.get()).into());
        ffi::lua_pushinteger(state, message.source.map_or(0, |source| source.get()).into());
        let count = match codec {
            Codec::Values => {
                let outcome = unpack(state, message.payload.as_bytes().unwrap_or_default());
                give_back(host, message);
                match outcome {
                    Ok(count) => 2 + count,
                    Err(error) => {
                        ffi::lua_settop(state, 1);
                        return unreadable(host, slot, &error.to_string());
                    }
                }
            }
            Codec::Text => {
                push_bytes(state, message.payload.as_bytes().unwrap_or_default());
                give_back(host, message);
                3
            }
            Codec::Absent => {
                push_received(host, slot, message);
                4
            }
            Codec::Function(function) => {
                ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, function.into());
                push_received(host, slot, message);
                6
            }
        };
        run(host, slot, count);
    }
}

/// The bytes are not what the protocol says: the caller hears it, and so does the log.
#[cold]
unsafe fn unreadable(host: *mut Host, slot: u32, why: &str) {
    // SAFETY: as `receive`; the coroutine has not begun, and its stack is as it was given out.
    unsafe {
        let owed = (*host).scheduler.failed(slot);
        super::turn::refuse(host, owed, why);
        report_error(host, why);
        (*host).keys.ended(owner(slot));
        release(host, slot);
    }
}

/// Nobody handles this protocol here.
#[cold]
unsafe fn unhandled(host: *mut Host, message: Envelope) {
    // SAFETY: as `receive`.
    unsafe {
        let protocol = message.protocol;
        if protocol == Protocol::DEBUG {
            return debug(host, message);
        }
        if protocol == Protocol::TRACE {
            (*host).detour = true;
            (*host).watched = true;
            let _ = super::tracing::arrives(host, message);
            return;
        }
        if message.awaits().is_none()
            && let Some(handler) = (*host).unusual.as_ref().map(|unusual| unusual.unknown_request)
            && handler != ffi::LUA_NOREF
        {
            return hand_over(host, handler, message);
        }
        let Some(context) = (*host).context() else { return };
        let message: Message = message.open();
        if let Some((to, session)) = message.awaits() {
            let text = format!("nobody handles protocol {protocol} there");
            context.refuse(to, session, CallError::Refused(text));
        } else if protocol != Protocol::SYSTEM {
            let source = message.source.map_or(0, |source| source.get());
            let bytes = message.payload.into_bytes();
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            context.report(&format!("Unknown request ({protocol}) from {source:x}: {shown:?}"));
        }
    }
}

/// Gives a message that nobody expects to the script: `f(session, source, message, size, protocol)`.
#[cold]
unsafe fn hand_over(host: *mut Host, handler: c_int, message: Envelope) {
    // SAFETY: as `receive`; a fresh coroutine has places for six values.
    unsafe {
        let slot = acquire((*host).main, host, Role::Task);
        let state = (*host).threads.state(slot);
        (*host).scheduler.begin(slot, message.source, message.session, false);
        let protocol = message.protocol;
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, handler.into());
        ffi::lua_pushinteger(state, message.session.map_or(0, |session| session.get()).into());
        ffi::lua_pushinteger(state, message.source.map_or(0, |source| source.get()).into());
        push_received(host, slot, message);
        ffi::lua_pushinteger(state, protocol.0.into());
        run(host, slot, 5);
    }
}

/// The first message of the debug protocol: from now on the service answers it.
#[cold]
unsafe fn debug(host: *mut Host, message: Envelope) {
    // SAFETY: as `receive`; the main state has a free place. Every service knows the protocol.
    unsafe {
        let main = (*host).main;
        ffi::lua_pushcfunction(main, first_debug_message);
        let handler = ffi::luaL_ref(main, ffi::LUA_REGISTRYINDEX);
        if let Some(index) = (*host).protocols.by_id(Protocol::DEBUG.0.into()) {
            (*host).protocols.at(index).handler = handler;
            request(host, message);
        }
    }
}

lua_fn! {
    /// (session, source, ...): loads the module that answers, which puts its own handler in place of this.
    fn first_debug_message(l) {
        super::require::push_module(l, c"skynet.debug");
        ffi::lua_getfield(l, -1, c"dispatch".as_ptr());
        ffi::lua_rotate(l, 1, 1);
        ffi::lua_pop(l, 1);
        ffi::lua_callk(l, ffi::lua_gettop(l) - 1, 0, 0, Some(handled));
        0
    }

    /// (handler, session, source, unpack, key, size): unpacks by the script's function, then
    /// handles. Both may wait.
    fn unpack_and_handle(l) {
        ffi::lua_callk(l, 2, ffi::LUA_MULTRET, 0, Some(handle_unpacked));
        handle_unpacked(l, ffi::LUA_OK, 0)
    }
}

lua_continuation! {
    fn handle_unpacked(l, _context) {
        let count: c_int = ffi::lua_gettop(l) - 1;
        ffi::lua_callk(l, count, 0, 0, Some(handled));
        0
    }
}

/// The handler had waited, and has returned.
unsafe extern "C-unwind" fn handled(_: *mut lua_State, _: c_int, _: ffi::lua_KContext) -> c_int {
    0
}
