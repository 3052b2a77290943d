//! The sockets of a service: what came, who reads, and what to do about an event.
//!
//! Events are dealt with here, without Lua, unless the script asked for a call. A coroutine that
//! reads is woken when what it wants is there, not before. It waits on itself, as it would in
//! `skynet.wait`, so it looks again when it goes on.

use std::collections::HashMap;
use std::ffi::c_int;
use std::net::SocketAddr;

use mlua::ffi;
use skyloom_abi::{Protocol, Session};
use skyloom_net::{Net, SocketEvent, SocketId};

use super::frames::{GateFunctions, frames};
use super::host::{Host, home_of, push_bytes};
use super::threads::{Role, acquire};
use super::turn::run;
use crate::inbox::Inbox;
use crate::scheduler::Token;

/// Unread bytes at which a socket is not read any more until somebody waits for more.
const ENOUGH: usize = 128 << 10;

/// Unread bytes that no waiting reader may make of a peer: a line without an end is no line.
const MOST: usize = 64 << 20;

/// From how many bytes that wait to be sent on a script hears of it.
const BACKLOG: usize = 1 << 20;

/// What a coroutine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// That the connection stands, or cannot be made.
    Connected,
    /// Anything.
    Some,
    /// So many bytes.
    Exactly(usize),
    /// A line; the separator is kept with the socket.
    Line,
    /// The end.
    End,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Connecting,
    Open,
    /// Nothing more will come.
    Closed,
}

/// What is done with what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// It is kept until somebody reads it.
    Stream,
    /// It is cut into frames, each of which goes to the gate's function.
    Frames,
    /// Each datagram goes to the function `on_news`.
    Datagrams,
}

/// One socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) phase: Phase,
    pub(super) style: Style,
    pub(super) inbox: Inbox,
    /// Who waits, under which session, and for what.
    pub(super) reader: Option<(u32, Session, Want)>,
    pub(super) separator: Vec<u8>,
    pub(super) paused: bool,
    /// The script has closed it, and its last reader has not gone on yet.
    pub(super) ending: bool,
    /// The script has heard that much waits to be sent, and not that it has been.
    pub(super) warned: bool,
    /// Most unread bytes that nobody waits for.
    pub(super) limit: usize,
    /// What went wrong.
    pub(super) failure: Option<String>,
    /// References of functions, or `LUA_NOREF`; the first is for accepted connections or datagrams.
    pub(super) on_news: c_int,
    pub(super) on_close: c_int,
    pub(super) on_backlog: c_int,
}

/// All sockets of a service.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) all: HashMap<u32, Socket>,
    pub(super) gate: GateFunctions,
}

impl Socket {
    pub(super) fn new(phase: Phase) -> Socket {
        Socket {
            phase,
            style: Style::Stream,
            inbox: Inbox::default(),
            reader: None,
            separator: Vec::new(),
            paused: false,
            ending: false,
            warned: false,
            limit: usize::MAX,
            failure: None,
            on_news: ffi::LUA_NOREF,
            on_close: ffi::LUA_NOREF,
            on_backlog: ffi::LUA_NOREF,
        }
    }

    /// Whether what is wanted is there, or will never be.
    pub(super) fn is_ready(&mut self, want: Want) -> bool {
        match want {
            Want::Connected => self.phase != Phase::Connecting,
            _ if self.phase == Phase::Closed => true,
            Want::Some => !self.inbox.is_empty(),
            Want::Exactly(len) => self.inbox.len() >= len,
            Want::Line => self.inbox.line(&self.separator).is_some(),
            Want::End => false,
        }
    }
}

/// What an event asks the host to do.
enum Call {
    None,
    /// Call this function with the socket's number, and this.
    Function(c_int, u32, Extra),
    /// Hand out the frames that are there.
    Frames(u32),
}

enum Extra {
    Accepted(SocketId, SocketAddr),
    Kilobytes(usize),
    /// The function is called this once.
    Closed(c_int),
    /// The reason why a connection of the gate ended, if not in order.
    Ended(Option<String>),
    /// Instead of the socket's number: the bytes, then the sender.
    Datagram(Vec<u8>, SocketAddr),
}

