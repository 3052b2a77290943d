//! Beginning and ending services: `start`, `init`, `newservice`, `exit`.

use mlua::ffi;
use skyloom_abi::{CallError, Door, ExitReason, Message, Payload};
use skyloom_wire::seri::put;

use super::api_message::{called, fresh};
use super::api_node::text_at;
use super::arguments::waiting;
use super::host::{bytes_at, fence, home_of, host_of, passed, raise};
use super::starting::{self, LEFT};
use super::threads::{Expect, Role, acquire};
use crate::home::Script;

lua_fn! {
    /// `start(f)`: `f` runs when the main chunk has returned; when it returns, so does `newservice`.
    fn start(l) {
        if let Some(function) = before_start(l) {
            (*host_of(l)).starting.start(function);
        }
        0
    }

    /// `init(f)`: `f` runs before the start function; in a module that is required later, when its
    /// chunk has returned and before `require` does.
    fn init(l) {
        if (*host_of(l)).starting.is_main_over() && super::require::remember_init(l) {
            return 0;
        }
        if let Some(function) = before_start(l) {
            (*host_of(l)).starting.init(function);
        }
        0
    }

    /// `newservice(name, ...)` to its address, when its start function has returned; nil if it
    /// exited there.
    fn newservice(l) {
        let host = host_of(l);
        let slot = waiting(l, host, "newservice");
        text_at(l, 1);
        let count = ffi::lua_gettop(l);
        for index in 2..=count {
            ffi::luaL_tolstring(l, index, std::ptr::null_mut());
            ffi::lua_replace(l, index);
        }
        let begun = fence(|| {
            let text = |index| String::from_utf8_lossy(bytes_at(l, index)).into_owned();
            let args = (2..=count).map(text).collect();
            let session = fresh(host)?;
            let context = (*host).context()?;
            let caller = (*host).handle;
            let home = home_of(host);
            let spawn = (home.spawn)(home, Script::Named(text(1)), args);
            context.spawn(spawn.on_started(move |node, handle, outcome| {
                let message = match outcome {
                    Ok(()) => {
                        let mut bytes = Vec::new();
                        put::integer(&mut bytes, handle.get().into());
                        Message::response(Some(handle), session, Payload::from(bytes))
                    }
                    Err(error) if error.to_string() == LEFT => {
                        Message::response(Some(handle), session, Payload::from(&[0_u8][..]))
                    }
                    Err(error) => {
                        let error = CallError::Refused(error.to_string());
                        Message::error(Some(handle), session, error)
                    }
                };
                // A creator that is gone need not hear of it.
                let _ = node.post(caller, message);
            }));
            (*host).threads.at(slot).expect = Expect::Values;
            (*host).scheduler.wait_call(slot, session, None, None);
            Some(())
        });
        if passed(l, begun).is_none() {
            raise(l, format_args!("the service has ended"));
        }
        ffi::lua_settop(l, 0);
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, Some(called))
    }

    /// `launch("snlua", name, ...)` to an address at once: the service may not have started yet.
    fn launch(l) {
        let host = host_of(l);
        if text_at(l, 1) != "snlua" {
            return 0;
        }
        text_at(l, 2);
        let count = ffi::lua_gettop(l);
        for index in 3..=count {
            ffi::luaL_tolstring(l, index, std::ptr::null_mut());
            ffi::lua_replace(l, index);
        }
        let spawned = fence(|| {
            let text = |index| String::from_utf8_lossy(bytes_at(l, index)).into_owned();
            let home = home_of(host);
            let args = (3..=count).map(text).collect();
            Some((*host).context()?.spawn((home.spawn)(home, Script::Named(text(2)), args)))
        });
        match passed(l, spawned) {
            Some(handle) => ffi::lua_pushinteger(l, handle.get().into()),
            None => ffi::lua_pushnil(l),
        }
        1
    }

    /// `exit()`: the service ends here; nothing after it runs.
    fn exit(l) {
        let host = host_of(l);
        (*host).leave();
        let told = fence(|| {
            if let Some(context) = (*host).context() {
                context.exit(ExitReason::Finished);
            }
            starting::left(host);
        });
        passed(l, told);
        if (*super::host::tag_of(l)).slot != (*host).current || ffi::lua_isyieldable(l) == 0 {
            raise(l, format_args!("the service exits"));
        }
        (*host).leaver = (*host).current;
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, None)
    }
}

/// A reference to the function at 1; when the start is over, it becomes a fork. `[-0, +0, v]`
unsafe fn before_start(l: *mut ffi::lua_State) -> Option<std::ffi::c_int> {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let host = host_of(l);
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        ffi::lua_settop(l, 1);
        if !(*host).starting.is_over() {
            return Some(ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX));
        }
        let slot = acquire(l, host, Role::Task);
        let state = (*host).threads.state(slot);
        ffi::lua_xmove(l, state, 1);
        (*host).scheduler.fork(slot);
        None
    }
}
