//! `skynet.socketdriver`: sockets without the library over them, for those who handle socket
//! messages themselves. (Its buffers are in `api_buffer`.)

use std::ffi::{CStr, c_int};
use std::net::SocketAddr;

use mlua::ffi::{self, lua_CFunction, lua_State};
use skyloom_abi::{Message, Payload, Protocol};
use skyloom_net::{Net, NetError, SocketId, SocketInfo, SocketState, decode_address};

use super::api_buffer as buffer;
use super::api_netpack::event;
use super::api_node::text_at;
use super::api_opening as opening;
use super::api_socket as library;
use super::arguments::{Body, push_packed, ready};
use super::calm::Calm;
use super::host::{Host, bytes_at, fence, host_of, passed, push_bytes, raise, raise_text};
use super::socket_arguments::{address, data, id_at, near, net_of, with_bytes};
use super::sockets::has_own_handler;

static DRIVER: &[(&CStr, lua_CFunction)] = &[
    (c"adopt", opening::adopt),
    (c"bind", bind),
    (c"buffer", buffer::buffer),
    (c"clear", buffer::clear),
    (c"close", close),
    (c"connect", connect),
    (c"drop", buffer::drop_message),
    (c"gate", opening::gate),
    (c"header", library::header),
    (c"info", info),
    (c"listen", listen),
    (c"lsend", library::write),
    (c"nodelay", library::nodelay),
    (c"openframes", opening::openframes),
    (c"pause", pause),
    (c"pop", buffer::pop),
    (c"push", buffer::push),
    (c"readall", buffer::readall),
    (c"readline", buffer::readline),
    (c"resolve", opening::resolve),
    (c"send", library::write),
    (c"shutdown", super::api_closing::shutdown),
    (c"start", start),
    (c"str2p", buffer::str2p),
    (c"udp", udp),
    (c"udp_address", udp_address),
    (c"udp_connect", udp_connect),
    (c"udp_dial", udp_dial),
    (c"udp_listen", udp_listen),
    (c"udp_send", udp_send),
    (c"unpack", unpack),
];