/// Whether an event is dealt with here, and not by the script's own handler of the protocol.
pub(super) fn is_ours(host: *mut Host, event: &SocketEvent) -> bool {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        if !has_own_handler(host) {
            return true;
        }
        (*host).sockets.as_ref().is_some_and(|sockets| sockets.all.contains_key(&event.socket().get()))
    }
}

/// Whether the script handles socket messages itself, as those do that use the driver.
pub(super) fn has_own_handler(host: *mut Host) -> bool {
    // SAFETY: `host` is valid by the law; nothing here enters Lua.
    unsafe {
        let found = (*host).protocols.by_id(Protocol::SOCKET.0.into());
        found.is_some_and(|index| (*host).protocols.at(index).handler != ffi::LUA_NOREF)
    }
}

/// Deals with one event.
///
/// # Safety
///
/// No coroutine of `host` runs, and the caller holds no reference into it.
pub(super) unsafe fn event(host: *mut Host, event: SocketEvent) {
    // SAFETY: `note` does not enter Lua; the coroutine is fresh, and nothing is strict.
    unsafe {
        let Some(net) = home_of(host).net.as_ref() else { return };
        let (function, id, extra) = match note(&mut *host, net, event) {
            Call::None | Call::Function(ffi::LUA_NOREF, ..) => return,
            Call::Frames(id) => return frames(host, id),
            Call::Function(function, id, extra) => (function, id, extra),
        };
        let slot = acquire((*host).main, host, Role::Task);
        let state = (*host).threads.state(slot);
        (*host).scheduler.begin(slot, None, None, false);
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, function.into());
        if !matches!(extra, Extra::Datagram(..)) {
            ffi::lua_pushinteger(state, id.into());
        }
        let count = match extra {
            Extra::Closed(function) => {
                ffi::luaL_unref(state, ffi::LUA_REGISTRYINDEX, function);
                1
            }
            Extra::Accepted(accepted, peer) => {
                ffi::lua_settop(state, 1);
                ffi::lua_pushinteger(state, accepted.get().into());
                push_bytes(state, peer.to_string().as_bytes());
                2
            }
            Extra::Kilobytes(size) => {
                ffi::lua_pushinteger(state, size as ffi::lua_Integer);
                2
            }
            Extra::Ended(reason) => {
                match reason {
                    Some(reason) => push_bytes(state, reason.as_bytes()),
                    None => ffi::lua_pushnil(state),
                }
                2
            }
            Extra::Datagram(bytes, from) => {
                push_bytes(state, &bytes);
                let mut address = Vec::with_capacity(19);
                skyloom_net::encode_address(from, &mut address);
                push_bytes(state, &address);
                2
            }
        };
        run(host, slot, count);
    }
}

