//! Reading from a connection, which only its poller does.
//!
//! Pollers report an edge, not a state: whoever stops before the system says
//! "nothing more" must remember to come back, because nobody will say it again.

use std::io::{ErrorKind, Read};

use skyloom_abi::{Cause, Door};

use crate::event::SocketEvent;
use crate::hold::{Hold, Seen};
use crate::socket::{Body, Stage};

/// Reads in one visit, so that one flood does not keep all others waiting.
const READS: usize = 4;

/// Visits to a connection that cannot be written to any more, for what it still holds.
const LAST_VISITS: usize = 256;

/// What a peer may send after we closed, before we stop listening to it.
const DISCARD: usize = 1 << 20;

/// Whether a read that brought less than there was room for means that nothing
/// is left. It saves one system call per message where it holds; elsewhere
/// only a refused read makes the poller report again.
const SHORT_MEANS_ALL: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
));

impl Hold<'_> {
    /// Reads what is there and posts it to the owner, or throws it away if the
    /// owner has closed the socket.
    ///
    /// `thorough` goes on until the system says that nothing is left: the
    /// end of a stream makes no second edge.
    pub(crate) fn read(&mut self, buffer: &mut [u8], thorough: bool, door: &dyn Door) -> Seen {
        for _ in 0..READS {
            let state = &mut *self.state;
            let Body::Stream(stream) = &mut state.body else { return Seen::All };
            let wanted = match stream.stage {
                Stage::Open if state.reading => true,
                Stage::Flushing { eof: false } | Stage::Lingering => false,
                Stage::Open | Stage::HalfOpen | Stage::Flushing { eof: true } => return Seen::All,
            };
            let count = match stream.stream.read(buffer) {
                Ok(0) => {
                    self.peer_ended();
                    return Seen::All;
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Seen::All,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.end(Some(error.to_string()));
                    return Seen::All;
                }
            };
            stream.traffic.reads += 1;
            stream.traffic.read_bytes += count as u64;
            if !wanted {
                stream.discarded += count;
                if stream.discarded > DISCARD {
                    if stream.stage == Stage::Lingering {
                        self.end(None);
                    }
                    return Seen::All;
                }
            } else if !self.post_data(&buffer[..count], door) {
                return Seen::All;
            }
            if SHORT_MEANS_ALL && !thorough && count < buffer.len() {
                return Seen::All;
            }
        }
        Seen::More
    }

    /// Ends a connection that can no longer be written to, after handing over
    /// what it still holds: a peer may say something and then reset.
    pub(crate) fn end_if_broken(&mut self, buffer: &mut [u8], door: &dyn Door) {
        let Body::Stream(stream) = &mut self.state.body else { return };
        let Some(reason) = stream.broken.clone() else { return };
        if stream.begun && stream.stage == Stage::Open {
            // Paused or not: there is no later.
            self.state.reading = true;
            for _ in 0..LAST_VISITS {
                if self.read(buffer, true, door) == Seen::All {
                    break;
                }
            }
        }
        self.end(Some(reason));
    }

    /// Asks the system whether it holds an error against a connection that
    /// nobody reads at the moment.
    pub(crate) fn look_for_error(&mut self) {
        let state = &mut *self.state;
        let Body::Stream(stream) = &mut state.body else { return };
        let unread = stream.stage == Stage::HalfOpen || !state.reading;
        if unread && let Ok(Some(error)) = stream.stream.take_error() {
            stream.output.clear();
            stream.broken = Some(error.to_string());
        }
    }

    /// Posts `bytes`; false if the owner did not get them, and then the socket has ended.
    fn post_data(&mut self, bytes: &[u8], door: &dyn Door) -> bool {
        let event = SocketEvent::Data { id: self.socket.id, bytes: bytes.to_vec() };
        match self.post(event, door) {
            Ok(()) => return true,
            // A stream with a hole is worth nothing.
            Err(error) if error.cause == Cause::Full => {
                self.end(Some("the mailbox of its service is full".to_owned()));
            }
            Err(_) => self.abandon(),
        }
        false
    }

    fn peer_ended(&mut self) {
        let Body::Stream(stream) = &mut self.state.body else { return };
        match stream.stage {
            Stage::Lingering => return self.end(None),
            Stage::Flushing { .. } => stream.stage = Stage::Flushing { eof: true },
            Stage::Open | Stage::HalfOpen => {
                stream.stage = Stage::HalfOpen;
                self.tell_closed(None);
            }
        }
        self.state.reading = false;
    }
}
