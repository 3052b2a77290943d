//! Coroutines of scripts in which the service may wait: what `skynet.coroutine` resumes.
//!
//! While such a coroutine runs it has the tag of the coroutine of the service that resumes it. One
//! of our functions that waits in it yields; then so does the resumer, with a mark that says so, up
//! to the host. What the host resumes the outermost with is handed down again on the way back.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::host::{Host, Outcome, Tag, host_of, raise, tag_of};
use super::threads::NO_SLOT;
use super::tracing;

lua_fn! {
    /// `resume(co, ...)`: as Lua's own, but that it waits when the coroutine waits.
    fn resume(l) {
        let co = ffi::lua_tothread(l, 1);
        if co.is_null() {
            ffi::luaL_checktype(l, 1, ffi::LUA_TTHREAD);
        }
        // One of the service's own, or one that waits inside another.
        if (*tag_of(co)).slot != NO_SLOT {
            return refused(l, c"cannot resume a coroutine of the service");
        }
        enter(l, host_of(l), co)
    }
}

lua_continuation! {
    /// What it waited for lies above the coroutine.
    fn resumed(l, _context) {
        let host = host_of(l);
        let co = ffi::lua_tothread(l, 1);
        if (*tag_of(l)).slot != (*host).current {
            raise(l, format_args!("a coroutine that waits for the service was resumed by hand"));
        }
        enter(l, host, co)
    }
}

/// Resumes the coroutine at 1 with the values above it. `[-n, +m, v]`
unsafe fn enter(l: *mut lua_State, host: *mut Host, co: *mut lua_State) -> c_int {
    // SAFETY: called from C functions, by the law; `lua_resume` returns errors as values. The tag
    // that the coroutine gets lives as long as the host: slots keep theirs.
    unsafe {
        let args = ffi::lua_gettop(l) - 1;
        if co == l || ffi::lua_checkstack(co, args.saturating_add(1)) == 0 {
            return refused(l, c"cannot resume non-suspended coroutine");
        }
        let waits = ffi::lua_isyieldable(l) != 0;
        ffi::lua_xmove(l, co, args);
        let (tag, main): (*const Tag, *const Tag) = (tag_of(l), &raw const (*host).tag);
        set_tag(co, if waits { tag } else { main });
        let before = std::mem::replace(&mut (*host).active, co);
        (*host).yielded = false;
        if (*host).watched {
            tracing::starts_clock(host, co);
        }
        let mut count = 0;
        let status = ffi::lua_resume(co, l, args, &mut count);
        if (*host).watched {
            tracing::stops_clock(host, co);
        }
        (*host).active = before;
        (*host).outcome = Outcome::Taken;
        if status == ffi::LUA_YIELD && (*host).yielded {
            return ffi::lua_yieldk(l, 0, 0, Some(resumed));
        }
        set_tag(co, main);
        if status != ffi::LUA_OK && status != ffi::LUA_YIELD {
            ffi::lua_xmove(co, l, 1);
            ffi::lua_pushboolean(l, 0);
            ffi::lua_rotate(l, -2, 1);
            return 2;
        }
        if ffi::lua_checkstack(l, count + 1) == 0 {
            ffi::lua_pop(co, count);
            return refused(l, c"too many results to resume");
        }
        ffi::lua_pushboolean(l, 1);
        ffi::lua_xmove(co, l, count);
        count + 1
    }
}

unsafe fn refused(l: *mut lua_State, why: &std::ffi::CStr) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        ffi::lua_pushboolean(l, 0);
        ffi::lua_pushstring(l, why.as_ptr());
        2
    }
}

unsafe fn set_tag(co: *mut lua_State, tag: *const Tag) {
    // SAFETY: states of our VMs have a tag in their extra space; this one lives as long as the host.
    unsafe { *ffi::lua_getextraspace(co).cast::<*const Tag>() = tag }
}
