//! What C functions read from their arguments: addresses, protocols, payloads.

use std::ffi::c_int;
use std::time::Duration;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{Handle, Message, Payload, Protocol};
use skyloom_kernel::Envelope;

use super::host::{Host, bytes_at, fence, passed, raise, tag_of};
use super::pack::{pack, type_name};
use super::protocols::Codec;
use super::threads::{NO_SLOT, owner};
use crate::keys::{Key, Origin};

/// A payload on its way from a script to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Empty,
    /// The end of the host's buffer, from here.
    Buffer(usize),
    /// What the script held by this key.
    Key(Key),
}

/// Reads an address: a number, `:hex`, or the name of a service.
///
/// `None` if nobody can have it. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
pub(super) unsafe fn address(l: *mut lua_State, host: *mut Host, index: c_int) -> Option<Handle> {
    // SAFETY: by contract.
    unsafe {
        let mut is_number = 0;
        let number = ffi::lua_tointegerx(l, index, &mut is_number);
        if is_number == 0 {
            return address_text(l, host, index);
        }
        if number == 0 {
            raise(l, format_args!("Invalid service address 0"));
        }
        u32::try_from(number).ok().and_then(Handle::new)
    }
}

unsafe fn address_text(l: *mut lua_State, host: *mut Host, index: c_int) -> Option<Handle> {
    // SAFETY: by contract of `address`.
    unsafe {
        let kind = ffi::lua_type(l, index);
        if kind != ffi::LUA_TSTRING {
            let kind = type_name(kind);
            raise(l, format_args!("dest address type ({kind}) must be a string or number."));
        }
        let bytes = bytes_at(l, index);
        let found = fence(|| {
            let text = std::str::from_utf8(bytes).ok()?;
            if text.starts_with(':') {
                return text.parse().ok();
            }
            (*host).context()?.node().lookup(text)
        });
        passed(l, found)
    }
}

/// Reads a protocol, by name or number, and says where it stands in the table. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
pub(super) unsafe fn protocol(l: *mut lua_State, host: *mut Host, index: c_int) -> usize {
    // SAFETY: by contract; the borrow of the table ends before anything raises.
    unsafe {
        let found = match ffi::lua_type(l, index) {
            ffi::LUA_TSTRING => (*host).protocols.by_name(bytes_at(l, index)),
            ffi::LUA_TNUMBER => (*host).protocols.by_id(ffi::lua_tointegerx(l, index, std::ptr::null_mut())),
            _ => None,
        };
        match found {
            Some(found) => found,
            None => unknown_protocol(l, index),
        }
    }
}

#[cold]
unsafe fn unknown_protocol(l: *mut lua_State, index: c_int) -> ! {
    // SAFETY: by contract of `protocol`; the text is copied into the host before Lua runs.
    unsafe {
        match ffi::lua_type(l, index) {
            ffi::LUA_TSTRING => {
                let name = bytes_at(l, index).utf8_chunks();
                let name = name.map(|chunk| chunk.valid()).next().unwrap_or_default();
                raise(l, format_args!("unknown protocol {name:?}: register_protocol makes one"))
            }
            ffi::LUA_TNUMBER => {
                let number = ffi::lua_tonumberx(l, index, std::ptr::null_mut());
                raise(l, format_args!("unknown protocol {number}: register_protocol makes one"))
            }
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("protocol must be a name or a number, not {kind}"))
            }
        }
    }
}

/// Reads a ready payload: a string, a key with its size, or nothing. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law; nothing raises between this and [`envelope`].
#[inline(always)]
pub(super) unsafe fn ready(l: *mut lua_State, host: *mut Host, index: c_int) -> Body {
    // SAFETY: by contract.
    unsafe {
        match ffi::lua_type(l, index) {
            ffi::LUA_TNIL | ffi::LUA_TNONE => Body::Empty,
            ffi::LUA_TSTRING => {
                let bytes = bytes_at(l, index);
                let start = (*host).buffer.len();
                (*host).buffer.extend_from_slice(bytes);
                Body::Buffer(start)
            }
            ffi::LUA_TLIGHTUSERDATA => match key(l, host, index) {
                None => Body::Empty,
                Some((key, len, wanted)) => match wanted {
                    Some(wanted) if wanted < len => {
                        let start = (*host).buffer.len();
                        if let Some(envelope) = (*host).keys.take(key) {
                            let bytes = envelope.payload.as_bytes().unwrap_or_default();
                            (*host).buffer.extend_from_slice(&bytes[..wanted]);
                        }
                        Body::Buffer(start)
                    }
                    _ => Body::Key(key),
                },
            },
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("invalid param {kind}: a message is a string or what pack returned"))
            }
        }
    }
}

/// Reads a key, the number of bytes behind it and the size that goes with it, if one was given;
/// `None` for "no message". `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law, with a light userdata at `index`.
#[inline(always)]
pub(super) unsafe fn key(l: *mut lua_State, host: *mut Host, index: c_int) -> Option<(Key, usize, Option<usize>)> {
    // SAFETY: by contract.
    unsafe {
        let bits = ffi::lua_touserdata(l, index) as usize;
        if bits == 0 {
            return None;
        }
        let key = Key::from_bits(bits);
        let len = (*host).keys.get(key).map(|held| held.payload.len().unwrap_or(0));
        let Some(len) = len else {
            raise(l, format_args!("stale message: it was sent, trashed or dropped, or never was one"));
        };
        let wanted = size(l, index + 1);
        if let Some(wanted) = wanted.filter(|wanted| *wanted > len) {
            raise(l, format_args!("message has {len} bytes, not {wanted}"));
        }
        Some((key, len, wanted))
    }
}

