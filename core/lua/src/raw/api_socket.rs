//! `skynet.socket`: the table, writing, and what can be asked of a socket. (Opening is in
//! `api_opening`, closing in `api_closing`, reading in `api_reading`.)

use std::ffi::c_int;

use mlua::ffi::{self, lua_CFunction, lua_State};

use super::api_closing as closing;
use super::api_opening as opening;
use super::api_reading as reading;
use super::host::{bytes_at, fence, host_of, passed, raise};
use super::socket_arguments::{data, id_at, known_id, near, net_of, socket, unknown, with_bytes};
use super::sockets::{Phase, Socket};

/// The functions of the module.
static SOCKET: &[(&std::ffi::CStr, lua_CFunction)] = &[
    (c"abandon", closing::abandon),
    (c"block", reading::block),
    (c"close", closing::close),
    (c"close_fd", closing::close_fd),
    (c"disconnected", disconnected),
    (c"header", header),
    (c"invalid", invalid),
    (c"limit", closing::limit),
    (c"listen", opening::listen),
    (c"lwrite", write),
    (c"nodelay", nodelay),
    (c"onclose", onclose),
    (c"open", opening::open),
    (c"pause", pause),
    (c"read", reading::read),
    (c"readall", reading::readall),
    (c"readline", reading::readline),
    (c"resolve", opening::resolve),
    (c"shutdown", closing::shutdown),
    (c"start", opening::start),
    (c"warning", warning),
    (c"write", write),
];

lua_fn! {
    /// Opens `skynet.socket`: what is rarely used is written in Lua, and found when it is.
    fn open_socket(l) {
        ffi::lua_createtable(l, 0, SOCKET.len() as c_int);
        for (name, function) in SOCKET {
            ffi::lua_pushcfunction(l, *function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        ffi::lua_createtable(l, 0, 1);
        ffi::lua_pushcfunction(l, look_up);
        ffi::lua_setfield(l, -2, c"__index".as_ptr());
        ffi::lua_setmetatable(l, -2);
        1
    }

    /// `__index`: finds a name in the half that is written in Lua, and keeps it in the table.
    fn look_up(l) {
        ffi::lua_settop(l, 2);
        super::require::push_module(l, c"skynet.socket.more");
        ffi::lua_pushvalue(l, 2);
        if ffi::lua_rawget(l, -2) != ffi::LUA_TNIL {
            ffi::lua_pushvalue(l, 2);
            ffi::lua_pushvalue(l, -2);
            ffi::lua_rawset(l, 1);
        }
        1
    }

    /// `write(id, data [, size])` to whether the socket takes it.
    fn write(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let written = if ffi::lua_type(l, 2) == ffi::LUA_TSTRING {
            let bytes = bytes_at(l, 2);
            fence(|| net.write(near(host), id, bytes).is_ok())
        } else {
            let body = data(l, host, 2);
            with_bytes(host, body, |bytes| net.write(near(host), id, bytes).is_ok())
        };
        ffi::lua_pushboolean(l, passed(l, written).into());
        1
    }

    /// `invalid(id)`: whether this service does not know it.
    fn invalid(l) {
        let host = host_of(l);
        let known = known_id(l, 1).and_then(|id| socket(host, id)).is_some_and(|socket| !socket.ending);
        ffi::lua_pushboolean(l, c_int::from(!known));
        1
    }

    /// `disconnected(id)`: whether the peer is gone; nil if this service does not know it.
    fn disconnected(l) {
        let host = host_of(l);
        match known_id(l, 1).and_then(|id| socket(host, id)).filter(|socket| !socket.ending) {
            Some(socket) => ffi::lua_pushboolean(l, c_int::from(socket.phase == Phase::Closed)),
            None => ffi::lua_pushnil(l),
        }
        1
    }

    /// `pause(id)`: reads no more until somebody waits for something.
    fn pause(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| {
            if let Some(socket) = socket(host, id)
                && !socket.paused
                && net.pause(id).is_ok()
            {
                socket.paused = true;
                (*host).report(&format!("Pause socket ({id})"));
            }
        }));
        0
    }

    /// `nodelay(id)`.
    fn nodelay(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| drop(net.nodelay(id))));
        0
    }

    /// `onclose(id, f)`: `f(id)` when the connection ends.
    fn onclose(l) {
        ffi::luaL_checktype(l, 2, ffi::LUA_TFUNCTION);
        if socket(host_of(l), id_at(l, 1)).is_none() {
            // It has ended, and nobody will say so again.
            return 0;
        }
        set_callback(l, |socket| &mut socket.on_close)
    }

    /// `warning(id, f)`: `f(id, kilobytes)` when much waits to be sent.
    fn warning(l) {
        set_callback(l, |socket| &mut socket.on_backlog)
    }

    /// `header(text)`: the number that one to four big-endian bytes are.
    fn header(l) {
        ffi::luaL_checkstring(l, 1);
        let bytes = bytes_at(l, 1);
        if bytes.is_empty() || bytes.len() > 4 {
            let len = bytes.len();
            raise(l, format_args!("Invalid read: a header has 1 to 4 bytes, not {len}"));
        }
        let number = bytes.iter().fold(0, |number, byte| number << 8 | ffi::lua_Integer::from(*byte));
        ffi::lua_pushinteger(l, number);
        1
    }
}

unsafe fn set_callback(l: *mut lua_State, field: fn(&mut Socket) -> &mut c_int) -> c_int {
    // SAFETY: by the law; the borrow ends before Lua is called.
    unsafe {
        let host = host_of(l);
        let id = id_at(l, 1);
        ffi::luaL_checktype(l, 2, ffi::LUA_TFUNCTION);
        if socket(host, id).is_none() {
            unknown(l, id);
        }
        ffi::lua_settop(l, 2);
        let function = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        let before = match socket(host, id) {
            Some(socket) => std::mem::replace(field(socket), function),
            None => function,
        };
        ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, before);
        0
    }
}
