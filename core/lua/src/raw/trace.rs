//! What is told of an error: its text, and where the coroutine was.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::host::{Host, bytes_at};
use super::pack::type_name;

/// An error as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The error object as text.
    pub(super) text: String,
    /// The same with the coroutine's stack.
    pub(super) trace: String,
}

/// Longest text that is told; an error object can be of any size.
const LONGEST: usize = 16 << 10;

/// Takes the error from the top of `failed` and describes it. `[-1, +0, -]` on `failed`
///
/// Whatever the error object is, there is a text: making it runs in a protected call, because
/// it may have a `__tostring` that fails too.
///
/// # Safety
///
/// `failed` is a coroutine of `host`'s VM that ended with an error; no coroutine runs.
pub(super) unsafe fn failure(host: *mut Host, failed: *mut lua_State) -> Failure {
    // SAFETY: the main state has room for six values; texts are copied before they are popped.
    unsafe {
        let main = (*host).main;
        let top = ffi::lua_gettop(main);
        if ffi::lua_checkstack(main, 8) == 0 {
            return Failure { text: "error without a stack to describe it".into(), trace: String::new() };
        }
        ffi::lua_pushcfunction(main, describe);
        ffi::lua_pushlightuserdata(main, failed.cast());
        ffi::lua_xmove(failed, main, 1);
        let kind = ffi::lua_type(main, -1);
        if ffi::lua_pcall(main, 2, 2, 0) != ffi::LUA_OK {
            // The object's own __tostring failed: its type must do.
            ffi::lua_settop(main, top);
            ffi::lua_pushcfunction(main, describe);
            ffi::lua_pushlightuserdata(main, failed.cast());
            let text = format!("(error object is a {} value whose __tostring fails)", type_name(kind));
            super::host::push_bytes(main, text.as_bytes());
            if ffi::lua_pcall(main, 2, 2, 0) != ffi::LUA_OK {
                ffi::lua_settop(main, top);
                return Failure { trace: text.clone(), text };
            }
        }
        let failure = Failure { text: text_at(main, -2), trace: text_at(main, -1) };
        ffi::lua_settop(main, top);
        failure
    }
}

lua_fn! {
    /// (coroutine, error object) to (text, text with traceback).
    fn describe(l) {
        let failed = ffi::lua_touserdata(l, 1).cast::<lua_State>();
        if ffi::lua_type(l, 2) != ffi::LUA_TSTRING {
            if ffi::lua_type(l, 2) == ffi::LUA_TNUMBER || ffi::luaL_getmetafield(l, 2, c"__tostring".as_ptr()) != 0 {
                ffi::luaL_tolstring(l, 2, std::ptr::null_mut());
            } else {
                let kind = ffi::lua_typename(l, ffi::lua_type(l, 2));
                ffi::lua_pushfstring(l, c"(error object is a %s value)".as_ptr(), kind);
            }
            ffi::lua_replace(l, 2);
        }
        ffi::lua_settop(l, 2);
        let text = ffi::lua_tolstring(l, 2, std::ptr::null_mut());
        ffi::luaL_traceback(l, failed, text, 0);
        2
    }
}

unsafe fn text_at(l: *mut lua_State, index: c_int) -> String {
    // SAFETY: `describe` returned strings.
    let bytes = unsafe { bytes_at(l, index) };
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST)]);
    if bytes.len() > LONGEST { format!("{text}...") } else { text.into_owned() }
}
