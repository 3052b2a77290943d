//! Modules in Rust, written against mlua's safe API.
//!
//! mlua is attached to a VM when the first of them is required: its own tables cost a VM 4 KB,
//! which services that need none of it do not pay. (mlua's `send` feature is on, so that what a
//! module keeps of the VM may move between workers with it.)

use mlua::ffi;
use mlua::{IntoLua, Lua};

use super::calm::Calm;
use super::host::{bytes_at, fence, home_of, host_of, push_bytes};

/// Where the module is left for the function that asked for it.
static PLACE: u8 = 0;

lua_fn! {
    /// The loader of such a module: `(name)` to its value.
    fn open(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        let place: *const std::ffi::c_void = (&raw const PLACE).cast();
        let opened = {
            let _calm = Calm::enter(host);
            let main = (*host).main;
            let outcome = fence(|| {
                let name = String::from_utf8_lossy(bytes_at(l, 1)).into_owned();
                let module = home_of(host).modules.get(&name).cloned();
                // mlua runs what it does in protected calls of its own.
                let lua: &Lua = Lua::get_or_init_from_ptr(main);
                let made = module
                    .ok_or_else(|| mlua::Error::runtime("no such module"))
                    .and_then(|module| module(lua)?.into_lua(lua))
                    .and_then(|value| {
                        lua.exec_raw::<()>(value, |state| {
                            ffi::lua_rawsetp(state, ffi::LUA_REGISTRYINDEX, place);
                        })
                    });
                (*host).text = made.as_ref().err().map(ToString::to_string).unwrap_or_default();
                made.is_ok()
            });
            let text = std::mem::take(&mut (*host).text);
            if outcome != Some(true) {
                push_bytes(l, if outcome.is_none() { b"a panic inside the module" } else { text.as_bytes() });
            }
            outcome == Some(true)
        };
        if !opened {
            ffi::lua_error(l);
        }
        ffi::lua_rawgetp(l, ffi::LUA_REGISTRYINDEX, place);
        ffi::lua_pushnil(l);
        ffi::lua_rawsetp(l, ffi::LUA_REGISTRYINDEX, place);
        1
    }
}
