//! Buffers of `skynet.socketdriver`: what came and nobody has read yet, in the hands of a script.

use std::ffi::CStr;

use mlua::ffi::{self, lua_State};

use super::arguments::{Body, push_packed, ready};
use super::calm::Calm;
use super::host::{bytes_at, fence, host_of, passed, push_bytes, raise};
use super::socket_arguments::with_bytes;
use crate::inbox::Inbox;

/// Metatable of buffers.
const BUFFER: &CStr = c"skynet.socketdriver.buffer";

lua_fn! {
    /// `buffer()` to an empty one.
    fn buffer(l) {
        let place = ffi::lua_newuserdatauv(l, size_of::<*mut Inbox>(), 0).cast::<*mut Inbox>();
        *place = std::ptr::null_mut();
        if ffi::luaL_newmetatable(l, BUFFER.as_ptr()) != 0 {
            ffi::lua_pushcfunction(l, free);
            ffi::lua_setfield(l, -2, c"__gc".as_ptr());
        }
        ffi::lua_setmetatable(l, -2);
        *place = passed(l, fence(|| Box::into_raw(Box::<Inbox>::default())));
        1
    }

    /// `push(buffer, pool, message, size)` to the size of the buffer then.
    fn push(l) {
        let host = host_of(l);
        let inbox = buffer_at(l);
        let body = ready(l, host, 3);
        let size = with_bytes(host, body, |bytes| {
            if !bytes.is_empty() {
                (*inbox).push(bytes.to_vec());
            }
            (*inbox).len()
        });
        ffi::lua_pushinteger(l, passed(l, size) as ffi::lua_Integer);
        1
    }

    /// `pop(buffer, pool, n)` to n bytes, or nil, and how many are left.
    fn pop(l) {
        let host = host_of(l);
        let inbox = buffer_at(l);
        let wanted = usize::try_from(ffi::luaL_checkinteger(l, 3)).unwrap_or(0);
        if wanted == 0 || wanted > (*inbox).len() {
            ffi::lua_pushnil(l);
        } else {
            let _calm = Calm::enter(host);
            push_bytes(l, (*inbox).front(wanted));
            (*inbox).consume(wanted);
        }
        ffi::lua_pushinteger(l, (*inbox).len() as ffi::lua_Integer);
        2
    }

    /// `readall(buffer, pool)` to everything in it.
    fn readall(l) {
        let host = host_of(l);
        let inbox = buffer_at(l);
        let _calm = Calm::enter(host);
        push_bytes(l, (*inbox).front(usize::MAX));
        *inbox = Inbox::default();
        1
    }

    /// `clear(buffer, pool)`.
    fn clear(l) {
        let inbox = buffer_at(l);
        passed(l, fence(|| *inbox = Inbox::default()));
        0
    }

    /// `readline(buffer, pool, separator)` to a line without it, or nothing; without a pool only
    /// whether there is one.
    fn readline(l) {
        let host = host_of(l);
        let inbox = buffer_at(l);
        ffi::luaL_checkstring(l, 3);
        let separator = bytes_at(l, 3);
        if separator.is_empty() {
            raise(l, format_args!("a separator has at least one byte"));
        }
        (*inbox).rewind();
        let Some(len) = (*inbox).line(separator) else { return 0 };
        if ffi::lua_type(l, 2) == ffi::LUA_TNIL {
            ffi::lua_pushboolean(l, 1);
            return 1;
        }
        let _calm = Calm::enter(host);
        push_bytes(l, (*inbox).front(len));
        (*inbox).consume(len + separator.len());
        1
    }

    /// `drop(message, size)`.
    fn drop_message(l) {
        let host = host_of(l);
        let body = ready(l, host, 1);
        passed(l, with_bytes(host, body, |_| ()));
        0
    }

    /// `str2p(text)` to message and size.
    fn str2p(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        let bytes = bytes_at(l, 1);
        let start = (*host).buffer.len();
        (*host).buffer.extend_from_slice(bytes);
        push_packed(l, host, Body::Buffer(start))
    }

    /// `__gc`.
    fn free(l) {
        let place = ffi::luaL_checkudata(l, 1, BUFFER.as_ptr()).cast::<*mut Inbox>();
        let inbox = std::mem::replace(&mut *place, std::ptr::null_mut());
        if !inbox.is_null() {
            passed(l, fence(|| drop(Box::from_raw(inbox))));
        }
        0
    }
}

/// The buffer at 1. `[-0, +0, v]`
unsafe fn buffer_at(l: *mut lua_State) -> *mut Inbox {
    // SAFETY: the name of the metatable proves what it is; only `free` frees it, once.
    unsafe {
        let inbox = *ffi::luaL_checkudata(l, 1, BUFFER.as_ptr()).cast::<*mut Inbox>();
        if inbox.is_null() {
            raise(l, format_args!("this buffer has been freed"));
        }
        inbox
    }
}
