//! `skynet.socket`: how a socket begins. (How it ends is in `api_closing`.)

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use skyloom_net::{Net, SocketId};

use super::api_message::check_resumed;
use super::api_node::text_at;
use super::arguments::waiting;
use super::calm::Calm;
use super::host::{Host, fence, host_of, passed, push_bytes, push_text, raise_text};
use super::socket_arguments::{address, id_at, near, net_of, socket, wait};
use super::sockets::{Phase, Socket, Sockets, Style, Want};

/// Bytes that may wait for the peer of a script's socket, unless the node allows more: scripts
/// that were written for Skynet write without looking, and a slow peer must not cost them its
/// connection too soon.
const QUEUE: usize = 64 << 20;

lua_fn! {
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
                    let _ = net.allow(id, QUEUE);
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
            push_text(l, host);
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
        let listening = begin_to_listen(l, host, net);
        let Some(id) = listening else { raise_text(l, host) };
        passed(l, fence(|| insert(host, id, Socket::new(Phase::Open))));
        3
    }

    /// `start(id [, f])`: takes the socket over; reads it, or accepts and calls `f(id, address)`.
    fn start(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let callback = reference(l, 2);
        let started = {
            let _calm = Calm::enter(host);
            if socket(host, id).is_none() {
                insert(host, id, Socket::new(Phase::Open));
            }
            let before = match socket(host, id) {
                Some(socket) if callback != ffi::LUA_NOREF => std::mem::replace(&mut socket.on_news, callback),
                _ => ffi::LUA_NOREF,
            };
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, before);
            take_over(host, net, id)
        };
        if !started {
            forget(l, host, id);
            ffi::lua_pushnil(l);
            push_text(l, host);
            return 2;
        }
        ffi::lua_pushvalue(l, 1);
        1
    }

    /// `adopt(id, f)`: a socket that the driver opened gives its datagrams to `f(data, from)`;
    /// without `f` it is read like any other.
    fn adopt(l) {
        let host = host_of(l);
        let id = id_at(l, 1);
        let callback = reference(l, 2);
        let style = if callback == ffi::LUA_NOREF { Style::Stream } else { Style::Datagrams };
        forget(l, host, id);
        let adopted = Socket { style, on_news: callback, ..Socket::new(Phase::Open) };
        passed(l, fence(|| insert(host, id, adopted)));
        0
    }

    /// `openframes(id)`: takes the socket over; its frames go to the gate's function.
    fn openframes(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let opened = {
            let _calm = Calm::enter(host);
            if socket(host, id).is_none() {
                insert(host, id, Socket { style: Style::Frames, ..Socket::new(Phase::Open) });
            }
            take_over(host, net, id)
        };
        if !opened {
            forget(l, host, id);
        }
        ffi::lua_pushboolean(l, opened.into());
        1
    }

    /// `gate(frame, ended, backlog)`: the functions for frames, of which a service has one set.
    fn gate(l) {
        let host = host_of(l);
        for index in 1..=3 {
            ffi::luaL_checktype(l, index, ffi::LUA_TFUNCTION);
        }
        ffi::lua_settop(l, 3);
        let backlog = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        let ended = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        let frame = ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX);
        passed(l, fence(|| {
            let sockets = (*host).sockets.get_or_insert_with(Box::<Sockets>::default);
            sockets.gate = super::frames::GateFunctions { frame, ended, backlog };
        }));
        0
    }

    /// `resolve(host)` to a table of its addresses; waits unless it is an address itself.
    fn resolve(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let name = text_at(l, 1);
        if let Some(address) = passed(l, fence(|| Net::address(name, 0))) {
            ffi::lua_createtable(l, 1, 0);
            {
                let _calm = Calm::enter(host);
                push_bytes(l, address.ip().to_string().as_bytes());
            }
            ffi::lua_rawseti(l, -2, 1);
            return 1;
        }
        waiting(l, host, "socket.resolve");
        let handle = (*host).handle;
        let begun = passed(l, fence(|| match net.look_up(handle, name) {
            Ok(id) => {
                insert(host, id, Socket::new(Phase::Connecting));
                Some(id)
            }
            Err(error) => {
                (*host).text = error.to_string();
                None
            }
        }));
        let Some(id) = begun else { raise_text(l, host) };
        ffi::lua_settop(l, 0);
        ffi::lua_pushinteger(l, id.get().into());
        wait(l, host, id, Want::Connected, resolved_later)
    }
}

