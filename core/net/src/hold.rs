//! A socket whose lock is held: what every kind of socket can do.
//!
//! A step changes the state and puts what the owner should hear into `news`.
//! Whoever has a door [`deliver`](Hold::deliver)s it then; whoever has none
//! [`pass_on`](Hold::pass_on)s the socket to its poller, which has one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Token};
use parking_lot::MutexGuard;
use skyloom_abi::{Cause, Door, Undelivered};
use socket2::SockRef;

use crate::board::{Board, message};
use crate::event::SocketEvent;
use crate::socket::{Body, Socket, State};

/// A socket whose lock is held, and the board it is on.
pub(crate) struct Hold<'a> {
    pub(crate) board: &'a Board,
    pub(crate) socket: &'a Arc<Socket>,
    pub(crate) state: MutexGuard<'a, State>,
}

/// What is left to do with a socket that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Seen {
    /// Nothing, until its poller hears of it again.
    All,
    /// It has more than one visit may take; no poller will say so again.
    More,
}

impl Board {
    /// Takes the lock of `socket`.
    pub(crate) fn hold<'a>(&'a self, socket: &'a Arc<Socket>) -> Hold<'a> {
        Hold { board: self, socket, state: socket.state.lock() }
    }
}

impl Hold<'_> {
    /// Registers the socket with poller `home`, taking it from another one if need be.
    ///
    /// A socket that is ready already is reported by its new poller, so that
    /// nothing is lost on the way.
    ///
    /// # Errors
    ///
    /// The system's; the socket is then registered nowhere.
    pub(crate) fn register(&mut self, home: usize) -> io::Result<()> {
        self.deregister();
        let state = &mut *self.state;
        state.home = home;
        let Some((source, interest)) = source(&mut state.body) else { return Ok(()) };
        let desk = &self.board.desks[home];
        desk.registry.register(source, Token(self.socket.id.get() as usize), interest)?;
        desk.sources.fetch_add(1, Relaxed);
        state.registered = true;
        Ok(())
    }

    /// Takes the socket from its poller.
    pub(crate) fn deregister(&mut self) {
        let state = &mut *self.state;
        if !std::mem::take(&mut state.registered) {
            return;
        }
        let desk = &self.board.desks[state.home];
        desk.sources.fetch_sub(1, Relaxed);
        if let Some((source, _)) = source(&mut state.body)
            && let Err(error) = desk.registry.deregister(source)
        {
            log::warn!("{:?} could not be taken from its poller: {error}", self.socket.id);
        }
    }

    /// Ends the socket: it leaves the table and its file is closed.
    ///
    /// Output that still waits is dropped, and then the connection is reset:
    /// the system shall not go on serving a peer that did not read.
    pub(crate) fn end(&mut self, reason: Option<String>) {
        self.deregister();
        let state = &mut *self.state;
        match std::mem::replace(&mut state.body, Body::Gone) {
            Body::Gone => return,
            Body::Listener(_) => {}
            Body::Dial(_) | Body::Datagrams(_) | Body::Input(_) => self.board.leave(),
            Body::Stream(stream) => {
                self.board.leave();
                if stream.guest && self.board.limits.per_address.is_some() {
                    self.board.guests.leave(stream.peer.ip());
                }
                if !stream.output.is_empty() {
                    // If this fails the connection ends less abruptly, that is all.
                    let _ = SockRef::from(&stream.stream).set_linger(Some(Duration::ZERO));
                }
            }
        }
        state.reading = false;
        state.deadline = None;
        self.board.table.remove(self.socket.id);
        self.board.owners.remove(state.owner, self.socket.id);
        self.tell_closed(reason);
    }

    /// Ends the socket because there is nobody left to tell.
    pub(crate) fn abandon(&mut self) {
        if !matches!(self.state.body, Body::Gone) {
            self.board.counts.abandoned.fetch_add(1, Relaxed);
        }
        self.state.told = true;
        self.end(None);
        self.state.news.clear();
    }

    /// Tells the owner, once, that nothing more will come.
    pub(crate) fn tell_closed(&mut self, reason: Option<String>) {
        if !std::mem::replace(&mut self.state.told, true) {
            self.state.news.push(SocketEvent::Closed { id: self.socket.id, reason });
        }
    }

    /// Posts what the owner should hear; a socket without an owner ends.
    pub(crate) fn deliver(&mut self, door: &dyn Door) {
        if self.state.news.is_empty() {
            return;
        }
        for event in std::mem::take(&mut self.state.news) {
            let last = event.is_last();
            let Err(undelivered) = self.post(event, door) else { continue };
            if last && undelivered.cause == Cause::Full {
                // Owners count on this one: it waits until they have room.
                self.board.desks[self.state.home].keep(undelivered.to, undelivered.message);
            }
            self.abandon();
            return;
        }
    }

    /// Posts one event to the owner.
    pub(crate) fn post(&self, event: SocketEvent, door: &dyn Door) -> Result<(), Undelivered> {
        door.post(self.state.owner, message(event))
    }

    /// Asks the socket's poller to look at it.
    pub(crate) fn attend(&mut self) {
        if !std::mem::replace(&mut self.state.attended, true) {
            self.board.desks[self.state.home].attend(self.socket.clone());
        }
    }

    /// Leaves to the poller what cannot be done here.
    pub(crate) fn pass_on(&mut self) {
        let broken = matches!(&self.state.body, Body::Stream(stream) if stream.broken.is_some());
        if broken || !self.state.news.is_empty() {
            self.attend();
        }
    }
}

fn source(body: &mut Body) -> Option<(&mut dyn Source, Interest)> {
    match body {
        Body::Listener(listener) => Some((&mut listener.listener, Interest::READABLE)),
        // Both from the start: changing it would cost a system call each way, and
        // an edge that nobody needs costs next to nothing.
        Body::Stream(stream) => Some((&mut stream.stream, Interest::READABLE | Interest::WRITABLE)),
        Body::Dial(dial) => {
            let (stream, _) = dial.attempt.as_mut()?;
            Some((stream, Interest::READABLE | Interest::WRITABLE))
        }
        Body::Datagrams(datagrams) => Some((&mut datagrams.socket, Interest::READABLE | Interest::WRITABLE)),
        Body::Input(_) | Body::Gone => None,
    }
}
