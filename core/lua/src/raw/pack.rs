//! Values of a Lua stack to bytes, without a Rust value on the way.
//!
//! The bytes go to the end of the host's buffer. Nothing that needs dropping is alive while Lua
//! runs: what can go wrong travels up as a `Copy` value, and only the C function at the top
//! raises. The functions that scripts provide (`__pairs`, iterators) run under `lua_pcall`, so
//! that an inner `pack` that fails never leaves bytes in the middle of an outer one.

use std::ffi::c_int;
use std::fmt;

use mlua::ffi::{self, lua_State};
use skyloom_wire::seri::{MAX_DEPTH, put};

use super::host::{Host, bytes_at};

/// Why values cannot be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unpackable {
    /// Tables in tables beyond the limit, or in themselves.
    TooDeep,
    /// A value of this Lua type.
    Type(c_int),
    /// A string of 4 GiB.
    TooLong,
    /// The Lua stack is at its limit.
    StackFull,
    /// A metamethod raised what is now on top of the stack.
    Raised,
}

impl fmt::Display for Unpackable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unpackable::TooDeep => f.write_str("serialize can't pack too depth table"),
            Unpackable::Type(kind) => write!(f, "Unsupport type {} to serialize", type_name(*kind)),
            Unpackable::TooLong => f.write_str("string of 4 GiB cannot be serialized"),
            Unpackable::StackFull => f.write_str("too many values to serialize"),
            Unpackable::Raised => f.write_str("a metamethod failed"),
        }
    }
}

/// Lua's name of a type, without asking Lua.
pub(super) fn type_name(kind: c_int) -> &'static str {
    match kind {
        ffi::LUA_TNONE => "no value",
        ffi::LUA_TNIL => "nil",
        ffi::LUA_TBOOLEAN => "boolean",
        ffi::LUA_TLIGHTUSERDATA | ffi::LUA_TUSERDATA => "userdata",
        ffi::LUA_TNUMBER => "number",
        ffi::LUA_TSTRING => "string",
        ffi::LUA_TTABLE => "table",
        ffi::LUA_TFUNCTION => "function",
        _ => "thread",
    }
}

/// Appends the values from `first` to the top; returns where they begin in the buffer.
///
/// On an error the buffer is as it was. `[-0, +(0|1), m]`
///
/// # Safety
///
/// `l` is a state of `host`'s VM that is running, `first` a positive index.
#[inline(always)]
pub(super) unsafe fn pack(l: *mut lua_State, host: *mut Host, first: c_int) -> Result<usize, Unpackable> {
    // SAFETY: by contract; each borrow of the buffer ends before Lua is called.
    unsafe {
        let start = (*host).buffer.len();
        let top = ffi::lua_gettop(l);
        let mut index = first;
        while index <= top {
            if !integer(l, host, index)
                && let Err(error) = value(l, host, index, 0)
            {
                (*host).buffer.truncate(start);
                return Err(error);
            }
            index += 1;
        }
        Ok(start)
    }
}

/// Appends a value if it is an integer, which most are. `[-0, +0, -]`
#[inline(always)]
unsafe fn integer(l: *mut lua_State, host: *mut Host, index: c_int) -> bool {
    // SAFETY: as `value`.
    unsafe {
        if ffi::lua_isinteger(l, index) == 0 {
            return false;
        }
        put::integer(&mut (*host).buffer, ffi::lua_tointegerx(l, index, std::ptr::null_mut()));
        true
    }
}