lua_continuation! {
    /// The connection stands, or will not.
    fn opened_later(l, _context) {
        let host = host_of(l);
        check_resumed(l, host);
        let id = id_at(l, 1);
        let state = socket(host, id).map(|socket| socket.phase);
        match state {
            Some(Phase::Closed) => {
                take_failure(host, id);
                ffi::lua_pushnil(l);
                push_text(l, host);
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

    /// The addresses are known, or will not be.
    fn resolved_later(l, _context) {
        let host = host_of(l);
        check_resumed(l, host);
        let id = id_at(l, 1);
        let len = socket(host, id).map_or(0, |socket| socket.inbox.len());
        if len == 0 {
            take_failure(host, id);
            raise_text(l, host);
        }
        {
            let _calm = Calm::enter(host);
            let text = remove(host, id).map(|socket| socket.inbox.front(usize::MAX).to_vec()).unwrap_or_default();
            ffi::lua_createtable(l, 2, 0);
            for (index, address) in text.split(|byte| *byte == b'\n').enumerate() {
                push_bytes(l, address);
                ffi::lua_rawseti(l, -2, index as ffi::lua_Integer + 1);
            }
        }
        1
    }
}

/// Binds what the arguments say; pushes number, address and port, or leaves a text. `[-0, +(0|3), v]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn begin_to_listen(l: *mut lua_State, host: *mut Host, net: &Net) -> Option<SocketId> {
    // SAFETY: by contract; what needs dropping lives inside the calm stretch.
    unsafe {
        let text = text_at(l, 1);
        let (name, port) = address(l, text);
        let backlog = u32::try_from(ffi::luaL_optinteger(l, 3, 0)).unwrap_or(0);
        let handle = (*host).handle;
        let _calm = Calm::enter(host);
        match net.listen(handle, name, port, backlog) {
            Ok((id, local)) => {
                ffi::lua_pushinteger(l, id.get().into());
                push_bytes(l, local.ip().to_string().as_bytes());
                ffi::lua_pushinteger(l, local.port().into());
                Some(id)
            }
            Err(error) => {
                (*host).text = format!("Listen error: {error}");
                None
            }
        }
    }
}

/// Makes a socket this service's and has it read; `false` leaves the reason in the host's text.
fn take_over(host: *mut Host, net: &Net, id: SocketId) -> bool {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let handle = (*host).handle;
        match net.start(near(host), id, handle) {
            Ok(()) => {
                let _ = net.allow(id, QUEUE);
                true
            }
            Err(error) => {
                (*host).text = error.to_string();
                false
            }
        }
    }
}

/// Forgets a socket that failed; why is in the host's text then.
fn take_failure(host: *mut Host, id: SocketId) {
    let failure = remove(host, id).and_then(|socket| socket.failure);
    // SAFETY: `host` is valid by the law.
    unsafe { (*host).text = failure.unwrap_or_default() }
}

/// Forgets a socket and its functions. `[-0, +0, -]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn forget(l: *mut lua_State, host: *mut Host, id: SocketId) {
    // SAFETY: giving references back does not raise.
    unsafe {
        let functions = remove(host, id).map(|socket| [socket.on_news, socket.on_close, socket.on_backlog]);
        for function in functions.into_iter().flatten() {
            ffi::luaL_unref(l, ffi::LUA_REGISTRYINDEX, function);
        }
    }
}

/// A reference to the function at `index`, or `LUA_NOREF`. `[-0, +0, m]`
unsafe fn reference(l: *mut lua_State, index: c_int) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        if ffi::lua_type(l, index) != ffi::LUA_TFUNCTION {
            return ffi::LUA_NOREF;
        }
        ffi::lua_pushvalue(l, index);
        ffi::luaL_ref(l, ffi::LUA_REGISTRYINDEX)
    }
}

fn insert(host: *mut Host, id: SocketId, socket: Socket) {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let sockets = (*host).sockets.get_or_insert_with(Box::<Sockets>::default);
        sockets.all.insert(id.get(), socket);
    }
}

fn remove(host: *mut Host, id: SocketId) -> Option<Socket> {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe { (*host).sockets.as_mut()?.all.remove(&id.get()) }
}