lua_fn! {
    /// Opens `skynet.socketdriver`.
    fn open_driver(l) {
        ffi::lua_createtable(l, 0, DRIVER.len() as c_int);
        for (name, function) in DRIVER {
            ffi::lua_pushcfunction(l, *function);
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        1
    }

    /// `connect(host [, port])` to a socket, of which the next message tells.
    fn connect(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let text = text_at(l, 1);
        let (name, port) = address(l, text);
        let handle = (*host).handle;
        push_new(l, host, fence(|| net.connect(handle, name, port).map_err(|error| note(host, &error))))
    }

    /// `listen(host [, port [, backlog]])` to a socket, its address and port.
    fn listen(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let Some(id) = opening::begin_to_listen(l, host, net) else { raise_text(l, host) };
        let port = ffi::lua_tointeger(l, -1);
        let ip = bytes_at(l, -2);
        passed(l, fence(|| tell(host, 2, id, port as u32, ip)));
        3
    }

    /// `start(id)`: reads it, or accepts; the next message says whether it could.
    fn start(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        let handle = (*host).handle;
        passed(l, fence(|| match net.start(near(host), id, handle) {
            Ok(()) => tell(host, 2, id, 0, b"start"),
            Err(NetError::Unknown(_)) => tell(host, 5, id, 0, b"invalid socket"),
            Err(_) => tell(host, 5, id, 0, b"socket closed"),
        }));
        0
    }

    /// `pause(id)`: reads no more until it is started again.
    fn pause(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| drop(net.pause(id))));
        0
    }

    /// `close(id)`: what was written is sent first.
    fn close(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        passed(l, fence(|| drop(net.close(id))));
        0
    }

    /// `bind(fd)` to a socket that reads it: the standard input, which is 0.
    fn bind(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let file = ffi::luaL_checkinteger(l, 1);
        if file != 0 {
            raise(l, format_args!("file {file} cannot be bound: only 0 can, the standard input"));
        }
        let handle = (*host).handle;
        push_new(l, host, fence(|| {
            let id = net.input(handle).map_err(|error| note(host, &error))?;
            net.start(None, id, handle).map_err(|error| note(host, &error))?;
            Ok(id)
        }))
    }

    /// `udp([host [, port]])` to a socket for datagrams.
    fn udp(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        ffi::lua_settop(l, 2);
        let name = match ffi::lua_type(l, 1) {
            ffi::LUA_TNIL => "",
            _ => text_at(l, 1),
        };
        let port = ffi::luaL_optinteger(l, 2, 0);
        let Ok(port) = u16::try_from(port) else { raise(l, format_args!("Invalid port: {port} is none")) };
        let at = (!name.is_empty() || port != 0).then_some((name, port));
        let handle = (*host).handle;
        push_new(l, host, fence(|| {
            net.udp(near(host), handle, at).map_err(|error| note(host, &error))
        }))
    }

    /// `udp_listen(host [, port])` to a socket for datagrams at this address.
    fn udp_listen(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let text = text_at(l, 1);
        let at = address(l, text);
        let handle = (*host).handle;
        push_new(l, host, fence(|| {
            net.udp(near(host), handle, Some(at)).map_err(|error| note(host, &error))
        }))
    }

    /// `udp_dial(host [, port])` to a socket that exchanges datagrams with this address only.
    fn udp_dial(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let peer = peer(l, 1);
        let handle = (*host).handle;
        push_new(l, host, fence(|| {
            net.udp_dial(near(host), handle, peer).map_err(|error| note(host, &error))
        }))
    }

    /// `udp_connect(id, host [, port])`: what is written to it goes there.
    fn udp_connect(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        ffi::lua_settop(l, 3);
        ffi::lua_rotate(l, 1, 2);
        let peer = peer(l, 1);
        let connected = passed(l, fence(|| {
            net.udp_connect(id, peer).map_err(|error| note(host, &error)).is_ok()
        }));
        if !connected {
            raise_text(l, host);
        }
        0
    }

    /// `udp_send(id, address, data [, size])` to whether it could be sent.
    fn udp_send(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        let id = id_at(l, 1);
        ffi::luaL_checkstring(l, 2);
        let to = decode_address(bytes_at(l, 2));
        let body = data(l, host, 3);
        let sent = with_bytes(host, body, |bytes| to.is_some_and(|to| net.send_to(id, to, bytes).is_ok()));
        ffi::lua_pushboolean(l, passed(l, sent).into());
        1
    }

    /// `udp_address(address)` to its ip and port.
    fn udp_address(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        let Some(address) = decode_address(bytes_at(l, 1)) else {
            raise(l, format_args!("Invalid udp address"));
        };
        {
            let _calm = Calm::enter(host);
            push_bytes(l, address.ip().to_string().as_bytes());
        }
        ffi::lua_pushinteger(l, address.port().into());
        2
    }

    /// `unpack(message, size)` of a socket message to kind, socket, a number, and bytes or a text.
    fn unpack(l) {
        let host = host_of(l);
        let body = ready(l, host, 1);
        let seen = passed(l, fence(|| {
            let bytes = match body {
                Body::Key(key) => (*host).keys.take(key).map(|held| held.open().payload.into_bytes()),
                Body::Buffer(start) => Some((*host).buffer.split_off(start)),
                Body::Empty => None,
            };
            let bytes = bytes.unwrap_or_default();
            let event = event(&bytes)?;
            let start = (*host).buffer.len();
            (*host).buffer.extend_from_slice(event.tail);
            Some((event.kind, event.id, event.number, start))
        }));
        let Some((kind, id, number, start)) = seen else {
            raise(l, format_args!("unpack takes a socket message: key and size as they came"));
        };
        for value in [kind, id, number] {
            ffi::lua_pushinteger(l, value.into());
        }
        let has_address = kind == 6;
        if has_address {
            let _calm = Calm::enter(host);
            let buffer = &(*host).buffer;
            let address = buffer.get(start + number as usize..).unwrap_or_default();
            push_bytes(l, address);
            (*host).buffer.truncate(start + number as usize);
        }
        if matches!(kind, 1 | 6) {
            push_packed(l, host, Body::Buffer(start));
            ffi::lua_pop(l, 1);
        } else {
            let _calm = Calm::enter(host);
            let buffer = &(*host).buffer;
            push_bytes(l, buffer.get(start..).unwrap_or_default());
            (*host).buffer.truncate(start);
        }
        if has_address {
            ffi::lua_rotate(l, -2, 1);
            return 5;
        }
        4
    }

    /// `info()` to a table for each socket of the node.
    fn info(l) {
        let host = host_of(l);
        let net = net_of(l, host);
        {
            let _calm = Calm::enter(host);
            let all = net.info();
            ffi::lua_createtable(l, all.len() as c_int, 0);
            for (index, socket) in all.iter().enumerate() {
                push_info(l, socket);
                ffi::lua_rawseti(l, -2, index as ffi::lua_Integer + 1);
            }
        }
        1
    }
}

