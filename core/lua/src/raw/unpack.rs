//! Bytes to values on a Lua stack, without a Rust value on the way.
//!
//! It may run outside any protected call: nothing here raises. Memory does not run out while the
//! host works (see [`Memory::strict`](super::memory::Memory)), the stack is asked for before it
//! is used, and keys that Lua would refuse are refused before.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_wire::seri::{MAX_DEPTH, Reader, SeriError, Token};

/// How much of a claimed array is believed before its values are seen.
const BELIEVED: usize = 1024;

/// Pairs that are collected on the stack, so that a small table is made with its exact size.
const COLLECTED: c_int = 24;

/// Values that fit where a C function or a fresh coroutine has its first places.
const FEW: c_int = 12;

/// Pushes all values of a stream and returns how many. On an error the stack is as it was.
///
/// `[-0, +n, -]`, needs 16 places and asks for more itself.
///
/// # Safety
///
/// `l` is a state that nobody else touches; `bytes` does not lie in memory that Lua can free.
#[inline(always)]
pub(super) unsafe fn unpack(l: *mut lua_State, bytes: &[u8]) -> Result<c_int, SeriError> {
    // SAFETY: by contract. One or two integers are what most messages are.
    unsafe {
        let mut reader = Reader::new(bytes);
        let mut count: c_int = 0;
        while count < 2
            && let Some(number) = reader.take_integer()
        {
            ffi::lua_pushinteger(l, number);
            count += 1;
        }
        if reader.remaining() == 0 { Ok(count) } else { unpack_rest(l, reader, count) }
    }
}

/// Pushes what is left, behind `count` values that are on the stack already.
#[inline(never)]
unsafe fn unpack_rest(l: *mut lua_State, mut reader: Reader<'_>, mut count: c_int) -> Result<c_int, SeriError> {
    // SAFETY: places are asked for in steps of 16 ahead of their use.
    unsafe {
        // A value takes one byte at least.
        let mut free = FEW - count;
        let outcome = loop {
            if free == 0 {
                if ffi::lua_checkstack(l, 16 + 4) == 0 {
                    break Err(full(&reader));
                }
                free = 16;
            }
            if let Some(number) = reader.take_integer() {
                ffi::lua_pushinteger(l, number);
            } else if reader.remaining() == 0 {
                break Ok(count);
            } else if let Err(error) = any(l, &mut reader) {
                break Err(error);
            }
            (count, free) = (count + 1, free - 1);
        };
        if outcome.is_err() {
            ffi::lua_pop(l, count);
        }
        outcome
    }
}

/// Pushes the next value. On an error the stack is as it was.
#[inline(never)]
unsafe fn any(l: *mut lua_State, reader: &mut Reader<'_>) -> Result<(), SeriError> {
    // SAFETY: the caller has places.
    unsafe {
        let token = reader.expect_next()?;
        let before = ffi::lua_gettop(l);
        let pushed = value(l, token, reader, 0);
        if pushed.is_err() {
            ffi::lua_settop(l, before);
        }
        pushed
    }
}

#[cold]
fn full(reader: &Reader<'_>) -> SeriError {
    SeriError::Invalid { left: reader.remaining(), why: "more values than the Lua stack holds" }
}

/// Pushes one value. `[-0, +1, -]`, needs one place.
#[inline]
unsafe fn value(l: *mut lua_State, token: Token<'_>, reader: &mut Reader<'_>, depth: usize) -> Result<(), SeriError> {
    // SAFETY: the caller has a place for it.
    unsafe {
        match token {
            Token::Nil => ffi::lua_pushnil(l),
            Token::Boolean(value) => ffi::lua_pushboolean(l, c_int::from(value)),
            Token::Integer(value) => ffi::lua_pushinteger(l, value),
            Token::Float(value) => ffi::lua_pushnumber(l, value),
            Token::Str(bytes) => {
                ffi::lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len());
            }
            Token::Table { array } => return table(l, array, reader, depth + 1),
        }
    }
    Ok(())
}

unsafe fn table(l: *mut lua_State, array: usize, reader: &mut Reader<'_>, depth: usize) -> Result<(), SeriError> {
    if depth > MAX_DEPTH + 1 {
        return Err(SeriError::TooDeep);
    }
    // SAFETY: the table, the collected pairs and two more have their places. Raw access to a
    // fresh table without metatable raises only for nil and NaN keys, which are refused.
    unsafe {
        if ffi::lua_checkstack(l, 2 * COLLECTED + 4) == 0 {
            return Err(full(reader));
        }
        if array > 0 {
            ffi::lua_createtable(l, array.min(BELIEVED) as c_int, 0);
            for place in 1..=array as ffi::lua_Integer {
                let token = reader.expect_next()?;
                value(l, token, reader, depth)?;
                ffi::lua_rawseti(l, -2, place);
            }
            if reader.at_nil() {
                reader.expect_next()?;
                return Ok(());
            }
        } else {
            // A place for the table, which is made when its size is known.
            ffi::lua_pushnil(l);
        }
        let place = ffi::lua_gettop(l);
        let mut collected: c_int = 0;
        let mut made = array > 0;
        loop {
            let key = reader.expect_next()?;
            match key {
                Token::Nil => break,
                Token::Float(number) if number.is_nan() => return Err(SeriError::BadKey("NaN")),
                key => value(l, key, reader, depth)?,
            }
            let token = reader.expect_next()?;
            value(l, token, reader, depth)?;
            if made {
                ffi::lua_rawset(l, place);
                continue;
            }
            collected += 1;
            if collected == COLLECTED {
                make(l, place, collected, 2 * COLLECTED);
                (made, collected) = (true, 0);
            }
        }
        if !made {
            make(l, place, collected, collected);
        }
    }
    Ok(())
}

/// Makes the table at `place` and moves the pairs above it in. `[-2n, +0, -]`
unsafe fn make(l: *mut lua_State, place: c_int, pairs: c_int, room: c_int) {
    // SAFETY: `place` holds the nil that stands for the table, above it are `pairs` pairs, and
    // one place is left.
    unsafe {
        ffi::lua_createtable(l, 0, room);
        ffi::lua_replace(l, place);
        for _ in 0..pairs {
            ffi::lua_rawset(l, place);
        }
    }
}
