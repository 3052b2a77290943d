//! What a service asks of its node: time, names, environment, log.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_abi::{ExitReason, Handle, Name};

use super::arguments::address as address_at;
use super::calm::Calm;
use super::host::{Host, bytes_at, fence, host_of, passed, push_bytes, push_text, raise};

lua_fn! {
    /// `now()`: hundredths of a second, counted from the second in which the node started.
    fn now(l) {
        let host = host_of(l);
        let ticks = (*host).first_tick + centiseconds(host);
        ffi::lua_pushinteger(l, ticks as ffi::lua_Integer);
        1
    }

    /// `time()`: seconds of the wall clock, with two decimals.
    fn time(l) {
        let host = host_of(l);
        let ticks = (*host).first_tick + centiseconds(host);
        ffi::lua_pushnumber(l, (*host).first_second as f64 + ticks as f64 / 100.0);
        1
    }

    /// `starttime()`: the wall clock's second in which the node started.
    fn starttime(l) {
        let host = host_of(l);
        ffi::lua_pushinteger(l, (*host).first_second as ffi::lua_Integer);
        1
    }

    /// `hpc()`: nanoseconds of a steady clock.
    fn hpc(l) {
        let host = host_of(l);
        let now = (*host).context().map_or(0, |context| context.now().as_nanos());
        ffi::lua_pushinteger(l, now as ffi::lua_Integer);
        1
    }

    /// `self()`: the service's own address.
    fn self_address(l) {
        let host = host_of(l);
        ffi::lua_pushinteger(l, (*host).handle.get().into());
        1
    }

    /// `address(x)`: `:%08x` for a number, else its text.
    fn address(l) {
        let host = host_of(l);
        if ffi::lua_type(l, 1) != ffi::LUA_TNUMBER {
            ffi::luaL_tolstring(l, 1, std::ptr::null_mut());
            return 1;
        }
        let number = ffi::lua_tointeger(l, 1);
        (*host).text.clear();
        let _ = std::fmt::write(&mut (*host).text, format_args!(":{number:08x}"));
        push_text(l, host);
        1
    }

    /// `error(...)`: a line in the log.
    fn error(l) {
        let host = host_of(l);
        let count = ffi::lua_gettop(l);
        ffi::luaL_checkstack(l, count.saturating_mul(2) + 2, std::ptr::null());
        for index in 1..=count {
            ffi::luaL_tolstring(l, index, std::ptr::null_mut());
            if index < count {
                ffi::lua_pushstring(l, c" ".as_ptr());
            }
        }
        if count == 0 {
            ffi::lua_pushstring(l, c"".as_ptr());
        } else {
            ffi::lua_concat(l, 2 * count - 1);
        }
        let line = bytes_at(l, -1);
        let said = fence(|| (*host).report(&String::from_utf8_lossy(line)));
        passed(l, said);
        0
    }

    /// `getenv(key)`.
    fn getenv(l) {
        let host = host_of(l);
        let key = text_at(l, 1);
        let _calm = Calm::enter(host);
        match (*host).context().and_then(|context| context.node().env(key)) {
            Some(value) => push_bytes(l, value.as_bytes()),
            None => ffi::lua_pushnil(l),
        }
        1
    }

    /// `setenv(key, value)`: each key once.
    fn setenv(l) {
        let host = host_of(l);
        ffi::luaL_tolstring(l, 2, std::ptr::null_mut());
        let (key, value) = (text_at(l, 1), text_at(l, -1));
        let set = fence(|| {
            (*host).context().is_some_and(|context| context.node().set_env(key, value).is_ok())
        });
        if !passed(l, set) {
            raise(l, format_args!("Can't setenv exist key : {key}"));
        }
        0
    }

    /// `localname(name)`, `query(name)`: the service with that name, or nil.
    fn localname(l) {
        let host = host_of(l);
        let name = text_at(l, 1);
        let found = fence(|| (*host).context()?.node().lookup(name));
        push_handle(l, passed(l, found))
    }

    /// `register(name)`: a name for this service.
    fn register(l) {
        let host = host_of(l);
        let handle = (*host).handle;
        bind(l, host, handle)
    }

    /// `name(name, address)`: a name for any service of the node.
    fn name(l) {
        let host = host_of(l);
        match address_at(l, host, 2) {
            Some(handle) => bind(l, host, handle),
            None => 0,
        }
    }

    /// `kill(service | coroutine)`: ends a service, or takes a coroutine out (see `killthread`).
    fn kill(l) {
        let host = host_of(l);
        if ffi::lua_type(l, 1) == ffi::LUA_TTHREAD {
            return super::api_wait::killthread(l);
        }
        let Some(handle) = address_at(l, host, 1) else { return 0 };
        let killed = fence(|| {
            if let Some(context) = (*host).context()
                && super::vm::tells_lives(context)
            {
                context.report(&format!("KILL :{:x}", handle.get()));
            }
            (*host).context().is_some_and(|context| context.node().kill(handle, ExitReason::Killed))
        });
        ffi::lua_pushboolean(l, passed(l, killed).into());
        1
    }

    /// `abort()`: ends every service of the node.
    fn abort(l) {
        let host = host_of(l);
        let done = fence(|| {
            if let Some(context) = (*host).context() {
                context.node().abort();
            }
        });
        passed(l, done);
        0
    }

    /// `harbor(address)` to the number of its node, and whether that is another one.
    fn harbor(l) {
        let host = host_of(l);
        let handle = address_at(l, host, 1).unwrap_or((*host).handle);
        ffi::lua_pushinteger(l, handle.node().into());
        ffi::lua_pushboolean(l, c_int::from(handle.node() != (*host).handle.node()));
        2
    }

    /// `mqlen()`: messages that wait for this service.
    fn mqlen(l) {
        let host = host_of(l);
        let len = (*host).context().map_or(0, |context| context.mailbox_len());
        ffi::lua_pushinteger(l, len as ffi::lua_Integer);
        1
    }

    /// `task()`: how many coroutines wait; with an argument, where they do (see `skynet.tasks`).
    fn task(l) {
        let host = host_of(l);
        if ffi::lua_type(l, 1) > ffi::LUA_TNIL {
            super::require::push_module(l, c"skynet.tasks");
            ffi::lua_getfield(l, -1, c"task".as_ptr());
            ffi::lua_pushvalue(l, 1);
            ffi::lua_call(l, 1, 1);
            return 1;
        }
        ffi::lua_pushinteger(l, (*host).scheduler.waiting() as ffi::lua_Integer);
        1
    }

    /// `memory()`: bytes that this VM uses.
    fn memory(l) {
        let host = host_of(l);
        ffi::lua_pushinteger(l, (*host).memory.used as ffi::lua_Integer);
        1
    }

    /// `memlimit(bytes)`: the most that this VM may use.
    fn memlimit(l) {
        let host = host_of(l);
        let limit = ffi::luaL_checkinteger(l, 1);
        (*host).memory.set_limit(usize::try_from(limit).unwrap_or(0));
        let said = fence(|| (*host).report(&format!("Set memory limit to {:.2} M", limit as f64 / f64::from(1 << 20))));
        passed(l, said);
        0
    }
}

