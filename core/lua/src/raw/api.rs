//! The table that `require "skynet"` returns.
//!
//! It is empty at first: a name that is looked up the first time is found here, by a binary
//! search, and stays in the table. A service pays for what it uses; the whole table would be
//! a fifth of its memory.

use mlua::ffi::{self, lua_CFunction, lua_State};
use skyloom_abi::Protocol;

use super::host::bytes_at;
use super::{
    api_inside as inside, api_message as message, api_node as node, api_payload as payload, api_protocol as protocol,
    api_reply as reply, api_service as service, api_stat as stat, api_wait as wait,
};

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    Function(lua_CFunction),
    Number(i64),
    /// The table of the module with this name.
    Module(&'static std::ffi::CStr),
    /// What has the same name in the module with this name, which is written in Lua.
    Part(&'static std::ffi::CStr),
}

use Item::{Function, Module, Number, Part};

/// Of what few services use.
const RARELY: &std::ffi::CStr = c"skynet.rarely";
const TRACE: &std::ffi::CStr = c"skynet.trace";

const fn number(protocol: Protocol) -> Item {
    Number(protocol.0 as i64)
}

/// `skynet`, in the order of the bytes.
static SKYNET: &[(&[u8], Item)] = &[
    (b"PTYPE_CLIENT", number(Protocol::CLIENT)),
    (b"PTYPE_DEBUG", number(Protocol::DEBUG)),
    (b"PTYPE_ERROR", number(Protocol::ERROR)),
    (b"PTYPE_HARBOR", number(Protocol::HARBOR)),
    (b"PTYPE_LUA", number(Protocol::LUA)),
    (b"PTYPE_MULTICAST", number(Protocol::MULTICAST)),
    (b"PTYPE_QUEUE", number(Protocol::QUEUE)),
    (b"PTYPE_RESPONSE", number(Protocol::RESPONSE)),
    (b"PTYPE_SNAX", number(Protocol::SNAX)),
    (b"PTYPE_SOCKET", number(Protocol::SOCKET)),
    (b"PTYPE_SYSTEM", number(Protocol::SYSTEM)),
    (b"PTYPE_TEXT", number(Protocol::TEXT)),
    (b"PTYPE_TRACE", number(Protocol::TRACE)),
    (b"_proto", Part(RARELY)),
    (b"abort", Function(node::abort)),
    (b"address", Function(node::address)),
    (b"cache", Module(c"skynet.codecache")),
    (b"call", Function(message::call)),
    (b"context", Function(reply::context)),
    (b"dispatch", Function(protocol::dispatch)),
    (b"dispatch_message", Function(inside::dispatch_message)),
    (b"dispatch_unknown_request", Function(protocol::dispatch_unknown_request)),
    (b"dispatch_unknown_response", Function(protocol::dispatch_unknown_response)),
    (b"endless", Function(stat::endless)),
    (b"error", Function(node::error)),
    (b"exit", Function(service::exit)),
    (b"filter", Part(RARELY)),
    (b"fork", Function(wait::fork)),
    (b"forward_type", Part(RARELY)),
    (b"genid", Function(message::genid)),
    (b"getenv", Function(node::getenv)),
    (b"harbor", Function(node::harbor)),
    (b"hpc", Function(node::hpc)),
    (b"ignoreret", Function(reply::ignoreret)),
    (b"info_func", Part(RARELY)),
    (b"init", Function(service::init)),
    (b"init_service", Part(RARELY)),
    (b"kill", Function(node::kill)),
    (b"killthread", Function(wait::killthread)),
    (b"launch", Function(service::launch)),
    (b"localname", Function(node::localname)),
    (b"memlimit", Function(node::memlimit)),
    (b"monitor", Part(RARELY)),
    (b"mqlen", Function(node::mqlen)),
    (b"name", Function(node::name)),
    (b"newservice", Function(service::newservice)),
    (b"now", Function(node::now)),
    (b"pack", Function(payload::pack)),
    (b"packstring", Function(payload::packstring)),
    (b"query", Function(node::localname)),
    (b"rawcall", Function(message::rawcall)),
    (b"rawsend", Function(message::rawsend)),
    (b"redirect", Function(message::redirect)),
    (b"register", Function(node::register)),
    (b"register_protocol", Function(protocol::register_protocol)),
    (b"request", Part(c"skynet.request")),
    (b"response", Function(reply::response)),
    (b"ret", Function(reply::ret)),
    (b"retpack", Function(reply::retpack)),
    (b"self", Function(node::self_address)),
    (b"send", Function(message::send)),
    (b"services", Function(stat::services)),
    (b"servicestat", Function(stat::servicestat)),
    (b"setenv", Function(node::setenv)),
    (b"sleep", Function(wait::sleep)),
    (b"start", Function(service::start)),
    (b"starttime", Function(node::starttime)),
    (b"stat", Function(stat::stat)),
    (b"task", Function(node::task)),
    (b"term", Function(stat::term)),
    (b"time", Function(node::time)),
    (b"timeout", Function(wait::timeout)),
    (b"tostring", Function(payload::tostring)),
    (b"trace", Part(TRACE)),
    (b"trace_timeout", Part(c"skynet.tasks")),
    (b"tracecall", Part(TRACE)),
    (b"tracelog", Part(TRACE)),
    (b"traceproto", Part(TRACE)),
    (b"tracetag", Part(TRACE)),
    (b"trash", Function(payload::trash)),
    (b"uniqtask", Part(c"skynet.tasks")),
    (b"unpack", Function(payload::unpack)),
    (b"vmsize", Function(node::memory)),
    (b"wait", Function(wait::wait)),
    (b"wakeup", Function(wait::wakeup)),
    (b"yield", Function(wait::yield_now)),
];

/// The entry of a name.
fn find(name: &[u8]) -> Option<Item> {
    let place = SKYNET.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(SKYNET[place].1)
}

/// Key of the metatable in the registry, whose `[1]` is the Lua half of the table.
const LAZY: &std::ffi::CStr = c"skyloom.skynet";

lua_fn! {
    /// Opens `skynet`.
    fn open_skynet(l) {
        ffi::lua_createtable(l, 0, 0);
        if ffi::luaL_newmetatable(l, LAZY.as_ptr()) != 0 {
            ffi::lua_pushcfunction(l, look_up);
            ffi::lua_setfield(l, -2, c"__index".as_ptr());
            ffi::lua_pushcfunction(l, iterate);
            ffi::lua_setfield(l, -2, c"__pairs".as_ptr());
        }
        ffi::lua_setmetatable(l, -2);
        1
    }

    /// `__index`: finds a name and keeps it in the table.
    fn look_up(l) {
        ffi::lua_settop(l, 2);
        if ffi::lua_type(l, 2) != ffi::LUA_TSTRING {
            return 0;
        }
        match find(bytes_at(l, 2)) {
            Some(item) => push(l, bytes_at(l, 2), item),
            None => push_from_lua(l),
        }
        if ffi::lua_type(l, -1) == ffi::LUA_TNIL {
            return 1;
        }
        ffi::lua_pushvalue(l, 2);
        ffi::lua_pushvalue(l, -2);
        ffi::lua_rawset(l, 1);
        1
    }

    /// `__pairs`: all names, found ones and others.
    fn iterate(l) {
        ffi::lua_settop(l, 1);
        for (name, item) in SKYNET {
            super::host::push_bytes(l, name);
            push(l, name, *item);
            ffi::lua_rawset(l, 1);
        }
        super::require::push_module(l, c"skynet.more");
        ffi::lua_pushnil(l);
        while ffi::lua_next(l, 2) != 0 {
            ffi::lua_pushvalue(l, 3);
            ffi::lua_rotate(l, -2, 1);
            ffi::lua_rawset(l, 1);
        }
        ffi::lua_settop(l, 1);
        ffi::lua_getglobal(l, c"next".as_ptr());
        ffi::lua_pushvalue(l, 1);
        ffi::lua_pushnil(l);
        3
    }
}

/// Pushes what a name stands for. `[-0, +1, v]`
unsafe fn push(l: *mut lua_State, name: &[u8], item: Item) {
    // SAFETY: called from C functions, by the law.
    unsafe {
        match item {
            Function(function) => ffi::lua_pushcfunction(l, function),
            Number(number) => ffi::lua_pushinteger(l, number),
            Module(name) => super::require::push_module(l, name),
            Part(module) => {
                super::require::push_module(l, module);
                super::host::push_bytes(l, name);
                ffi::lua_rawget(l, -2);
                ffi::lua_rotate(l, -2, 1);
                ffi::lua_pop(l, 1);
            }
        }
    }
}

/// Pushes the value of a name in the half that is written in Lua, or nil. `[-0, +1, v]`
unsafe fn push_from_lua(l: *mut lua_State) {
    // SAFETY: called from `look_up`, whose second argument is the name.
    unsafe {
        super::require::push_module(l, c"skynet.more");
        ffi::lua_pushvalue(l, 2);
        ffi::lua_rawget(l, -2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_order_so_that_they_are_found() {
        assert!(SKYNET.is_sorted_by(|(one, _), (other, _)| one < other));
        assert!(find(b"call").is_some() && find(b"caller").is_none());
    }
}