/// Appends one value. `[-0, +(0|1), m]`, uses no stack of its own.
unsafe fn value(l: *mut lua_State, host: *mut Host, index: c_int, depth: usize) -> Result<(), Unpackable> {
    if depth > MAX_DEPTH {
        return Err(Unpackable::TooDeep);
    }
    // SAFETY: `index` is valid (callers count); borrows of the buffer end within each statement.
    unsafe {
        if integer(l, host, index) {
            return Ok(());
        }
        match ffi::lua_type(l, index) {
            ffi::LUA_TSTRING => {
                let bytes = bytes_at(l, index);
                put::string(&mut (*host).buffer, bytes).map_err(|_| Unpackable::TooLong)?;
            }
            ffi::LUA_TNUMBER => {
                let number = ffi::lua_tonumberx(l, index, std::ptr::null_mut());
                put::float(&mut (*host).buffer, number);
            }
            ffi::LUA_TTABLE => return table(l, host, index, depth + 1),
            ffi::LUA_TBOOLEAN => {
                put::boolean(&mut (*host).buffer, ffi::lua_toboolean(l, index) != 0);
            }
            ffi::LUA_TNIL => put::nil(&mut (*host).buffer),
            other => return Err(Unpackable::Type(other)),
        }
    }
    Ok(())
}

unsafe fn table(l: *mut lua_State, host: *mut Host, index: c_int, depth: usize) -> Result<(), Unpackable> {
    // SAFETY: five places are reserved and no more used; the index is made absolute first.
    // `lua_next` gets keys that it returned itself.
    unsafe {
        if ffi::lua_checkstack(l, 6) == 0 {
            return Err(Unpackable::StackFull);
        }
        let index = ffi::lua_absindex(l, index);
        if ffi::luaL_getmetafield(l, index, c"__pairs".as_ptr()) != ffi::LUA_TNIL {
            return pairs(l, host, index, depth);
        }
        let len = ffi::lua_rawlen(l, index);
        put::table_head(&mut (*host).buffer, len);
        for place in 1..=len as ffi::lua_Integer {
            ffi::lua_rawgeti(l, index, place);
            value(l, host, -1, depth)?;
            ffi::lua_pop(l, 1);
        }
        ffi::lua_pushnil(l);
        while ffi::lua_next(l, index) != 0 {
            if !(len != 0 && is_in_array(l, -2, len)) {
                value(l, host, -2, depth)?;
                value(l, host, -1, depth)?;
            }
            ffi::lua_pop(l, 1);
        }
        put::table_end(&mut (*host).buffer);
    }
    Ok(())
}

/// Whether the key at `index` was written with the array part. `[-0, +0, -]`
unsafe fn is_in_array(l: *mut lua_State, index: c_int, len: usize) -> bool {
    // SAFETY: the index is valid; neither function converts or raises.
    unsafe {
        if ffi::lua_isinteger(l, index) == 0 {
            return false;
        }
        let key = ffi::lua_tointegerx(l, index, std::ptr::null_mut());
        key >= 1 && key as u64 <= len as u64
    }
}

/// Appends what `__pairs`, which is on top of the stack, iterates over. `[-1, +(0|1), m]`
unsafe fn pairs(l: *mut lua_State, host: *mut Host, index: c_int, depth: usize) -> Result<(), Unpackable> {
    // SAFETY: `table` reserved six places: iterator, state, control and the call's three. The
    // protected calls return their error as a value on the stack.
    unsafe {
        ffi::lua_pushvalue(l, index);
        if ffi::lua_pcall(l, 1, 3, 0) != ffi::LUA_OK {
            return Err(Unpackable::Raised);
        }
        put::table_head(&mut (*host).buffer, 0);
        loop {
            // iterator, state, control
            ffi::lua_pushvalue(l, -3);
            ffi::lua_pushvalue(l, -3);
            ffi::lua_rotate(l, -3, -1);
            // iterator, state, iterator, state, control
            let written = (*host).buffer.len();
            if ffi::lua_pcall(l, 2, 2, 0) != ffi::LUA_OK {
                return Err(Unpackable::Raised);
            }
            (*host).buffer.truncate(written);
            // iterator, state, key, value
            if ffi::lua_type(l, -2) == ffi::LUA_TNIL {
                ffi::lua_pop(l, 4);
                break;
            }
            value(l, host, -2, depth)?;
            value(l, host, -1, depth)?;
            ffi::lua_pop(l, 1);
        }
        put::table_end(&mut (*host).buffer);
    }
    Ok(())
}
