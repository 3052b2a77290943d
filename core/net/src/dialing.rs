//! Making a connection: one address after the other, within one deadline.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use mio::net::TcpStream;

use crate::event::SocketEvent;
use crate::hold::Hold;
use crate::listening::tune;
use crate::resolve::Found;
use crate::socket::{Body, Dial, Stream};

impl Hold<'_> {
    /// Begins the next attempt, unless one is under way or the name is not known yet.
    ///
    /// Each attempt gets an even share of the time that is left, so that one
    /// address that does not answer leaves time for the next.
    pub(crate) fn dial(&mut self) {
        loop {
            let Body::Dial(dial) = &mut self.state.body else { return };
            let Some(left) = &mut dial.left else { return };
            if dial.attempt.is_some() {
                return;
            }
            if dial.name_only {
                return self.found();
            }
            let shares = u32::try_from(left.len()).unwrap_or(u32::MAX);
            let Some(address) = left.pop_front() else { return self.give_up() };
            let (now, until) = (Instant::now(), dial.until);
            match TcpStream::connect(address) {
                Ok(stream) => dial.attempt = Some((stream, address)),
                Err(error) => {
                    dial.cause = Some(error.to_string());
                    continue;
                }
            }
            self.state.deadline = Some(now + until.saturating_duration_since(now) / shares);
            let home = self.state.home;
            match self.register(home) {
                Ok(()) => return,
                Err(error) => self.drop_attempt(error.to_string()),
            }
        }
    }

    /// The poller reports something about the attempt under way.
    pub(crate) fn dial_progress(&mut self) {
        let Body::Dial(Dial { attempt: Some((stream, _)), .. }) = &self.state.body else { return };
        match outcome(stream) {
            Ok(None) => {}
            Ok(Some(peer)) => self.opened(peer),
            Err(error) => {
                self.drop_attempt(error.to_string());
                self.dial();
            }
        }
    }

    /// The attempt under way, or the look-up, takes too long.
    pub(crate) fn dial_too_long(&mut self) {
        let Body::Dial(dial) = &mut self.state.body else { return };
        if dial.attempt.is_some() {
            self.drop_attempt("no answer in time".to_owned());
            return self.dial();
        }
        dial.cause = Some("its name could not be looked up in time".to_owned());
        self.give_up();
    }

    /// The name has been looked up, or could not be.
    pub(crate) fn resolved(&mut self, found: Found) {
        let Body::Dial(dial) = &mut self.state.body else { return };
        let addresses = found.unwrap_or_else(|error| {
            dial.cause = Some(error.to_string());
            Vec::new()
        });
        dial.left = Some(addresses.into());
        self.attend();
    }

    fn opened(&mut self, peer: SocketAddr) {
        let state = &mut *self.state;
        match std::mem::replace(&mut state.body, Body::Gone) {
            Body::Dial(Dial { attempt: Some((stream, _)), output, .. }) => {
                tune(&stream);
                let stream = Stream::new(stream, peer, output);
                state.body = Body::Stream(Stream { begun: true, ..stream });
            }
            body => {
                state.body = body;
                return;
            }
        }
        state.reading = true;
        state.deadline = None;
        state.news.push(SocketEvent::Opened { id: self.socket.id, addr: peer });
        self.board.counts.opened.fetch_add(1, Relaxed);
        self.push_out();
    }

    /// The addresses were all that was wanted.
    fn found(&mut self) {
        let Body::Dial(dial) = &mut self.state.body else { return };
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in dial.left.take().unwrap_or_default() {
            if !addresses.contains(&address.ip()) {
                addresses.push(address.ip());
            }
        }
        if addresses.is_empty() {
            return self.give_up();
        }
        self.state.told = true;
        self.state.news.push(SocketEvent::Found { id: self.socket.id, addresses });
        self.end(None);
    }

    fn drop_attempt(&mut self, cause: String) {
        self.deregister();
        if let Body::Dial(dial) = &mut self.state.body {
            dial.attempt = None;
            dial.cause = Some(cause);
        }
    }

    fn give_up(&mut self) {
        let Body::Dial(dial) = &mut self.state.body else { return };
        let cause = dial.cause.take().unwrap_or_else(|| "its name has no address".to_owned());
        let what = if dial.name_only { "find" } else { "connect to" };
        let text = format!("cannot {what} {}: {cause}", dial.target);
        self.state.told = true;
        self.state.news.push(SocketEvent::Failed { id: self.socket.id, text });
        self.board.counts.failed.fetch_add(1, Relaxed);
        self.end(None);
    }
}

/// The peer if the connection stands, `None` if it does not yet.
fn outcome(stream: &TcpStream) -> io::Result<Option<SocketAddr>> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(peer) => Ok(Some(peer)),
        // A wake-up too early.
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(None),
        Err(error) => Err(error),
    }
}