/// Hundredths of a second since the node started.
fn centiseconds(host: *mut Host) -> u64 {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    let now = unsafe { (*host).context().map_or_else(Default::default, |context| context.now()) };
    (now.as_millis() / 10) as u64
}

/// Binds the name at 1, pushes it if it was free. `[-0, +(0|1), v]`
unsafe fn bind(l: *mut lua_State, host: *mut Host, handle: Handle) -> c_int {
    // SAFETY: by the law; inside the fence nothing enters Lua. `why` is a `&'static str`.
    unsafe {
        let text = text_at(l, 1);
        let bound = fence(|| {
            let Ok(name) = text.parse::<Name>() else { return Err(()) };
            let Some(context) = (*host).context() else { return Ok(false) };
            Ok(context.node().register(&name, handle).is_ok())
        });
        match passed(l, bound) {
            Ok(true) => {
                ffi::lua_settop(l, 1);
                1
            }
            Ok(false) => 0,
            Err(()) => raise(l, format_args!("{text:?} cannot be the name of a service")),
        }
    }
}

/// A string argument as text. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law; the string stays on its stack while it is used.
pub(super) unsafe fn text_at<'a>(l: *mut lua_State, index: c_int) -> &'a str {
    // SAFETY: `luaL_checkstring` leaves a string at the index.
    unsafe {
        ffi::luaL_checkstring(l, index);
        match std::str::from_utf8(bytes_at(l, index)) {
            Ok(text) => text,
            Err(_) => raise(l, format_args!("argument {index} must be UTF-8")),
        }
    }
}

/// Pushes an address or nil. `[-0, +1, -]`
unsafe fn push_handle(l: *mut lua_State, handle: Option<Handle>) -> c_int {
    // SAFETY: called from C functions, which have a free place.
    unsafe {
        match handle {
            Some(handle) => ffi::lua_pushinteger(l, handle.get().into()),
            None => ffi::lua_pushnil(l),
        }
        1
    }
}
