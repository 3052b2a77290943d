//! Modules that are part of the program.

use mlua::ffi::{self, lua_CFunction};

use super::host::{home_of, host_of};

/// Where a module comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Builtin {
    /// A C function that returns it.
    Open(lua_CFunction),
    /// The text of a Lua file.
    Text(&'static str),
}

use Builtin::{Open, Text};

/// All of them. (A search from the front is fast enough for what is done once per module.)
static BUILTIN: &[(&str, Builtin)] = &[
    ("skynet", Open(super::api::open_skynet)),
    ("skynet.manager", Open(same_table)),
    ("skynet.core", Open(same_table)),
    ("skynet.socket", Open(super::api_socket::open_socket)),
    ("skynet.codecache", Open(open_codecache)),
    ("skynet.more", Text(include_str!("../../../../lualib/skynet.lua"))),
    ("skynet.queue", Text(include_str!("../../../../lualib/skynet/queue.lua"))),
];

/// The module with this name.
pub(super) fn find(name: &str) -> Option<Builtin> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, module)| *module)
}

lua_fn! {
    /// Modules that only add to `skynet`, which has it all.
    fn same_table(l) {
        super::require::push_module(l, c"skynet");
        1
    }

    /// `skynet.codecache`: control of the compiled scripts.
    fn open_codecache(l) {
        ffi::lua_createtable(l, 0, 3);
        ffi::lua_pushcfunction(l, clear);
        ffi::lua_setfield(l, -2, c"clear".as_ptr());
        ffi::lua_pushcfunction(l, mode);
        ffi::lua_setfield(l, -2, c"mode".as_ptr());
        ffi::lua_pushcfunction(l, super::load::loadfile);
        ffi::lua_setfield(l, -2, c"loadfile".as_ptr());
        1
    }

    fn clear(l) {
        home_of(host_of(l)).chunks.clear();
        0
    }

    /// Changed files are always seen, so there is one mode.
    fn mode(l) {
        ffi::lua_pushstring(l, c"ON".as_ptr());
        1
    }
}
