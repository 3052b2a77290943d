//! `skynet.register_protocol` and `skynet.dispatch`.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_CFunction, lua_State};

use super::api_payload::{pack, tostring, unpack};
use super::arguments::protocol;
use super::host::{Host, bytes_at, fence, host_of, passed, raise, raise_text};
use super::pack::type_name;
use super::protocols::{Codec, Speech};
use super::unusual::unusual;

lua_fn! {
    /// `register_protocol { name =, id =, pack =, unpack =, dispatch =, trace = }`.
    fn register_protocol(l) {
        let host = host_of(l);
        ffi::luaL_checktype(l, 1, ffi::LUA_TTABLE);
        ffi::lua_settop(l, 1);
        if ffi::lua_getfield(l, 1, c"name".as_ptr()) != ffi::LUA_TSTRING {
            raise(l, format_args!("a protocol needs a name"));
        }
        ffi::lua_getfield(l, 1, c"id".as_ptr());
        let id = number(l, 3);
        if (*host).protocols.by_id(id.into()).is_some() {
            raise(l, format_args!("protocol id {id} is taken"));
        }
        if (*host).protocols.by_name(bytes_at(l, 2)).is_some() {
            (*host).text = format!("protocol {:?} exists", String::from_utf8_lossy(bytes_at(l, 2)));
            raise_text(l, host);
        }
        let pack = codec(l, c"pack");
        let unpack = codec(l, c"unpack");
        let handler = match ffi::lua_getfield(l, 1, c"dispatch".as_ptr()) {
            ffi::LUA_TFUNCTION => ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX),
            _ => ffi::LUA_NOREF,
        };
        if ffi::lua_getfield(l, 1, c"trace".as_ptr()) == ffi::LUA_TBOOLEAN {
            let flag = ffi::lua_toboolean(l, -1) != 0;
            (*host).watched = true;
            (*host).detour = true;
            passed(l, fence(|| unusual(host).traces.protocols.insert(id, flag)));
        }
        let name = String::from_utf8_lossy(bytes_at(l, 2)).into_owned();
        (*host).protocols.add(Speech { id, name: name.into(), handler, pack, unpack });
        0
    }

    /// `dispatch_unknown_request(f)`: `f(session, source, message, size, protocol)` handles messages
    /// of unknown protocols that await no answer; returns the one before.
    fn dispatch_unknown_request(l) {
        let host = host_of(l);
        let before = unusual(host).unknown_request;
        let handler = replaced(l, before);
        unusual(host).unknown_request = handler;
        1
    }

    /// `dispatch_unknown_response(f)`: the same for answers that nobody waits for.
    fn dispatch_unknown_response(l) {
        let host = host_of(l);
        let before = unusual(host).unknown_response;
        let handler = replaced(l, before);
        unusual(host).unknown_response = handler;
        1
    }

    /// What these return when there was none: says what the host says.
    fn unknown(l) {
        let host = host_of(l);
        let session = ffi::lua_tointeger(l, 1);
        let source = ffi::lua_tointeger(l, 2);
        let protocol = ffi::lua_tointeger(l, 5);
        let said = fence(|| (*host).report(&format!("Unknown session : {session} from {source:x}, protocol {protocol}")));
        passed(l, said);
        0
    }

    /// `dispatch(protocol [, f])`: sets the handler; returns the one before.
    fn dispatch(l) {
        let host = host_of(l);
        ffi::lua_settop(l, 2);
        let sets = ffi::lua_type(l, 2) == ffi::LUA_TFUNCTION;
        if !sets && !is_known(l, host) {
            return 0;
        }
        let index = protocol(l, host, 1);
        let before = (*host).protocols.at(index).handler;
        if before == ffi::LUA_NOREF {
            ffi::lua_pushnil(l);
        } else {
            ffi::lua_rawgeti(l, ffi::LUA_REGISTRYINDEX, before.into());
        }
        if sets {
            ffi::lua_pushvalue(l, 2);
            let handler = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
            (*host).protocols.at(index).handler = handler;
            (*host).threads.forget_handler(before);
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, before);
        }
        1
    }
}

/// Pushes the function at a reference, or the usual one, gives it back, and refers to the one at 1. `[-1, +1, v]`
unsafe fn replaced(l: *mut lua_State, before: c_int) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        ffi::lua_settop(l, 1);
        if before == ffi::LUA_NOREF {
            ffi::lua_pushcfunction(l, unknown);
        } else {
            ffi::lua_rawgeti(l, ffi::LUA_REGISTRYINDEX, before.into());
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, before);
        }
        ffi::lua_pushvalue(l, 1);
        ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX)
    }
}

unsafe fn is_known(l: *mut lua_State, host: *mut Host) -> bool {
    // SAFETY: called from a C function; the string stays on its stack.
    unsafe {
        match ffi::lua_type(l, 1) {
            ffi::LUA_TSTRING => (*host).protocols.by_name(bytes_at(l, 1)).is_some(),
            _ => (*host).protocols.by_id(ffi::lua_tointeger(l, 1)).is_some(),
        }
    }
}

/// The number of a protocol at `index`, or an error. `[-0, +0, v]`
unsafe fn number(l: *mut lua_State, index: c_int) -> u8 {
    // SAFETY: called from a C function, by the law.
    unsafe {
        let mut is_number = 0;
        let number = ffi::lua_tointegerx(l, index, &mut is_number);
        match u8::try_from(number) {
            Ok(number) if is_number != 0 => number,
            _ => raise(l, format_args!("a protocol needs an id from 0 to 255")),
        }
    }
}

/// How the field of the table at 1 says that payloads are packed or unpacked. `[-0, +0, v]`
///
/// Our own functions are recognised, so that no Lua stands between a message and its handler.
unsafe fn codec(l: *mut lua_State, field: &CStr) -> Codec {
    // SAFETY: called from a C function, by the law.
    unsafe {
        match ffi::lua_getfield(l, 1, field.as_ptr()) {
            ffi::LUA_TNIL => {
                ffi::lua_pop(l, 1);
                Codec::Absent
            }
            ffi::LUA_TFUNCTION => {
                let ours = ffi::lua_tocfunction(l, -1);
                let is = |other: lua_CFunction| ours.is_some_and(|ours| std::ptr::fn_addr_eq(ours, other));
                if is(pack) || is(super::api_payload::packstring) || is(unpack) {
                    ffi::lua_pop(l, 1);
                    return Codec::Values;
                }
                if is(tostring) {
                    ffi::lua_pop(l, 1);
                    return Codec::Text;
                }
                Codec::Function(ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX))
            }
            kind => {
                let (field, kind) = (field.to_str().unwrap_or_default(), type_name(kind));
                raise(l, format_args!("{field} of a protocol is a function, not {kind}"))
            }
        }
    }
}
