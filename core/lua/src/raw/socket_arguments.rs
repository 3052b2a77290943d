//! What the functions of `skynet.socket` have in common.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_net::{Net, SocketId};

use super::arguments::{Body, ready, waiting};
use super::host::{Host, bytes_at, fence, home_of, passed, raise};
use super::sockets::{Socket, Want, begin_waiting};

/// Suspends until the socket has what is wanted. `[-0, +0, v]`
///
/// # Safety
///
/// Called as the last thing of a C function, by the law.
pub(super) unsafe fn wait(
    l: *mut lua_State,
    host: *mut Host,
    id: SocketId,
    want: Want,
    then: ffi::lua_KFunction,
) -> c_int {
    // SAFETY: by the law; called as the last thing of a C function.
    unsafe {
        let slot = waiting(l, host, "socket");
        let net = net_of(l, host);
        let begun = fence(|| begin_waiting(&mut *host, net, id, slot, want));
        if !passed(l, begun) {
            raise(l, format_args!("another coroutine waits for socket {id}"));
        }
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, Some(then))
    }
}

/// A socket of this service.
///
/// # Safety
///
/// The reference is used before anything else touches the host.
#[inline]
pub(super) unsafe fn socket<'a>(host: *mut Host, id: SocketId) -> Option<&'a mut Socket> {
    // SAFETY: by contract.
    unsafe { (*host).sockets.as_mut()?.all.get_mut(&id.get()) }
}

/// The number of a socket at `index`. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline]
pub(super) unsafe fn id_at(l: *mut lua_State, index: c_int) -> SocketId {
    // SAFETY: by the law.
    unsafe {
        match known_id(l, index) {
            Some(id) => id,
            None => {
                let number = ffi::luaL_checkinteger(l, index);
                raise(l, format_args!("{number} is not the number of a socket"))
            }
        }
    }
}

/// The number of a socket at `index`, if it is one. `[-0, +0, -]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline]
pub(super) unsafe fn known_id(l: *mut lua_State, index: c_int) -> Option<SocketId> {
    // SAFETY: reading any index is allowed.
    unsafe {
        let number = ffi::lua_tointegerx(l, index, std::ptr::null_mut());
        u32::try_from(number).ok().and_then(SocketId::new)
    }
}

/// The node's sockets. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn net_of<'a>(l: *mut lua_State, host: *mut Host) -> &'a Net {
    // SAFETY: by the law.
    unsafe {
        match home_of(host).net.as_ref() {
            Some(net) => net,
            None => raise(l, format_args!("this node has no sockets")),
        }
    }
}

/// The worker that runs this service now.
#[inline]
pub(super) fn near(host: *mut Host) -> Option<usize> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe { (*host).context()?.near().worker() }
}

/// Raises: this service does not know the socket. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[cold]
pub(super) unsafe fn unknown(l: *mut lua_State, id: SocketId) -> ! {
    // SAFETY: by contract.
    unsafe { raise(l, format_args!("assertion failed! this service has no socket {id}")) }
}

/// Bytes on their way to a socket: a string, a table of strings, or a key with its size. `[-0, +0, v]`
///
/// # Safety
///
/// As [`ready`].
pub(super) unsafe fn data(l: *mut lua_State, host: *mut Host, at: c_int) -> Body {
    // SAFETY: by contract. Strings of a table are copied while they are on the stack.
    unsafe {
        if ffi::lua_type(l, at) != ffi::LUA_TTABLE {
            return ready(l, host, at);
        }
        let start = (*host).buffer.len();
        let mut index = 1;
        while ffi::lua_rawgeti(l, at, index) != ffi::LUA_TNIL {
            match ffi::lua_type(l, -1) {
                ffi::LUA_TSTRING => {}
                // On the stack, so that the table stays as it is.
                ffi::LUA_TNUMBER => drop(ffi::lua_tolstring(l, -1, std::ptr::null_mut())),
                _ => {
                    (*host).buffer.truncate(start);
                    raise(l, format_args!("a table to be written holds strings"));
                }
            }
            let part = bytes_at(l, -1);
            (*host).buffer.extend_from_slice(part);
            ffi::lua_pop(l, 1);
            index += 1;
        }
        ffi::lua_pop(l, 1);
        Body::Buffer(start)
    }
}

/// Gives the bytes of a body to `use_them`, and drops it. `None` if that panicked.
pub(super) fn with_bytes<R: Copy>(host: *mut Host, body: Body, use_them: impl FnOnce(&[u8]) -> R) -> Option<R> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua, or touches the buffer.
    unsafe {
        fence(|| match body {
            Body::Empty => use_them(&[]),
            Body::Key(key) => {
                let held = (*host).keys.take(key);
                use_them(held.as_ref().and_then(|held| held.payload.as_bytes()).unwrap_or_default())
            }
            Body::Buffer(start) => {
                let buffer = &mut (*host).buffer;
                let used = use_them(buffer.get(start..).unwrap_or_default());
                buffer.truncate(start);
                used
            }
        })
    }
}

/// Name and port: two arguments, or `host:port`, or `[v6]:port`. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law, with `text` at index 1.
pub(super) unsafe fn address(l: *mut lua_State, text: &str) -> (&str, u16) {
    // SAFETY: by contract.
    unsafe {
        if ffi::lua_type(l, 2) == ffi::LUA_TNUMBER || ffi::lua_type(l, 2) == ffi::LUA_TSTRING {
            let mut is_number = 0;
            let port = ffi::lua_tointegerx(l, 2, &mut is_number);
            match u16::try_from(port) {
                Ok(port) if is_number != 0 => return (text, port),
                _ => raise(l, format_args!("Invalid port: {text} needs one from 0 to 65535")),
            }
        }
        let Some((name, port)) = text.rsplit_once(':') else {
            raise(l, format_args!("Invalid address {text}."));
        };
        match port.parse() {
            Ok(port) => {
                let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
                (bare.unwrap_or(name), port)
            }
            Err(_) => raise(l, format_args!("Invalid port in address {text}.")),
        }
    }
}
