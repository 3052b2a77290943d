//! Payloads in the hands of scripts: `pack`, `unpack`, `tostring`, `trash`.

use mlua::ffi;

use super::arguments::{body, key, push_packed};
use super::calm::Calm;
use super::host::{bytes_at, host_of, push_bytes, raise, raise_text};
use super::pack::type_name;
use super::protocols::Codec;
use super::unpack::unpack as push_values;

lua_fn! {
    /// `pack(...)` to key and size of a message that is to be sent or trashed.
    fn pack(l) {
        let host = host_of(l);
        let body = body(l, host, Codec::Values, 1);
        push_packed(l, host, body)
    }

    /// `packstring(...)` to the same bytes as a string.
    fn packstring(l) {
        let host = host_of(l);
        let start = match super::pack::pack(l, host, 1) {
            Ok(start) => start,
            Err(super::pack::Unpackable::Raised) => ffi::lua_error(l),
            Err(error) => raise(l, format_args!("{error}")),
        };
        let _calm = Calm::enter(host);
        ffi::lua_checkstack(l, 1);
        let (bytes, len) = ((*host).buffer.as_ptr().add(start), (*host).buffer.len() - start);
        ffi::lua_pushlstring(l, bytes.cast(), len);
        (*host).buffer.truncate(start);
        1
    }

    /// `unpack(message [, size])` to the values in it.
    fn unpack(l) {
        let host = host_of(l);
        match ffi::lua_type(l, 1) {
            ffi::LUA_TNIL | ffi::LUA_TNONE => 0,
            ffi::LUA_TSTRING => {
                let outcome = {
                    let _calm = Calm::enter(host);
                    push_values(l, bytes_at(l, 1)).map_err(|error| {
                        (*host).text = error.to_string();
                    })
                };
                match outcome {
                    Ok(count) => count,
                    Err(()) => raise_text(l, host),
                }
            }
            ffi::LUA_TLIGHTUSERDATA => {
                let Some((key, len, wanted)) = key(l, host, 1) else { return 0 };
                let wanted = wanted.unwrap_or(len);
                let outcome = {
                    let _calm = Calm::enter(host);
                    // Out of the table while it is read: a finalizer could trash it.
                    let lent = (*host).keys.lend(key);
                    let bytes = lent.as_ref().and_then(|held| held.payload.as_bytes()).unwrap_or_default();
                    let outcome = push_values(l, &bytes[..wanted]).map_err(|error| {
                        (*host).text = error.to_string();
                    });
                    if let Some(held) = lent {
                        (*host).keys.give_back(key, held);
                    }
                    outcome
                };
                match outcome {
                    Ok(count) => count,
                    Err(()) => raise_text(l, host),
                }
            }
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("cannot unpack {kind}: a message is a string or what pack returned"))
            }
        }
    }

    /// `tostring(message, size)` to the bytes of it.
    fn tostring(l) {
        let host = host_of(l);
        match ffi::lua_type(l, 1) {
            ffi::LUA_TNIL | ffi::LUA_TNONE => 0,
            ffi::LUA_TSTRING => {
                ffi::lua_settop(l, 1);
                1
            }
            ffi::LUA_TLIGHTUSERDATA => {
                let Some((key, len, wanted)) = key(l, host, 1) else {
                    push_bytes(l, b"");
                    return 1;
                };
                let wanted = wanted.unwrap_or(len);
                let bytes = (*host).keys.get(key).and_then(|held| held.payload.as_bytes()).unwrap_or_default();
                let (bytes, len) = (bytes.as_ptr(), wanted.min(bytes.len()));
                ffi::lua_pushlstring(l, bytes.cast(), len);
                1
            }
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("invalid param {kind}: a message is a string or what pack returned"))
            }
        }
    }

    /// `trash(message, size)`: drops it.
    fn trash(l) {
        let host = host_of(l);
        match ffi::lua_type(l, 1) {
            ffi::LUA_TSTRING | ffi::LUA_TNIL | ffi::LUA_TNONE => {}
            ffi::LUA_TLIGHTUSERDATA => {
                if let Some((key, ..)) = key(l, host, 1) {
                    drop((*host).keys.take(key));
                }
            }
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("skynet.trash invalid param {kind}"))
            }
        }
        0
    }
}
