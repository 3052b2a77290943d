//! What the functions of `skynet.socket` have in common.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_net::{Net, SocketId};

use super::arguments::waiting;
use super::host::{Host, fence, home_of, passed, raise};
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
    unsafe { (*host).sockets.as_mut()?.0.get_mut(&id.get()) }
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
