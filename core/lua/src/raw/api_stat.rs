//! What a service asks about services: which there are, and how busy.

use mlua::ffi::{self, lua_State};
use skyloom_kernel::ServiceInfo;

use super::arguments::address as address_at;
use super::calm::Calm;
use super::host::{Host, bytes_at, fence, host_of, passed, push_bytes};
use super::unusual::unusual;

lua_fn! {
    /// `services()` to a table from the handles of all services of the node to what they are called.
    fn services(l) {
        let host = host_of(l);
        let _calm = Calm::enter(host);
        let all = (*host).context().map_or_else(Vec::new, |context| context.node().services());
        ffi::lua_createtable(l, 0, 0);
        for service in &all {
            push_bytes(l, service.label.as_bytes());
            ffi::lua_rawseti(l, -2, service.handle.get().into());
        }
        1
    }

    /// `stat(what)`: "mqlen", "message", "endless" (as 0 or 1), or "cpu" and "time": seconds that the
    /// handlers have run, measured from the first time that this is asked.
    fn stat(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        match bytes_at(l, 1) {
            b"mqlen" => return super::api_node::mqlen(l),
            b"endless" => ffi::lua_pushinteger(l, (*host).gate.take_endless().into()),
            b"message" => {
                let found = fence(|| {
                    let context = (*host).context()?;
                    context.node().service((*host).handle).map(|service| service.handled)
                });
                ffi::lua_pushinteger(l, passed(l, found).unwrap_or(0) as ffi::lua_Integer);
            }
            b"cpu" => ffi::lua_pushnumber(l, ran(host).0),
            b"time" => ffi::lua_pushnumber(l, ran(host).1),
            _ => ffi::lua_pushinteger(l, 0),
        }
        1
    }

    /// `endless()`: whether a script of this service did not return since this was asked last.
    fn endless(l) {
        let host = host_of(l);
        ffi::lua_pushboolean(l, (*host).gate.take_endless().into());
        1
    }

    /// `term(address)`: what the service asks of that one fails, as if it were gone.
    fn term(l) {
        let host = host_of(l);
        if let Some(handle) = address_at(l, host, 1) {
            passed(l, fence(|| (*host).scheduler.gone(handle)));
        }
        0
    }

    /// `servicestat(address)` to `{ mqlen =, message = }`, or nil if there is no such service here.
    fn servicestat(l) {
        let host = host_of(l);
        match address_at(l, host, 1) {
            Some(handle) => {
                let _calm = Calm::enter(host);
                let found = (*host).context().and_then(|context| context.node().service(handle));
                push_stat(l, found.as_ref());
            }
            None => ffi::lua_pushnil(l),
        }
        1
    }
}

/// For how long the handlers have run, and for how long this one.
unsafe fn ran(host: *mut Host) -> (f64, f64) {
    // SAFETY: nothing here enters Lua.
    unsafe {
        (*host).detour = true;
        let meter = unusual(host).meter.get_or_insert_with(Default::default);
        let since = meter.since.get_or_insert_with(std::time::Instant::now).elapsed();
        ((meter.total + since).as_secs_f64(), since.as_secs_f64())
    }
}

/// Pushes what is told of a service, or nil. `[-0, +1, m]`
unsafe fn push_stat(l: *mut lua_State, service: Option<&ServiceInfo>) {
    // SAFETY: called from a C function that is calm.
    unsafe {
        let Some(service) = service else { return ffi::lua_pushnil(l) };
        ffi::lua_createtable(l, 0, 2);
        ffi::lua_pushinteger(l, service.mailbox as ffi::lua_Integer);
        ffi::lua_setfield(l, -2, c"mqlen".as_ptr());
        ffi::lua_pushinteger(l, service.handled as ffi::lua_Integer);
        ffi::lua_setfield(l, -2, c"message".as_ptr());
    }
}
