//! Reading from a socket: `read`, `readline`, `readall`, `block`.
//!
//! A function returns at once when what it wants is there; else its coroutine waits, and tries
//! again when it goes on. Its arguments stay on its stack meanwhile.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_net::SocketId;

use super::api_message::check_resumed;
use super::host::{Host, bytes_at, host_of, push_bytes, raise};
use super::socket_arguments::{id_at, socket, unknown, wait};
use super::sockets::{Phase, Want};

lua_fn! {
    /// `read(id)` to what there is, `read(id, n)` to n bytes; false and the rest at the end.
    fn read(l) {
        ffi::lua_settop(l, 2);
        if ffi::lua_type(l, 2) != ffi::LUA_TNIL {
            ffi::luaL_checkinteger(l, 2);
        }
        check_known(l);
        try_read(l)
    }

    /// `readall(id)` to everything until the end.
    fn readall(l) {
        ffi::lua_settop(l, 1);
        check_known(l);
        try_readall(l)
    }

    /// `readline(id [, separator])` to a line without it; false and the rest at the end.
    fn readline(l) {
        ffi::lua_settop(l, 2);
        if ffi::lua_type(l, 2) == ffi::LUA_TNIL {
            ffi::lua_pushstring(l, c"\n".as_ptr());
            ffi::lua_replace(l, 2);
        } else {
            ffi::luaL_checkstring(l, 2);
            if bytes_at(l, 2).is_empty() {
                raise(l, format_args!("a separator has at least one byte"));
            }
        }
        check_known(l);
        try_readline(l)
    }

    /// `block(id)`: waits for something to read; false at the end.
    fn block(l) {
        ffi::lua_settop(l, 1);
        try_block(l)
    }
}

lua_continuation! {
    fn read_later(l, _context) {
        check_resumed(l, host_of(l));
        ffi::lua_settop(l, 2);
        try_read(l)
    }

    fn readall_later(l, _context) {
        check_resumed(l, host_of(l));
        ffi::lua_settop(l, 1);
        try_readall(l)
    }

    fn readline_later(l, _context) {
        check_resumed(l, host_of(l));
        ffi::lua_settop(l, 2);
        try_readline(l)
    }

    fn block_later(l, _context) {
        check_resumed(l, host_of(l));
        ffi::lua_settop(l, 1);
        try_block(l)
    }
}

/// Raises unless this service has the socket at 1. `[-0, +0, v]`
#[inline]
unsafe fn check_known(l: *mut lua_State) {
    // SAFETY: by the law.
    unsafe {
        let id = id_at(l, 1);
        if socket(host_of(l), id).is_none_or(|socket| socket.ending) {
            unknown(l, id);
        }
    }
}

/// 1 socket, 2 length or nil.
unsafe fn try_read(l: *mut lua_State) -> c_int {
    // SAFETY: by the law.
    unsafe {
        let host = host_of(l);
        let id = id_at(l, 1);
        let wanted = if ffi::lua_type(l, 2) == ffi::LUA_TNIL {
            None
        } else {
            Some(usize::try_from(ffi::lua_tointeger(l, 2)).unwrap_or(0))
        };
        let Some(socket) = socket(host, id) else { return gone(l) };
        let len = socket.inbox.len();
        match wanted {
            None if len > 0 => hand_out(l, host, id, len, 0),
            Some(wanted) if len >= wanted => hand_out(l, host, id, wanted, 0),
            _ if socket.phase == Phase::Closed => the_rest(l, host, id),
            None => wait(l, host, id, Want::Some, read_later),
            Some(wanted) => wait(l, host, id, Want::Exactly(wanted), read_later),
        }
    }
}

/// 1 socket.
unsafe fn try_readall(l: *mut lua_State) -> c_int {
    // SAFETY: by the law.
    unsafe {
        let host = host_of(l);
        let id = id_at(l, 1);
        let Some(socket) = socket(host, id) else { return gone(l) };
        if socket.phase == Phase::Closed {
            let len = socket.inbox.len();
            if len == 0 {
                ffi::lua_pushboolean(l, 0);
                return 1;
            }
            return hand_out(l, host, id, len, 0);
        }
        wait(l, host, id, Want::End, readall_later)
    }
}

/// 1 socket, 2 separator.
#[inline]
unsafe fn try_readline(l: *mut lua_State) -> c_int {
    // SAFETY: by the law.
    unsafe {
        let host = host_of(l);
        let id = id_at(l, 1);
        let separator = bytes_at(l, 2);
        let Some(socket) = socket(host, id) else { return gone(l) };
        if socket.separator != separator {
            socket.inbox.rewind();
            socket.separator.clear();
            socket.separator.extend_from_slice(separator);
        }
        match socket.inbox.line(separator) {
            Some(len) => hand_out(l, host, id, len, separator.len()),
            None if socket.phase == Phase::Closed => the_rest(l, host, id),
            None => wait(l, host, id, Want::Line, readline_later),
        }
    }
}

/// 1 socket.
unsafe fn try_block(l: *mut lua_State) -> c_int {
    // SAFETY: by the law.
    unsafe {
        let host = host_of(l);
        let id = id_at(l, 1);
        let state = socket(host, id).map(|socket| (socket.inbox.is_empty(), socket.phase == Phase::Closed));
        match state {
            Some((true, false)) => wait(l, host, id, Want::Some, block_later),
            state => {
                let readable = state.is_some_and(|(empty, _)| !empty);
                ffi::lua_pushboolean(l, readable.into());
                1
            }
        }
    }
}

/// Pushes the first bytes and drops them with the separator behind. `[-0, +1, m]`
#[inline]
unsafe fn hand_out(l: *mut lua_State, host: *mut Host, id: SocketId, len: usize, separator: usize) -> c_int {
    // SAFETY: Lua copies the bytes before it runs anything; the socket is looked up again after.
    unsafe {
        if let Some(socket) = socket(host, id) {
            push_bytes(l, socket.inbox.front(len));
        }
        if let Some(socket) = socket(host, id) {
            socket.inbox.consume(len + separator);
        }
        1
    }
}

/// Pushes false and what is left. `[-0, +2, m]`
unsafe fn the_rest(l: *mut lua_State, host: *mut Host, id: SocketId) -> c_int {
    // SAFETY: as `hand_out`.
    unsafe {
        ffi::lua_pushboolean(l, 0);
        hand_out(l, host, id, usize::MAX >> 1, 0) + 1
    }
}

/// The socket was closed while somebody read it: there is nothing, and never will be.
unsafe fn gone(l: *mut lua_State) -> c_int {
    // SAFETY: by the law.
    unsafe {
        ffi::lua_pushboolean(l, 0);
        push_bytes(l, b"");
        2
    }
}
