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
    ("skynet.socket", Open(super::api_socket::open_socket)),
    ("skynet.codecache", Open(open_codecache)),
    ("skynet.more", Text(include_str!("../../../../lualib/skynet.lua"))),
    ("skynet.console.commands", Text(include_str!("../../../../lualib/skynet/console/commands.lua"))),
    ("skynet.console.run", Text(include_str!("../../../../lualib/skynet/console/run.lua"))),
    ("skynet.console.show", Text(include_str!("../../../../lualib/skynet/console/show.lua"))),
    ("skynet.core", Text(include_str!("../../../../lualib/skynet/core.lua"))),
    ("skynet.coroutine", Text(include_str!("../../../../lualib/skynet/coroutine.lua"))),
    ("skynet.datacenter", Text(include_str!("../../../../lualib/skynet/datacenter.lua"))),
    ("skynet.datasheet", Text(include_str!("../../../../lualib/skynet/datasheet.lua"))),
    ("skynet.datasheet.builder", Text(include_str!("../../../../lualib/skynet/datasheet/builder.lua"))),
    ("skynet.datasheet.image", Text(include_str!("../../../../lualib/skynet/datasheet/image.lua"))),
    ("skynet.debug", Text(include_str!("../../../../lualib/skynet/debug.lua"))),
    ("skynet.dns", Text(include_str!("../../../../lualib/skynet/dns.lua"))),
    ("skynet.function", Open(super::api_function::open_function)),
    ("skynet.harbor", Text(include_str!("../../../../lualib/skynet/harbor.lua"))),
    ("skynet.inject", Text(include_str!("../../../../lualib/skynet/inject.lua"))),
    ("skynet.memory", Text(include_str!("../../../../lualib/skynet/memory.lua"))),
    ("skynet.mqueue", Text(include_str!("../../../../lualib/skynet/mqueue.lua"))),
    ("skynet.multicast", Text(include_str!("../../../../lualib/skynet/multicast.lua"))),
    ("skynet.netpack", Open(super::api_netpack::open_netpack)),
    ("skynet.profile", Text(include_str!("../../../../lualib/skynet/profile.lua"))),
    ("skynet.queue", Text(include_str!("../../../../lualib/skynet/queue.lua"))),
    ("skynet.rarely", Text(include_str!("../../../../lualib/skynet/rarely.lua"))),
    ("skynet.request", Text(include_str!("../../../../lualib/skynet/request.lua"))),
    ("skynet.require", Text(include_str!("../../../../lualib/skynet/require.lua"))),
    ("skynet.service", Text(include_str!("../../../../lualib/skynet/service.lua"))),
    ("skynet.sharedata", Text(include_str!("../../../../lualib/skynet/sharedata.lua"))),
    ("skynet.sharedata.objects", Text(include_str!("../../../../lualib/skynet/sharedata/objects.lua"))),
    ("skynet.sharemap", Text(include_str!("../../../../lualib/skynet/sharemap.lua"))),
    ("skynet.sharetable", Text(include_str!("../../../../lualib/skynet/sharetable.lua"))),
    ("skynet.socket.more", Text(include_str!("../../../../lualib/skynet/socket.lua"))),
    ("skynet.socketchannel", Text(include_str!("../../../../lualib/skynet/socketchannel.lua"))),
    ("skynet.socketdriver", Open(super::api_driver::open_driver)),
    ("skynet.stm", Text(include_str!("../../../../lualib/skynet/stm.lua"))),
    ("skynet.tasks", Text(include_str!("../../../../lualib/skynet/tasks.lua"))),
    ("skynet.trace", Text(include_str!("../../../../lualib/skynet/trace.lua"))),
    ("skynet.unique", Text(include_str!("../../../../lualib/skynet/unique.lua"))),
    ("http.deadline", Text(include_str!("../../../../lualib/http/deadline.lua"))),
    ("http.httpc", Text(include_str!("../../../../lualib/http/httpc.lua"))),
    ("http.httpd", Text(include_str!("../../../../lualib/http/httpd.lua"))),
    ("http.internal", Text(include_str!("../../../../lualib/http/internal.lua"))),
    ("http.sockethelper", Text(include_str!("../../../../lualib/http/sockethelper.lua"))),
    ("http.tlshelper", Text(include_str!("../../../../lualib/http/tlshelper.lua"))),
    ("http.url", Text(include_str!("../../../../lualib/http/url.lua"))),
    ("http.websocket", Text(include_str!("../../../../lualib/http/websocket.lua"))),
    ("snax.gateserver", Text(include_str!("../../../../lualib/snax/gateserver.lua"))),
    ("snax.loginserver", Text(include_str!("../../../../lualib/snax/loginserver.lua"))),
    ("snax.msgserver", Text(include_str!("../../../../lualib/snax/msgserver.lua"))),
    ("sproto", Text(include_str!("../../../../lualib/sproto.lua"))),
    ("sprotoloader", Text(include_str!("../../../../lualib/sprotoloader.lua"))),
    ("skynet.snax", Text(include_str!("../../../../lualib/skynet/snax.lua"))),
    ("snax.hotfix", Text(include_str!("../../../../lualib/snax/hotfix.lua"))),
    ("snax.interface", Text(include_str!("../../../../lualib/snax/interface.lua"))),
    ("skyloom.host", Open(super::api_inside::open_host)),
];

/// The names of all of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|(name, _)| *name)
}

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
        ffi::lua_pushstring(l, c"ON".as_ptr());
        ffi::lua_pushcclosure(l, mode, 1);
        ffi::lua_setfield(l, -2, c"mode".as_ptr());
        ffi::lua_pushcfunction(l, super::load::loadfile);
        ffi::lua_setfield(l, -2, c"loadfile".as_ptr());
        1
    }

    fn clear(l) {
        home_of(host_of(l)).chunks.clear();
        0
    }

    /// `mode([name])`: changed files are always seen, so that a mode is remembered and changes nothing.
    fn mode(l) {
        if ffi::lua_type(l, 1) > ffi::LUA_TNIL {
            ffi::luaL_checkstring(l, 1);
            ffi::lua_pushvalue(l, 1);
            ffi::lua_replace(l, ffi::lua_upvalueindex(1));
            return 0;
        }
        ffi::lua_pushvalue(l, ffi::lua_upvalueindex(1));
        1
    }
}
