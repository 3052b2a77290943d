//! Frames of a gate: two bytes that tell a length, then so many bytes.
//!
//! Each frame goes to the gate's function in a coroutine of its own, as a payload that the script
//! holds by key: forwarded to an agent it is never copied again, and no Lua runs in between.

use std::ffi::c_int;

use mlua::ffi;

use super::host::Host;
use super::sockets::Phase;
use super::threads::{acquire_for, owner};
use super::turn::run;
use crate::keys::Origin;

/// The functions of a service that is a gate: references, or `LUA_NOREF`.
#[derive(Debug, Clone, Copy)]
pub(super) struct GateFunctions {
    /// `f(id, message, size)`.
    pub(super) frame: c_int,
    /// `f(id, reason)` when the connection ended; nil if in order.
    pub(super) ended: c_int,
    /// `f(id, kilobytes)`.
    pub(super) backlog: c_int,
}

impl Default for GateFunctions {
    fn default() -> GateFunctions {
        GateFunctions { frame: ffi::LUA_NOREF, ended: ffi::LUA_NOREF, backlog: ffi::LUA_NOREF }
    }
}

/// The length of the first frame without its head, if all of it is there.
pub(super) fn first_frame(bytes: &[u8]) -> Option<usize> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let len = usize::from(u16::from_be_bytes(*head));
    (rest.len() >= len).then_some(len)
}

/// Hands out the frames of a socket that are complete.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
pub(super) unsafe fn frames(host: *mut Host, id: u32) {
    // SAFETY: by contract. A frame's function may close the socket or end the service, so both
    // are looked up again for each; the borrows end before it runs. The coroutine has 20 places.
    unsafe {
        while !(*host).exiting {
            let Some(sockets) = (*host).sockets.as_mut() else { return };
            let function = sockets.gate.frame;
            let Some(socket) = sockets.all.get_mut(&id) else { return };
            if socket.ending || socket.phase != Phase::Open {
                return;
            }
            let Some(len) = first_frame(socket.inbox.front(usize::MAX)) else { return };
            let message = (len > 0).then(|| (*host).context().map(|context| context.envelope())).flatten();
            let message = message.map(|mut message| {
                message.payload.fill(&socket.inbox.front(2 + len)[2..]);
                message
            });
            socket.inbox.consume(2 + len);
            let slot = acquire_for((*host).main, host, function);
            let state = (*host).threads.state(slot);
            (*host).scheduler.begin(slot, None, None, false);
            ffi::lua_pushvalue(state, 1);
            ffi::lua_pushinteger(state, id.into());
            let key = message.and_then(|message| (*host).keys.insert(owner(slot), Origin::Packed, message));
            match key {
                Some(key) => ffi::lua_pushlightuserdata(state, key.bits() as *mut _),
                None => ffi::lua_pushlightuserdata(state, std::ptr::null_mut()),
            }
            ffi::lua_pushinteger(state, if key.is_some() { len as ffi::lua_Integer } else { 0 });
            run(host, slot, 3);
        }
    }
}
