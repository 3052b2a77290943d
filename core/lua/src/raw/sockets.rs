//! The sockets of a service: what came, who reads, and what to do about an event.
//!
//! Events are dealt with here, without Lua, unless the script asked for a call. A coroutine that
//! reads is woken when what it wants is there, not before. It waits on itself, as it would in
//! `skynet.wait`, so it looks again when it goes on.

use std::collections::HashMap;
use std::ffi::c_int;
use std::net::SocketAddr;

use mlua::ffi;
use skyloom_abi::Session;
use skyloom_net::{Net, SocketEvent, SocketId};

use super::host::{Host, home_of, push_bytes};
use super::threads::{Role, acquire};
use super::turn::run;
use crate::inbox::Inbox;
use crate::scheduler::Token;

/// Unread bytes at which a socket is not read any more until somebody waits for more.
const ENOUGH: usize = 128 << 10;

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

/// One socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) phase: Phase,
    pub(super) inbox: Inbox,
    /// Who waits, under which session, and for what.
    pub(super) reader: Option<(u32, Session, Want)>,
    pub(super) separator: Vec<u8>,
    pub(super) paused: bool,
    /// Most unread bytes that nobody waits for.
    pub(super) limit: usize,
    /// What went wrong.
    pub(super) failure: Option<String>,
    /// References of functions, or `LUA_NOREF`.
    pub(super) on_accept: c_int,
    pub(super) on_close: c_int,
    pub(super) on_backlog: c_int,
}

/// All sockets of a service.
#[derive(Debug, Default)]
pub(super) struct Sockets(pub(super) HashMap<u32, Socket>);

impl Socket {
    pub(super) fn new(phase: Phase) -> Socket {
        Socket {
            phase,
            inbox: Inbox::default(),
            reader: None,
            separator: Vec::new(),
            paused: false,
            limit: usize::MAX,
            failure: None,
            on_accept: ffi::LUA_NOREF,
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
}

enum Extra {
    Nothing,
    Accepted(SocketId, SocketAddr),
    Kilobytes(usize),
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
        let Call::Function(function, id, extra) = note(&mut *host, net, event) else { return };
        let slot = acquire((*host).main, host, Role::Task);
        let state = (*host).threads.state(slot);
        (*host).scheduler.begin(slot, None, None, false);
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, function.into());
        let count = match extra {
            Extra::Nothing => {
                ffi::lua_pushinteger(state, id.into());
                1
            }
            Extra::Accepted(accepted, peer) => {
                ffi::lua_pushinteger(state, accepted.get().into());
                push_bytes(state, peer.to_string().as_bytes());
                2
            }
            Extra::Kilobytes(size) => {
                ffi::lua_pushinteger(state, id.into());
                ffi::lua_pushinteger(state, size as ffi::lua_Integer);
                2
            }
        };
        run(host, slot, count);
    }
}

/// Takes in what an event tells; wakes who waited for it.
fn note(host: &mut Host, net: &Net, event: SocketEvent) -> Call {
    let number = event.socket().get();
    let Some(socket) = host.sockets.as_mut().and_then(|all| all.0.get_mut(&number)) else {
        if let SocketEvent::Accepted { id, .. } = event {
            // Nobody listens any more.
            let _ = net.shutdown(id);
        }
        return Call::None;
    };
    let mut call = Call::None;
    let mut line = None;
    match event {
        SocketEvent::Opened { .. } => socket.phase = Phase::Open,
        SocketEvent::Failed { text, .. } => {
            socket.phase = Phase::Closed;
            socket.failure = Some(text);
        }
        SocketEvent::Data { id, bytes } => {
            socket.inbox.push(bytes);
            let waited = socket.reader.is_some();
            if socket.inbox.len() > socket.limit && !waited {
                line = Some(format!("socket buffer overflow: fd={number} size={}", socket.inbox.len()));
                let _ = net.shutdown(id);
            } else if socket.inbox.len() > ENOUGH && !waited {
                socket.paused = net.pause(id).is_ok();
            }
        }
        SocketEvent::Accepted { id, peer, .. } if socket.on_accept != ffi::LUA_NOREF => {
            call = Call::Function(socket.on_accept, number, Extra::Accepted(id, peer));
        }
        SocketEvent::Accepted { id, .. } => {
            let _ = net.shutdown(id);
        }
        SocketEvent::Closed { reason, .. } => {
            socket.phase = Phase::Closed;
            if let Some(reason) = reason {
                line = Some(format!("socket: error on {number} {reason}"));
                socket.failure = Some(reason);
            }
            if socket.on_close != ffi::LUA_NOREF {
                call = Call::Function(socket.on_close, number, Extra::Nothing);
            }
        }
        SocketEvent::Backlog { bytes, .. } => {
            let size = bytes.div_ceil(1024);
            if socket.on_backlog != ffi::LUA_NOREF {
                call = Call::Function(socket.on_backlog, number, Extra::Kilobytes(size));
            } else if size > 0 {
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

/// Notes that a coroutine waits for a socket, which is read again if it had been paused.
///
/// `false` if another coroutine waits for it already.
pub(super) fn begin_waiting(host: &mut Host, net: &Net, id: SocketId, slot: u32, want: Want) -> bool {
    let near = host.context().and_then(|context| context.near().worker());
    let (scheduler, handle) = (&host.scheduler, host.handle);
    let Some(context) = host.context() else { return false };
    let session = context.session(|session| scheduler.is_taken(session));
    let Some(socket) = host.sockets.as_mut().and_then(|all| all.0.get_mut(&id.get())) else { return false };
    if let Some((other, waits, _)) = socket.reader
        && host.scheduler.session_of(other) == Some(waits)
    {
        return false;
    }
    if std::mem::take(&mut socket.paused) && net.start(near, id, handle).is_err() {
        socket.phase = Phase::Closed;
    }
    socket.reader = Some((slot, session, want));
    let ready = socket.is_ready(want);
    host.scheduler.wait_wakeup(slot, session, Token(slot));
    if ready {
        socket.reader = None;
        host.scheduler.wakeup(Token(slot));
    }
    true
}
