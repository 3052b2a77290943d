//! `skynet.socket`: how a socket ends.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_abi::Session;
use skyloom_net::{Net, SocketId};

use super::api_message::{check_resumed, fresh};
use super::api_opening::forget;
use super::host::{Host, fence, host_of, passed, raise, tag_of};
use super::socket_arguments::{id_at, net_of, socket, unknown};
use super::sockets::Phase;
use crate::scheduler::Token;

lua_fn! {
    /// `close(id)`: what was written is sent first; who reads it gets the rest and hears the end.
    fn close(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        ffi::lua_settop(l, 1);
        let id = id_at(l, 1);
        let wait = passed(l, fence(|| end(host, net, id, tag_and_yieldable(l, host))));
        let Some((slot, session)) = wait else { return finish_close(l, host, id) };
        // Behind the reader, which has been woken.
        (*host).scheduler.wait_wakeup(slot, session, Token(slot));
        (*host).scheduler.wakeup(Token(slot));
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, Some(closed_later))
    }

    /// `close_fd(id)`: closes a socket that this service never started.
    fn close_fd(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        if socket(host, id).is_some() {
            raise(l, format_args!("assertion failed! socket {id} is this service's own: use close"));
        }
        passed(l, fence(|| drop(net.close(id))));
        0
    }

    /// `shutdown(id)`: drops what was written and ends the connection; `close` must follow.
    fn shutdown(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| drop(net.shutdown(id))));
        0
    }

    /// `abandon(id)`: forgets the socket, which another service may start.
    fn abandon(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| {
            // What comes before somebody starts it waits for that one: here it would be dropped.
            drop(net.pause(id));
            wake_reader(host, id);
        }));
        forget(l, host, id);
        0
    }

    /// `limit(id, n)`: closes the socket when more than n bytes came and nobody waits for them.
    fn limit(l) {
        let host = host_of(l);
        let id = id_at(l, 1);
        let bytes = usize::try_from(ffi::luaL_checkinteger(l, 2)).unwrap_or(0);
        match socket(host, id) {
            Some(socket) => socket.limit = bytes,
            None => unknown(l, id),
        }
        0
    }
}

lua_continuation! {
    /// The last reader has gone on.
    fn closed_later(l, _context) {
        let host = host_of(l);
        check_resumed(l, host);
        ffi::lua_settop(l, 1);
        finish_close(l, host, id_at(l, 1))
    }
}

/// Who wanted to hear of the end has heard of it, and had waited.
unsafe extern "C-unwind" fn told(_: *mut lua_State, _: c_int, _: ffi::lua_KContext) -> c_int {
    0
}

/// Closes a socket whose reader, if there is one, goes on first: then the coroutine that closes,
/// if it can wait, waits under the session that is returned.
fn end(host: *mut Host, net: &Net, id: SocketId, waiter: Option<u32>) -> Option<(u32, Session)> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let Some(socket) = socket(host, id) else {
            // One that was accepted, and never started, is closed too.
            if net.owner(id) == Some((*host).handle) {
                let _ = net.close(id);
            }
            return None;
        };
        socket.phase = Phase::Closed;
        socket.ending = true;
        let _ = net.close(id);
        if !wake_reader(host, id) {
            return None;
        }
        Some((waiter?, fresh(host)?))
    }
}

/// Wakes who reads the socket, to see that it has ended.
fn wake_reader(host: *mut Host, id: SocketId) -> bool {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let Some((slot, session, _)) = socket(host, id).and_then(|socket| socket.reader.take()) else { return false };
        if (*host).scheduler.session_of(slot) != Some(session) {
            return false;
        }
        (*host).scheduler.wakeup(Token(slot));
        true
    }
}

/// The coroutine that runs, if it may wait.
fn tag_and_yieldable(l: *mut lua_State, host: *mut Host) -> Option<u32> {
    // SAFETY: called from a C function of `l`; neither raises.
    unsafe {
        let slot = (*tag_of(l)).slot;
        (slot == (*host).current && ffi::lua_isyieldable(l) != 0).then_some(slot)
    }
}

/// Forgets the socket at 1 and tells who wanted to hear of its end.
unsafe fn finish_close(l: *mut lua_State, host: *mut Host, id: SocketId) -> c_int {
    // SAFETY: called last by C functions and continuations, by the law.
    unsafe {
        let on_close = match socket(host, id) {
            Some(socket) => std::mem::replace(&mut socket.on_close, ffi::LUA_NOREF),
            None => ffi::LUA_NOREF,
        };
        forget(l, host, id);
        if on_close == ffi::LUA_NOREF {
            return 0;
        }
        ffi::lua_rawgeti(l, ffi::LUA_REGISTRYINDEX, on_close.into());
        ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, on_close);
        ffi::lua_pushvalue(l, 1);
        ffi::lua_callk(l, 1, 0, 0, Some(told));
        0
    }
}
