//! `coroutine.resume` and `coroutine.wrap`, which say which state runs.
//!
//! Lua's own would do, but then a loop inside a coroutine that a script made itself could not be
//! interrupted: the hook must be set on the state that runs. Nothing else is different.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::host::host_of;
use super::tracing;

lua_fn! {
    /// `coroutine.resume(co, ...)`.
    fn resume(l) {
        let co = ffi::lua_tothread(l, 1);
        if co.is_null() {
            ffi::luaL_checktype(l, 1, ffi::LUA_TTHREAD);
        }
        let count = run(l, co, ffi::lua_gettop(l) - 1);
        if count < 0 {
            ffi::lua_pushboolean(l, 0);
            ffi::lua_rotate(l, -2, 1);
            return 2;
        }
        ffi::lua_pushboolean(l, 1);
        ffi::lua_rotate(l, -(count + 1), 1);
        count + 1
    }

    /// `coroutine.wrap(f)`.
    fn wrap(l) {
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        let co = ffi::lua_newthread(l);
        ffi::lua_pushvalue(l, 1);
        ffi::lua_xmove(l, co, 1);
        ffi::lua_pushcclosure(l, wrapped, 1);
        1
    }

    /// What `wrap` returns: raises what the coroutine raises.
    fn wrapped(l) {
        let co = ffi::lua_tothread(l, ffi::lua_upvalueindex(1));
        let count = run(l, co, ffi::lua_gettop(l));
        if count >= 0 {
            return count;
        }
        let status = ffi::lua_status(co);
        if status != ffi::LUA_OK && status != ffi::LUA_YIELD {
            // It died of an error: its variables are closed, which may raise another.
            if ffi::lua_closethread(co, l) != ffi::LUA_OK {
                ffi::lua_pop(l, 1);
                ffi::lua_xmove(co, l, 1);
            }
        }
        if status != ffi::LUA_ERRMEM && ffi::lua_type(l, -1) == ffi::LUA_TSTRING {
            ffi::luaL_where(l, 1);
            ffi::lua_rotate(l, -2, 1);
            ffi::lua_concat(l, 2);
        }
        ffi::lua_error(l)
    }
}

/// Resumes with the top `args` values; pushes the results and returns how many, or pushes an
/// error and returns -1. `[-args, +n, v]`
unsafe fn run(l: *mut lua_State, co: *mut lua_State, args: c_int) -> c_int {
    // SAFETY: by the law; `lua_resume` returns errors as values.
    unsafe {
        let host = host_of(l);
        if ffi::lua_checkstack(co, args) == 0 {
            ffi::lua_pushstring(l, c"too many arguments to resume".as_ptr());
            return -1;
        }
        ffi::lua_xmove(l, co, args);
        let mut count = 0;
        let before = std::mem::replace(&mut (*host).active, co);
        if (*host).watched {
            tracing::starts_clock(host, co);
        }
        let status = ffi::lua_resume(co, l, args, &mut count);
        if (*host).watched {
            tracing::stops_clock(host, co);
        }
        (*host).active = before;
        if status != ffi::LUA_OK && status != ffi::LUA_YIELD {
            ffi::lua_xmove(co, l, 1);
            return -1;
        }
        if ffi::lua_checkstack(l, count + 1) == 0 {
            ffi::lua_pop(co, count);
            ffi::lua_pushstring(l, c"too many results to resume".as_ptr());
            return -1;
        }
        ffi::lua_xmove(co, l, count);
        count
    }
}