/// The size that goes with a key, if it was given. `[-0, +0, -]`
#[inline(always)]
pub(super) unsafe fn size(l: *mut lua_State, index: c_int) -> Option<usize> {
    // SAFETY: reading any index is allowed; a number is not converted in place.
    unsafe {
        let mut is_number = 0;
        let number = ffi::lua_tointegerx(l, index, &mut is_number);
        if is_number == 0 { None } else { usize::try_from(number).ok() }
    }
}

/// Makes a body of the arguments from `first` on, as the protocol says. `[-0, +0, v]`
///
/// # Safety
///
/// As [`ready`].
#[inline(always)]
pub(super) unsafe fn body(l: *mut lua_State, host: *mut Host, codec: Codec, first: c_int) -> Body {
    // SAFETY: by contract.
    unsafe {
        match codec {
            Codec::Values => match pack(l, host, first) {
                Ok(start) => Body::Buffer(start),
                Err(super::pack::Unpackable::Raised) => ffi::lua_error(l),
                Err(error) => raise(l, format_args!("{error}")),
            },
            Codec::Absent | Codec::Text => ready(l, host, first),
            Codec::Function(function) => {
                ffi::luaL_checkstack(l, 4, std::ptr::null());
                let top = ffi::lua_gettop(l);
                ffi::lua_rawgeti(l, ffi::LUA_REGISTRYINDEX, function.into());
                if first <= top {
                    ffi::luaL_checkstack(l, top - first + 3, std::ptr::null());
                }
                for index in first..=top {
                    ffi::lua_pushvalue(l, index);
                }
                ffi::lua_call(l, (top - first + 1).max(0), 2);
                let body = ready(l, host, ffi::lua_gettop(l) - 1);
                ffi::lua_pop(l, 2);
                body
            }
        }
    }
}

/// An envelope without a payload.
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
unsafe fn empty(host: *mut Host) -> Envelope {
    // SAFETY: by contract; nothing here enters Lua.
    match unsafe { (*host).context() } {
        Some(context) => context.envelope(),
        None => Envelope::new(Message::send(None, Protocol::TEXT, Payload::EMPTY)),
    }
}

/// Puts a body into an envelope: what the script held is in one already, and bytes move from the
/// buffer straight to where the receiver will read them.
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
pub(super) unsafe fn envelope(host: *mut Host, body: Body) -> Envelope {
    // SAFETY: by contract.
    unsafe {
        match body {
            Body::Empty => empty(host),
            Body::Buffer(start) => {
                let mut envelope = empty(host);
                let buffer = &mut (*host).buffer;
                envelope.payload.fill(buffer.get(start..).unwrap_or_default());
                buffer.truncate(start);
                envelope
            }
            Body::Key(key) => (*host).keys.take(key).unwrap_or_else(|| empty(host)),
        }
    }
}

/// Gives a payload to the coroutine that runs and pushes key and size. `[-0, +2, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
pub(super) unsafe fn push_packed(l: *mut lua_State, host: *mut Host, body: Body) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let owner = owner((*host).current);
        let kept = fence(|| {
            let envelope = envelope(host, body);
            let len = envelope.payload.len().unwrap_or(0);
            (*host).keys.insert(owner, Origin::Packed, envelope).map(|key| (key, len))
        });
        let Some((key, len)) = passed(l, kept) else {
            raise(l, format_args!("too many packed messages are held: send or trash them"));
        };
        ffi::lua_pushlightuserdata(l, key.bits() as *mut _);
        ffi::lua_pushinteger(l, len as ffi::lua_Integer);
        2
    }
}

/// Reads hundredths of a second; what is past is now. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn ticks(l: *mut lua_State, index: c_int) -> Duration {
    // SAFETY: by contract.
    unsafe {
        let mut is_number = 0;
        let number = ffi::lua_tonumberx(l, index, &mut is_number);
        if is_number == 0 {
            let kind = type_name(ffi::lua_type(l, index));
            raise(l, format_args!("a time is a number of hundredths of a second, not {kind}"));
        }
        // Casting a float saturates, and a year is as good as any larger number.
        Duration::from_millis(10 * (number.ceil() as u64).min(100 * 86_400 * 36_500))
    }
}

/// The coroutine that asks to wait, if it can. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
#[inline(always)]
pub(super) unsafe fn waiting(l: *mut lua_State, host: *mut Host, what: &str) -> u32 {
    // SAFETY: by contract.
    unsafe {
        let slot = (*tag_of(l)).slot;
        if slot == (*host).current && ffi::lua_isyieldable(l) != 0 {
            return slot;
        }
        cannot_wait(l, host, what)
    }
}

#[cold]
unsafe fn cannot_wait(l: *mut lua_State, host: *mut Host, what: &str) -> ! {
    // SAFETY: by contract of `waiting`.
    unsafe {
        let why = if (*host).current == NO_SLOT {
            "no coroutine of the service runs"
        } else if (*tag_of(l)).slot != (*host).current {
            "a coroutine made with coroutine.create or coroutine.wrap runs it; use skynet.fork"
        } else {
            "a C function, a metamethod or a finalizer is in between"
        };
        raise(l, format_args!("skynet.{what} cannot wait here: {why}"))
    }
}
