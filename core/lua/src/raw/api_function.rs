//! `skynet.function`: a function of one service for another.
//!
//! Lua does not verify bytecode, so none passes through the hands of scripts. What a script gets
//! for a function is a number; the bytecode, dumped here from what was compiled here, stays with
//! the node. That is as safe as the cache of scripts is, and works for every function, wherever
//! its text may be.

use std::ffi::CStr;

use mlua::ffi;

use super::calm::Calm;
use super::host::{Host, fence, home_of, host_of, passed, raise};
use super::load::{load, write};
use crate::chunks::Found;

lua_fn! {
    /// Opens the module.
    fn open_function(l) {
        ffi::lua_createtable(l, 0, 2);
        ffi::lua_pushcfunction(l, keep);
        ffi::lua_setfield(l, -2, c"keep".as_ptr());
        ffi::lua_pushcfunction(l, find);
        ffi::lua_setfield(l, -2, c"find".as_ptr());
        1
    }

    /// `keep(f)` to a number by which every service of the node finds a copy of `f`. Of upvalues
    /// it may have `_ENV` alone: others are values of this VM.
    fn keep(l) {
        let host = host_of(l);
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        ffi::lua_settop(l, 1);
        if ffi::lua_iscfunction(l, 1) != 0 {
            raise(l, format_args!("a function written in Lua is needed"));
        }
        for index in 1..=2 {
            let name = ffi::lua_getupvalue(l, 1, index);
            if name.is_null() {
                break;
            }
            ffi::lua_pop(l, 1);
            if index == 2 || CStr::from_ptr(name) != c"_ENV" {
                let name = CStr::from_ptr(name).to_bytes().utf8_chunks().next().map_or("?", |part| part.valid());
                raise(l, format_args!("the function uses {name:?} of what surrounds it: pass it as an argument"));
            }
        }
        let start = (*host).buffer.len();
        let dumped = {
            let _calm = Calm::enter(host);
            ffi::lua_dump(l, write, host.cast::<Host>().cast(), 0) == 0
        };
        let number = fence(|| {
            let buffer = &(*host).buffer;
            let kept = home_of(host).chunks.keep_function(buffer.get(start..).unwrap_or_default());
            (*host).buffer.truncate(start);
            kept.filter(|_| dumped)
        });
        match passed(l, number) {
            Some(number) => ffi::lua_pushinteger(l, number as ffi::lua_Integer),
            None => raise(l, format_args!("too many functions are kept: they are never forgotten")),
        }
        1
    }

    /// `find(number)` to a copy of the function that was kept.
    fn find(l) {
        let host = host_of(l);
        let number = ffi::luaL_checkinteger(l, 1);
        let found = {
            let _calm = Calm::enter(host);
            let number = usize::try_from(number).ok();
            let chunk = number.and_then(|number| home_of(host).chunks.function(number));
            chunk.is_some_and(|chunk| load(l, host, Found::Compiled(chunk, "=kept".into())))
        };
        if !found {
            raise(l, format_args!("no function was kept under the number {number}"));
        }
        1
    }
}
