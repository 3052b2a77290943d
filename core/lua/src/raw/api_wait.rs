//! Coroutines and time: `fork`, `sleep`, `wait`, `wakeup`, `timeout`.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use mlua::ffi::{self, lua_State};

use super::api_message::{check_resumed, fresh};
use super::arguments::{ticks, waiting};
use super::host::{Host, bytes_at, fence, host_of, passed, raise, tag_of};
use super::pack::type_name;
use super::threads::{NO_SLOT, Role, acquire, owner, release};
use super::turn::{disarm, refuse};
use crate::scheduler::{Awoken, Kill, Token};

/// Where the table of tokens lies in the registry.
static TOKENS: u8 = 0;

/// Tokens from here on stand for values that are no coroutines of ours.
const VALUES: u32 = 1 << 31;

lua_fn! {
    /// `fork(f, ...)` to the coroutine that will run it, after the current message.
    fn fork(l) {
        let host = host_of(l);
        need_function(l, 1);
        let count = ffi::lua_gettop(l);
        ffi::luaL_checkstack(l, 3, std::ptr::null());
        let slot = acquire(l, host, Role::Task);
        let state = (*host).threads.state(slot);
        if ffi::lua_checkstack(state, count) == 0 {
            release(host, slot);
            raise(l, format_args!("too many arguments for a fork"));
        }
        ffi::lua_xmove(l, state, count);
        (*host).threads.at(slot).args = count - 1;
        (*host).scheduler.fork(slot);
        push_thread(l, state)
    }

    /// `timeout(ticks, f)` to the coroutine that will run it then.
    fn timeout(l) {
        let host = host_of(l);
        let after = ticks(l, 1);
        need_function(l, 2);
        need_context(l, host);
        let slot = acquire(l, host, Role::Task);
        let state = (*host).threads.state(slot);
        ffi::lua_pushvalue(l, 2);
        ffi::lua_xmove(l, state, 1);
        let set = fence(|| {
            let session = fresh(host)?;
            let timer = (*host).context()?.timeout(session, after);
            (*host).scheduler.wait_timeout(slot, session, timer);
            Some(())
        });
        passed(l, set);
        push_thread(l, state)
    }

    /// `sleep(ticks [, token])`: returns nothing, or "BREAK" when woken early.
    fn sleep(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "sleep");
        let after = ticks(l, 1);
        suspend(l, host, slot, Some(after), 2)
    }

    /// `yield()`: lets what is queued run first.
    fn yield_now(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "yield");
        ffi::lua_settop(l, 0);
        suspend(l, host, slot, Some(Duration::ZERO), 1)
    }

    /// `wait([token])`: until somebody wakes it.
    fn wait(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "wait");
        suspend(l, host, slot, None, 1)
    }

    /// `wakeup(token)` to true if somebody sleeps or waits on it.
    fn wakeup(l) {
        let host = host_of(l);
        let Some(token) = token_at(l, host, 1, false) else { return 0 };
        match (*host).scheduler.wakeup(token) {
            Awoken::Soon => {
                ffi::lua_pushboolean(l, 1);
                1
            }
            Awoken::Nobody => 0,
        }
    }

    /// `killthread(coroutine | text)` to the coroutine, or nil: closes one that waits.
    fn killthread(l) {
        let host = host_of(l);
        let slot = match ffi::lua_type(l, 1) {
            ffi::LUA_TTHREAD => (*tag_of(ffi::lua_tothread(l, 1))).slot,
            ffi::LUA_TSTRING => named(host, bytes_at(l, 1)),
            kind => {
                let kind = type_name(kind);
                raise(l, format_args!("a coroutine or its name is needed, not {kind}"))
            }
        };
        if slot == NO_SLOT || slot == (*host).current || !kill(l, host, slot) {
            return 0;
        }
        let state = (*host).threads.state(slot);
        push_thread(l, state)
    }
}

lua_continuation! {
    /// The sleeper goes on: with nothing, or with "BREAK".
    fn slept(l, context) {
        let host = host_of(l);
        check_resumed(l, host);
        if context == 1 {
            // The value that was waited on is below the results.
            push_tokens(l);
            ffi::lua_pushvalue(l, 1);
            ffi::lua_pushnil(l);
            ffi::lua_rawset(l, -3);
            ffi::lua_pop(l, 1);
        }
        ffi::lua_gettop(l) - context as c_int
    }
}

/// Takes a coroutine out of every queue and closes it; `false` if it does not wait. `[-0, +0, -]`
///
/// # Safety
///
/// Called from a C function, by the law; `slot` is not the coroutine that runs.
unsafe fn kill(l: *mut lua_State, host: *mut Host, slot: u32) -> bool {
    // SAFETY: nothing refers to the slot when it is taken out of the queues; closing is
    // protected and may enter the host.
    unsafe {
        match (*host).scheduler.kill(slot) {
            Kill::NotWaiting => return false,
            Kill::Fork => {}
            Kill::Timeout(alarm) => disarm(host, Some(alarm)),
            Kill::Waiting(alarm) => disarm(host, alarm),
        }
        let owed = (*host).scheduler.failed(slot);
        refuse(host, owed, "its coroutine was killed");
        let state = (*host).threads.state(slot);
        let before = std::mem::replace(&mut (*host).current, slot);
        (*host).active = state;
        ffi::lua_closethread(state, l);
        ffi::lua_settop(state, 0);
        (*host).threads.at(slot).handler = ffi::LUA_NOREF;
        (*host).active = l;
        (*host).current = before;
        (*host).keys.ended(owner(slot));
        if (*host).watched {
            super::tracing::forget(host, slot, state);
        }
        release(host, slot);
        true
    }
}