/// Pushes what is known of a socket as a table. `[-0, +1, m]`
unsafe fn push_info(l: *mut lua_State, socket: &SocketInfo) {
    // SAFETY: called in a calm stretch with places left; the texts end before the next is made.
    unsafe {
        let text = |name: &CStr, value: &str| {
            push_bytes(l, value.as_bytes());
            ffi::lua_setfield(l, -2, name.as_ptr());
        };
        let number = |name: &CStr, value: u64| {
            ffi::lua_pushinteger(l, ffi::lua_Integer::try_from(value).unwrap_or(ffi::lua_Integer::MAX));
            ffi::lua_setfield(l, -2, name.as_ptr());
        };
        ffi::lua_createtable(l, 0, 9);
        number(c"id", socket.id.get().into());
        number(c"address", socket.owner.get().into());
        let kind = match socket.state {
            SocketState::Listening => "LISTEN",
            SocketState::Connecting | SocketState::Open | SocketState::HalfOpen => "TCP",
            SocketState::Datagrams => "UDP",
            SocketState::Input => "BIND",
            SocketState::Closing => "CLOSING",
            _ => "UNKNOWN",
        };
        text(c"type", kind);
        if socket.state == SocketState::Listening {
            number(c"accept", socket.reads);
            if let Some(local) = socket.local {
                text(c"sock", &local.to_string());
            }
            return;
        }
        number(c"read", socket.read_bytes);
        number(c"write", socket.written_bytes);
        number(c"wbuffer", socket.queued as u64);
        for (name, is) in [(c"reading", socket.reading), (c"writing", socket.queued > 0)] {
            ffi::lua_pushboolean(l, is.into());
            ffi::lua_setfield(l, -2, name.as_ptr());
        }
        if let Some(peer) = socket.peer.or(socket.local) {
            text(c"peer", &peer.to_string());
        }
    }
}

/// Where host and port from `index` on are. `[-0, +0, v]`
unsafe fn peer(l: *mut lua_State, index: c_int) -> SocketAddr {
    // SAFETY: called from C functions, by the law.
    unsafe {
        let text = text_at(l, index);
        let (name, port) = address(l, text);
        match passed(l, fence(|| Net::address(name, port))) {
            Some(address) => address,
            None => raise(l, format_args!("{name} is no address: resolve gives those of a name")),
        }
    }
}

/// Pushes a new socket, or raises why there is none. `[-0, +1, v]`
unsafe fn push_new(l: *mut lua_State, host: *mut Host, made: Option<Result<SocketId, ()>>) -> c_int {
    // SAFETY: called from C functions, by the law.
    unsafe {
        match passed(l, made) {
            Ok(id) => ffi::lua_pushinteger(l, id.get().into()),
            Err(()) => raise_text(l, host),
        }
        1
    }
}

/// Leaves the text of an error in the host.
fn note(host: *mut Host, error: &NetError) {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe { (*host).text = error.to_string() }
}

/// Tells the script what Skynet's driver tells by a message of its own.
fn tell(host: *mut Host, kind: u32, id: SocketId, number: u32, text: &[u8]) {
    if !has_own_handler(host) {
        return;
    }
    let mut bytes = Vec::with_capacity(12 + text.len());
    for value in [kind, id.get(), number] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(text);
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        if let Some(context) = (*host).context() {
            let mut envelope = context.envelope();
            *envelope = Message::send(None, Protocol::SOCKET, Payload::from(bytes));
            // A mailbox that is full keeps other messages than this from it too.
            let _ = context.post((*host).handle, envelope);
        }
    }
}
