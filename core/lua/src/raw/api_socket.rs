//! `skynet.socket`: listening, connecting, writing and closing. (Reading is in `api_reading`.)

use std::ffi::c_int;

use mlua::ffi::{self, lua_CFunction, lua_State};
use skyloom_net::{Net, SocketId};

use super::api_message::check_resumed;
use super::api_node::text_at;
use super::api_reading as reading;
use super::arguments::{Body, ready, waiting};
use super::calm::Calm;
use super::host::{Host, bytes_at, fence, host_of, passed, push_bytes, raise, raise_text};
use super::socket_arguments::{id_at, known_id, net_of, socket, wait};
use super::sockets::{Phase, Socket, Sockets, Want};

/// The functions of the module.
static SOCKET: &[(&std::ffi::CStr, lua_CFunction)] = &[
    (c"abandon", abandon),
    (c"block", reading::block),
    (c"close", close),
    (c"close_fd", close),
    (c"disconnected", disconnected),
    (c"header", header),
    (c"invalid", invalid),
    (c"limit", limit),
    (c"listen", listen),
    (c"lwrite", write),
    (c"nodelay", nodelay),
    (c"onclose", onclose),
    (c"open", open),
    (c"pause", pause),
    (c"read", reading::read),
    (c"readall", reading::readall),
    (c"readline", reading::readline),
    (c"shutdown", shutdown),
    (c"start", start),
    (c"warning", warning),
    (c"write", write),
];

lua_fn! {
    /// Opens `skynet.socket`.
    fn open_socket(l) {
        ffi::lua_createtable(l, 0, SOCKET.len() as c_int);
        for (name, function) in SOCKET {
            ffi::lua_pushcfunction(l, *function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        1
    }

    /// `open(host [, port])` to a socket, or nil and why not.
    fn open(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        waiting(l, host, "socket.open");
        let text = text_at(l, 1);
        let (name, port) = address(l, text);
        let handle = (*host).handle;
        let opened = {
            let _calm = Calm::enter(host);
            match net.connect(handle, name, port) {
                Ok(id) => {
                    insert(host, id, Socket::new(Phase::Connecting));
                    Ok(id)
                }
                Err(error) => {
                    (*host).text = error.to_string();
                    Err(())
                }
            }
        };
        let Ok(id) = opened else {
            ffi::lua_pushnil(l);
            super::host::push_text(l, host);
            return 2;
        };
        ffi::lua_settop(l, 0);
        ffi::lua_pushinteger(l, id.get().into());
        wait(l, host, id, Want::Connected, opened_later)
    }

    /// `listen(host [, port [, backlog]])` to a socket, its address and port.
    fn listen(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let text = text_at(l, 1);
        let (name, port) = address(l, text);
        let backlog = u32::try_from(ffi::luaL_optinteger(l, 3, 0)).unwrap_or(0);
        let handle = (*host).handle;
        let listening = {
            let _calm = Calm::enter(host);
            match net.listen(handle, name, port, backlog) {
                Ok((id, local)) => {
                    insert(host, id, Socket::new(Phase::Open));
                    ffi::lua_pushinteger(l, id.get().into());
                    push_bytes(l, local.ip().to_string().as_bytes());
                    ffi::lua_pushinteger(l, local.port().into());
                    true
                }
                Err(error) => {
                    (*host).text = format!("Listen error: {error}");
                    false
                }
            }
        };
        if !listening {
            raise_text(l, host);
        }
        3
    }

    /// `start(id [, f])`: takes the socket over; reads it, or accepts and calls `f(id, address)`.
    fn start(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let callback = match ffi::lua_type(l, 2) {
            ffi::LUA_TFUNCTION => {
                ffi::lua_pushvalue(l, 2);
                ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX)
            }
            _ => ffi::LUA_NOREF,
        };
        let started = {
            let _calm = Calm::enter(host);
            let handle = (*host).handle;
            let near = (*host).context().and_then(|context| context.near().worker());
            if socket(host, id).is_none() {
                insert(host, id, Socket::new(Phase::Open));
            }
            if let Some(socket) = socket(host, id).filter(|_| callback != ffi::LUA_NOREF) {
                socket.on_accept = callback;
            }
            net.start(near, id, handle).map_err(|error| {
                remove(host, id);
                (*host).text = error.to_string();
            })
        };
        if started.is_err() {
            ffi::lua_pushnil(l);
            super::host::push_text(l, host);
            return 2;
        }
        ffi::lua_pushvalue(l, 1);
        1
    }

    /// `write(id, data [, size])` to whether the socket takes it.
    fn write(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let written = match ffi::lua_type(l, 2) {
            ffi::LUA_TSTRING => {
                let bytes = bytes_at(l, 2);
                fence(|| net.write(near(host), id, bytes).is_ok())
            }
            ffi::LUA_TTABLE => {
                let start = (*host).buffer.len();
                let mut index = 1;
                while ffi::lua_rawgeti(l, 2, index) != ffi::LUA_TNIL {
                    if ffi::lua_type(l, -1) != ffi::LUA_TSTRING {
                        (*host).buffer.truncate(start);
                        raise(l, format_args!("a table to be written holds strings"));
                    }
                    let part = bytes_at(l, -1);
                    (*host).buffer.extend_from_slice(part);
                    ffi::lua_pop(l, 1);
                    index += 1;
                }
                send(net, host, id, Body::Buffer(start))
            }
            _ => {
                let body = ready(l, host, 2);
                send(net, host, id, body)
            }
        };
        ffi::lua_pushboolean(l, passed(l, written).into());
        1
    }

    /// `close(id)`: what was written is sent first.
    fn close(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let functions = fence(|| {
            // Who still reads it is told that it has ended.
            let reader = socket(host, id).and_then(|socket| socket.reader.take());
            if let Some((slot, session, _)) = reader
                && (*host).scheduler.session_of(slot) == Some(session)
            {
                (*host).scheduler.wakeup(crate::scheduler::Token(slot));
            }
            let _ = net.close(id);
            remove(host, id)
        });
        for function in passed(l, functions) {
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, function);
        }
        0
    }

    /// `shutdown(id)`: drops what was written and ends the connection; `close` must follow.
    fn shutdown(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| drop(net.shutdown(id))));
        0
    }

    /// `abandon(id)`: forgets the socket, which another service may start.
    fn abandon(l) {
        let host = host_of(l);
        let id = id_at(l, 1);
        for function in passed(l, fence(|| remove(host, id))) {
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, function);
        }
        0
    }

    /// `invalid(id)`: whether this service does not know it.
    fn invalid(l) {
        let host = host_of(l);
        let known = known_id(l, 1).is_some_and(|id| socket(host, id).is_some());
        ffi::lua_pushboolean(l, c_int::from(!known));
        1
    }

    /// `disconnected(id)`: whether the peer is gone; nil if this service does not know it.
    fn disconnected(l) {
        let host = host_of(l);
        match known_id(l, 1).and_then(|id| socket(host, id)) {
            Some(socket) => ffi::lua_pushboolean(l, c_int::from(socket.phase == Phase::Closed)),
            None => ffi::lua_pushnil(l),
        }
        1
    }

    /// `limit(id, n)`: closes the socket when more than n bytes came and nobody waits for them.
    fn limit(l) {
        let host = host_of(l);
        let id = id_at(l, 1);
        let bytes = usize::try_from(ffi::luaL_checkinteger(l, 2)).unwrap_or(0);
        match socket(host, id) {
            Some(socket) => socket.limit = bytes,
            None => unknown(l, id),
        }
        0
    }

    /// `pause(id)`: reads no more until somebody waits for something.
    fn pause(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let paused = fence(|| net.pause(id).is_ok());
        let paused = passed(l, paused);
        match socket(host, id) {
            Some(socket) => socket.paused = paused,
            None => unknown(l, id),
        }
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
            raise(l, format_args!("Invalid read {len}"));
        }
        let number = bytes.iter().fold(0, |number, byte| number << 8 | ffi::lua_Integer::from(*byte));
        ffi::lua_pushinteger(l, number);
        1
    }
}