/// Notes that the coroutine waits on the token at `index`, and yields. `[-0, +0, v]`
///
/// # Safety
///
/// Called as the last thing of a C function, by the law.
unsafe fn suspend(l: *mut lua_State, host: *mut Host, slot: u32, after: Option<Duration>, index: c_int) -> c_int {
    // SAFETY: by contract.
    unsafe {
        ffi::lua_settop(l, index);
        let (token, context) = match ffi::lua_type(l, index) {
            ffi::LUA_TNIL => (Token(slot), 0),
            _ => match token_at(l, host, index, true) {
                Some(token) => (token, ffi::lua_KContext::from(token.0 >= VALUES)),
                None => raise(l, format_args!("nothing to wait on")),
            },
        };
        if (*host).scheduler.is_awaited(token) {
            raise(l, format_args!("token duplicative"));
        }
        let noted = fence(|| {
            let session = fresh(host)?;
            match after {
                Some(after) => {
                    let timer = (*host).context()?.timeout(session, after);
                    (*host).scheduler.wait_sleep(slot, session, token, timer);
                }
                None => (*host).scheduler.wait_wakeup(slot, session, token),
            }
            Some(())
        });
        if passed(l, noted).is_none() {
            raise(l, format_args!("the service has ended"));
        }
        if (*host).watched {
            super::tracing::tell(host, slot, c"sleep", Some(l));
        }
        if context == 1 {
            // The value stays below what the host will push.
            ffi::lua_pushvalue(l, index);
            ffi::lua_replace(l, 1);
        }
        ffi::lua_settop(l, context as c_int);
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, context, Some(slept))
    }
}

/// The token that a value stands for. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
unsafe fn token_at(l: *mut lua_State, host: *mut Host, index: c_int, make: bool) -> Option<Token> {
    // SAFETY: threads of the VM have tags; the rest is ordinary use of the stack.
    unsafe {
        if ffi::lua_type(l, index) == ffi::LUA_TTHREAD {
            let slot = (*tag_of(ffi::lua_tothread(l, index))).slot;
            if slot != NO_SLOT {
                return Some(Token(slot));
            }
        }
        if ffi::lua_type(l, index) <= ffi::LUA_TNIL {
            return None;
        }
        push_tokens(l);
        ffi::lua_pushvalue(l, index);
        ffi::lua_rawget(l, -2);
        let known = ffi::lua_tointeger(l, -1);
        ffi::lua_pop(l, 1);
        let mut token = u32::try_from(known).ok().filter(|known| *known != 0);
        if token.is_none() && make {
            let number = VALUES | ((*host).last_token + 1) & (VALUES - 1);
            (*host).last_token = number & (VALUES - 1);
            ffi::lua_pushvalue(l, index);
            ffi::lua_pushinteger(l, number.into());
            ffi::lua_rawset(l, -3);
            token = Some(number);
        }
        ffi::lua_pop(l, 1);
        token.map(Token)
    }
}

/// Pushes the table from values to tokens; it does not keep its values. `[-0, +1, m]`
unsafe fn push_tokens(l: *mut lua_State) {
    let place: *const c_void = (&raw const TOKENS).cast();
    // SAFETY: four places at most, by the law.
    unsafe {
        if ffi::lua_rawgetp(l, ffi::LUA_REGISTRYINDEX, place) == ffi::LUA_TTABLE {
            return;
        }
        ffi::lua_pop(l, 1);
        ffi::lua_createtable(l, 0, 1);
        ffi::lua_createtable(l, 0, 1);
        ffi::lua_pushstring(l, c"k".as_ptr());
        ffi::lua_setfield(l, -2, c"__mode".as_ptr());
        ffi::lua_setmetatable(l, -2);
        ffi::lua_pushvalue(l, -1);
        ffi::lua_rawsetp(l, ffi::LUA_REGISTRYINDEX, place);
    }
}

/// Pushes a coroutine onto another's stack. `[-0, +1, -]`
unsafe fn push_thread(l: *mut lua_State, state: *mut lua_State) -> c_int {
    // SAFETY: both belong to one VM; a coroutine of ours has a free place for itself.
    unsafe {
        ffi::lua_pushthread(state);
        ffi::lua_xmove(state, l, 1);
        1
    }
}

/// The waiting coroutine whose text contains `part`, or [`NO_SLOT`].
unsafe fn named(host: *mut Host, part: &[u8]) -> u32 {
    // SAFETY: nothing here enters Lua.
    unsafe {
        let found = fence(|| {
            let part = String::from_utf8_lossy(part);
            (*host).threads.find(|state| format!("thread: {state:p}").contains(&*part))
        });
        found.flatten().unwrap_or(NO_SLOT)
    }
}

/// Raises unless there is a function at `index`. `[-0, +0, v]`
unsafe fn need_function(l: *mut lua_State, index: c_int) {
    // SAFETY: called from C functions, by the law.
    unsafe { ffi::luaL_checktype(l, index, ffi::LUA_TFUNCTION) }
}

/// Raises when the kernel is out of reach, in a finalizer after the end. `[-0, +0, v]`
unsafe fn need_context(l: *mut lua_State, host: *mut Host) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        if (*host).context.is_null() {
            raise(l, format_args!("the service has ended"));
        }
    }
}