/// Takes in what an event tells; wakes who waited for it.
fn note(host: &mut Host, net: &Net, event: SocketEvent) -> Call {
    let number = event.socket().get();
    let Some(sockets) = host.sockets.as_mut() else { return unexpected(net, event) };
    let gate = sockets.gate;
    let Some(socket) = sockets.all.get_mut(&number) else { return unexpected(net, event) };
    let mut call = Call::None;
    let mut line = None;
    match event {
        SocketEvent::Opened { .. } => socket.phase = Phase::Open,
        SocketEvent::Failed { text, .. } => {
            socket.phase = Phase::Closed;
            socket.failure = Some(text);
        }
        SocketEvent::Found { addresses, .. } => {
            socket.phase = Phase::Closed;
            let lines: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            socket.inbox.push(lines.join("\n").into_bytes());
        }
        SocketEvent::Data { bytes, .. } if socket.style == Style::Frames => {
            socket.inbox.push(bytes);
            return Call::Frames(number);
        }
        SocketEvent::Data { id, bytes } => {
            socket.inbox.push(bytes);
            line = too_much(socket, net, id);
        }
        SocketEvent::Datagram { bytes, from, .. } => {
            return match socket.on_news {
                ffi::LUA_NOREF => Call::None,
                function => Call::Function(function, number, Extra::Datagram(bytes, from)),
            };
        }
        SocketEvent::Accepted { id, peer, .. } if socket.on_news != ffi::LUA_NOREF => {
            call = Call::Function(socket.on_news, number, Extra::Accepted(id, peer));
        }
        SocketEvent::Accepted { id, .. } => {
            let _ = net.shutdown(id);
        }
        SocketEvent::Closed { reason, .. } => {
            socket.phase = Phase::Closed;
            if socket.style == Style::Frames {
                return Call::Function(gate.ended, number, Extra::Ended(reason));
            }
            if let Some(reason) = reason {
                line = Some(format!("socket: error on {number} {reason}"));
                socket.failure = Some(reason);
            }
            let function = std::mem::replace(&mut socket.on_close, ffi::LUA_NOREF);
            if function != ffi::LUA_NOREF {
                call = Call::Function(function, number, Extra::Closed(function));
            }
        }
        SocketEvent::Backlog { bytes, .. } => {
            let told = if bytes == 0 { std::mem::take(&mut socket.warned) } else { bytes >= BACKLOG };
            socket.warned |= told && bytes > 0;
            let function = if socket.style == Style::Frames { gate.backlog } else { socket.on_backlog };
            let size = bytes.div_ceil(1024);
            if told && function != ffi::LUA_NOREF {
                call = Call::Function(function, number, Extra::Kilobytes(size));
            } else if told && size > 0 {
                line = Some(format!("WARNING: {size} K bytes need to send out (fd = {number})"));
            }
        }
    }
    if let Some((slot, session, want)) = socket.reader
        && socket.is_ready(want)
    {
        socket.reader = None;
        if host.scheduler.session_of(slot) == Some(session) {
            host.scheduler.wakeup(Token(slot));
        }
    }
    if let Some(line) = line {
        host.report(&line);
    }
    call
}

/// An event of a socket that this service does not know (any more).
#[cold]
fn unexpected(net: &Net, event: SocketEvent) -> Call {
    if let SocketEvent::Accepted { id, .. } = event {
        // Nobody listens any more.
        let _ = net.shutdown(id);
    }
    Call::None
}

/// Stops reading, or ends, a socket of which too much lies unread; returns the line for the log.
#[inline]
fn too_much(socket: &mut Socket, net: &Net, id: SocketId) -> Option<String> {
    let size = socket.inbox.len();
    if size <= ENOUGH.min(socket.limit) {
        return None;
    }
    let want = socket.reader.map(|(_, _, want)| want);
    if want.is_some_and(|want| socket.is_ready(want)) {
        return None;
    }
    let asked_for = matches!(want, Some(Want::Exactly(_)));
    if size > socket.limit && !asked_for || size > MOST && !matches!(want, Some(Want::Exactly(_) | Want::End)) {
        let _ = net.shutdown(id);
        return Some(format!("socket buffer overflow: fd={id} size={size}"));
    }
    if size > ENOUGH && want.is_none() && !socket.paused {
        socket.paused = net.pause(id).is_ok();
        return Some(format!("Pause socket ({id}) size : {size}"));
    }
    None
}

/// Notes that a coroutine waits for a socket, which is read again if it had been paused.
///
/// `false` if another coroutine waits for it already.
pub(super) fn begin_waiting(host: &mut Host, net: &Net, id: SocketId, slot: u32, want: Want) -> bool {
    let near = host.context().and_then(|context| context.near().worker());
    let (scheduler, handle) = (&host.scheduler, host.handle);
    let Some(context) = host.context() else { return false };
    let session = context.session(|session| scheduler.is_taken(session));
    let Some(socket) = host.sockets.as_mut().and_then(|sockets| sockets.all.get_mut(&id.get())) else { return false };
    if let Some((other, waits, _)) = socket.reader
        && host.scheduler.session_of(other) == Some(waits)
    {
        return false;
    }
    let resumed = std::mem::take(&mut socket.paused);
    if resumed && net.start(near, id, handle).is_err() {
        socket.phase = Phase::Closed;
    }
    socket.reader = Some((slot, session, want));
    let ready = socket.is_ready(want);
    host.scheduler.wait_wakeup(slot, session, Token(slot));
    if ready {
        socket.reader = None;
        host.scheduler.wakeup(Token(slot));
    }
    if resumed {
        host.report(&format!("Resume socket ({id})"));
    }
    true
}