lua_continuation! {
    /// The connection stands, or will not.
    fn opened_later(l, _context) {
        let host = host_of(l);
        check_resumed(l, host);
        let id = id_at(l, 1);
        let _calm = Calm::enter(host);
        match socket(host, id) {
            Some(socket) if socket.phase == Phase::Closed => {
                let why = socket.failure.take().unwrap_or_default();
                remove(host, id);
                ffi::lua_pushnil(l);
                push_bytes(l, why.as_bytes());
                2
            }
            Some(_) => {
                ffi::lua_settop(l, 1);
                1
            }
            None => {
                ffi::lua_pushnil(l);
                push_bytes(l, b"closed before it was open");
                2
            }
        }
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

fn send(net: &Net, host: *mut Host, id: SocketId, body: Body) -> Option<bool> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua, or touches the buffer.
    unsafe {
        fence(|| {
            let write = |bytes: &[u8]| net.write(near(host), id, bytes).is_ok();
            match body {
                Body::Empty => write(&[]),
                Body::Key(key) => {
                    let held = (*host).keys.take(key);
                    write(held.as_ref().and_then(|held| held.payload.as_bytes()).unwrap_or_default())
                }
                Body::Buffer(start) => {
                    let buffer = &mut (*host).buffer;
                    let sent = write(buffer.get(start..).unwrap_or_default());
                    buffer.truncate(start);
                    sent
                }
            }
        })
    }
}

#[inline]
fn near(host: *mut Host) -> Option<usize> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe { (*host).context()?.near().worker() }
}

fn insert(host: *mut Host, id: SocketId, socket: Socket) {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let all = (*host).sockets.get_or_insert_with(Box::<Sockets>::default);
        all.0.insert(id.get(), socket);
    }
}

/// Forgets a socket; returns the references of its functions.
fn remove(host: *mut Host, id: SocketId) -> [c_int; 3] {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    let socket = unsafe { (*host).sockets.as_mut().and_then(|all| all.0.remove(&id.get())) };
    socket.map_or([ffi::LUA_NOREF; 3], |socket| [socket.on_accept, socket.on_close, socket.on_backlog])
}

#[cold]
unsafe fn unknown(l: *mut lua_State, id: SocketId) -> ! {
    // SAFETY: by the law.
    unsafe { raise(l, format_args!("this service has no socket {id}")) }
}

/// Name and port: two arguments, or `host:port`, or `[v6]:port`. `[-0, +0, v]`
unsafe fn address(l: *mut lua_State, text: &str) -> (&str, u16) {
    // SAFETY: by the law.
    unsafe {
        if ffi::lua_type(l, 2) == ffi::LUA_TNUMBER || ffi::lua_type(l, 2) == ffi::LUA_TSTRING {
            let mut is_number = 0;
            let port = ffi::lua_tointegerx(l, 2, &mut is_number);
            match u16::try_from(port) {
                Ok(port) if is_number != 0 => return (text, port),
                _ => raise(l, format_args!("Invalid port in address {text:?}")),
            }
        }
        let parts = text.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse::<u16>().ok()?)));
        match parts {
            Some((name, port)) => {
                let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
                (bare.unwrap_or(name), port)
            }
            None => raise(l, format_args!("Invalid port in address {text:?}")),
        }
    }
}
