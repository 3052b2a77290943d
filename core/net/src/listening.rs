//! Accepting connections.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use skyloom_abi::{Cause, Door};
use socket2::{Domain, SockRef, Socket, Type};

use crate::event::SocketEvent;
use crate::hold::{Hold, Seen};
use crate::output::Output;
use crate::socket::{Body, Listener, Stream};

/// Connections accepted in one visit.
const ACCEPTS: usize = 64;

/// How long to wait when the system has no more files.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How often one listener may complain.
const COMPLAIN: Duration = Duration::from_secs(1);

/// A queue length for those who name none.
const BACKLOG: u32 = 128;

impl Listener {
    /// Binds `address` and lets the system queue up to `backlog` connections (0: 128).
    pub(crate) fn bind(address: SocketAddr, backlog: u32) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // A restarted server must not wait for the ghosts of its old connections;
        // on Windows the same option would let two servers share a port.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let backlog = if backlog == 0 { BACKLOG } else { backlog };
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let listener = TcpListener::from_std(socket.into());
        let local = listener.local_addr()?;
        Ok(Listener { listener, local, complained: None })
    }

    /// Writes a line to the log, at most one a second.
    fn complain(&mut self, what: &dyn std::fmt::Display) {
        let now = Instant::now();
        if self.complained.is_none_or(|last| now - last >= COMPLAIN) {
            self.complained = Some(now);
            log::warn!("cannot accept on {}: {what}", self.local);
        }
    }
}

/// What every connection of ours has: it says at once what it has to say (each
/// turn's output is one write already), and notices one day that its peer is gone.
pub(crate) fn tune(stream: &TcpStream) {
    // Neither is worth losing the connection for.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(stream).set_keepalive(true);
}

impl Hold<'_> {
    /// Accepts what waits.
    pub(crate) fn accept(&mut self, door: &dyn Door) -> Seen {
        for _ in 0..ACCEPTS {
            let state = &mut *self.state;
            let Body::Listener(listener) = &mut state.body else { return Seen::All };
            if !state.reading || state.deadline.is_some() {
                return Seen::All;
            }
            match listener.listener.accept() {
                Ok((stream, peer)) => self.admit(stream, peer, door),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Seen::All,
                    // That peer is gone again already.
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    // Mostly: no more files. The connection stays in the system's queue.
                    _ => {
                        listener.complain(&error);
                        state.deadline = Some(Instant::now() + BACK_OFF);
                        self.board.counts.starved.fetch_add(1, Relaxed);
                        return Seen::All;
                    }
                },
            }
        }
        Seen::More
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr, door: &dyn Door) {
        // On a socket for both families an IPv4 address comes in disguise.
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if let Err(reason) = self.make_room(peer) {
            self.board.counts.refused.fetch_add(1, Relaxed);
            if let Body::Listener(listener) = &mut self.state.body {
                listener.complain(&reason);
            }
            return;
        }
        tune(&stream);
        let stream = Stream { guest: true, ..Stream::new(stream, peer, Output::new()) };
        let socket = self.board.add(self.state.owner, self.state.home, Body::Stream(stream));
        self.board.counts.accepted.fetch_add(1, Relaxed);
        let event = SocketEvent::Accepted { listener: self.socket.id, id: socket.id, peer };
        if let Err(undelivered) = self.post(event, door) {
            self.board.hold(&socket).abandon();
            if undelivered.cause != Cause::Full {
                self.abandon();
            }
        }
    }

    fn make_room(&self, peer: SocketAddr) -> Result<(), String> {
        self.board.enter().map_err(|error| error.to_string())?;
        match self.board.limits.per_address {
            Some(limit) if !self.board.guests.enter(peer.ip(), limit) => {
                self.board.leave();
                Err(format!("{} has {limit} connections already", peer.ip()))
            }
            _ => Ok(()),
        }
    }
}
