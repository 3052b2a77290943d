//! Writing to a connection, and closing it.
//!
//! What a service writes during a turn is gathered and sent with one system
//! call when the turn ends. What the system does not take waits in the output
//! queue until the poller hears that it takes more.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use crate::board::Board;
use crate::error::NetError;
use crate::event::SocketEvent;
use crate::hold::Hold;
use crate::limits::Overflow;
use crate::output::Output;
use crate::socket::{Body, Stage, Stream};

/// A turn that has gathered this much sends it without waiting for its end.
const EARLY: usize = 64 << 10;

impl Board {
    /// Sends what was written during the turn that worker `index` just ended.
    pub(crate) fn flush(&self, index: usize, door: &dyn skyloom_abi::Door) {
        let dirty = &self.desks[index].dirty;
        if dirty.is_empty() {
            return;
        }
        let mut list = dirty.take();
        for socket in list.drain(..) {
            let mut hold = self.hold(&socket);
            if hold.state.dirty == Some(index) {
                hold.state.dirty = None;
            }
            hold.push_out();
            hold.deliver(door);
            hold.pass_on();
        }
        dirty.give_back(list);
    }
}

impl Hold<'_> {
    /// Takes `bytes` for the peer; they are sent when the turn of worker
    /// `near` ends, or at once if there is no such turn.
    pub(crate) fn write(&mut self, near: Option<usize>, bytes: &[u8]) -> Result<(), NetError> {
        self.check_open_for_writing()?;
        if matches!(self.state.body, Body::Datagrams(_)) {
            return self.send_to(None, bytes);
        }
        let limit = self.state.queue;
        if self.waiting() + bytes.len() > limit {
            // Perhaps the peer reads well, and only this turn writes much.
            self.push_out();
            self.check_open_for_writing()?;
            let waiting = self.waiting();
            if waiting > 0 && waiting + bytes.len() > limit {
                return Err(self.overflow(waiting, limit));
            }
        }
        let Some(output) = self.output() else { return Ok(()) };
        output.push(bytes);
        match near {
            Some(near) if self.waiting() < EARLY => {
                // Not only if it is on no list at all: the worker that has it
                // on its list may be held up, and what this one wrote must not wait for that.
                if self.state.dirty != Some(near) && !self.is_blocked() {
                    self.state.dirty = Some(near);
                    self.board.desks[near].dirty.push(self.socket.clone());
                }
            }
            _ => self.push_out(),
        }
        if self.is_blocked() {
            self.note_backlog();
        }
        self.pass_on();
        Ok(())
    }

    /// Sends as much as the system takes.
    pub(crate) fn push_out(&mut self) {
        let Body::Stream(stream) = &mut self.state.body else { return };
        if stream.blocked || stream.output.is_empty() {
            return;
        }
        if let Err(error) = stream.send() {
            stream.output.clear();
            stream.broken = Some(error.to_string());
            return;
        }
        let (blocked, flushing) = (stream.blocked, stream.stage);
        if blocked && !self.state.registered {
            // It was never started, so nobody would hear that it takes more.
            self.register_or_break();
        }
        self.note_backlog();
        if let (false, Stage::Flushing { eof }) = (blocked, flushing) {
            self.say_goodbye(eof);
        }
    }

    /// The owner wants no more of it: what waits is sent, then it ends.
    pub(crate) fn close(&mut self, now: Instant) {
        self.state.reading = false;
        let linger = now + self.board.limits.linger;
        match &mut self.state.body {
            Body::Gone => {}
            Body::Listener(_) | Body::Dial(_) | Body::Datagrams(_) | Body::Input(_) => self.end(None),
            Body::Stream(stream) => {
                let eof = match stream.stage {
                    Stage::Open => false,
                    Stage::HalfOpen => true,
                    Stage::Flushing { .. } | Stage::Lingering => return,
                };
                stream.stage = Stage::Flushing { eof };
                let (broken, waiting) = (stream.broken.take(), stream.output.len());
                self.state.deadline = Some(linger);
                match (broken, waiting) {
                    (Some(reason), _) => self.end(Some(reason)),
                    (None, 0) => self.say_goodbye(eof),
                    (None, _) => self.push_out(),
                }
            }
        }
        // Also to read, and throw away, what came meanwhile.
        self.attend();
    }

    /// All is sent: says so to the peer and to the owner.
    ///
    /// The file is closed only when the peer has closed its side too, or at the
    /// deadline. If it were closed at once, with bytes of the peer unread or
    /// still coming, the peer would be sent a reset, and that may destroy our
    /// last words before it reads them.
    fn say_goodbye(&mut self, eof: bool) {
        if eof {
            return self.end(None);
        }
        let Body::Stream(stream) = &mut self.state.body else { return };
        stream.stage = Stage::Lingering;
        if stream.stream.shutdown(Shutdown::Write).is_err() {
            // Only a connection that is gone already refuses this.
            return self.end(None);
        }
        self.tell_closed(None);
        self.register_or_break();
    }

    fn register_or_break(&mut self) {
        if self.state.registered {
            return;
        }
        let home = self.state.home;
        if let Err(error) = self.register(home)
            && let Body::Stream(stream) = &mut self.state.body
        {
            stream.broken = Some(error.to_string());
        }
    }

    fn check_open_for_writing(&self) -> Result<(), NetError> {
        let id = self.socket.id;
        match &self.state.body {
            Body::Gone => Err(NetError::Unknown(id)),
            Body::Listener(_) | Body::Input(_) => Err(NetError::Listener(id)),
            Body::Dial(_) | Body::Datagrams(_) => Ok(()),
            Body::Stream(stream) => match stream.stage {
                Stage::Open | Stage::HalfOpen if stream.broken.is_none() => Ok(()),
                _ => Err(NetError::Closed(id)),
            },
        }
    }

    /// More would wait for the peer than may.
    fn overflow(&mut self, waiting: usize, limit: usize) -> NetError {
        self.board.counts.overflows.fetch_add(1, Relaxed);
        if self.board.limits.overflow == Overflow::Close {
            self.end(Some(format!("the peer does not read: {waiting} bytes wait for it")));
            self.pass_on();
        }
        NetError::QueueFull { id: self.socket.id, waiting, limit }
    }

    fn note_backlog(&mut self) {
        let id = self.socket.id;
        if let Some(bytes) = self.output().and_then(Output::backlog)
            && !self.state.told
        {
            self.state.news.push(SocketEvent::Backlog { id, bytes });
        }
    }

    fn output(&mut self) -> Option<&mut Output> {
        match &mut self.state.body {
            Body::Dial(dial) => Some(&mut dial.output),
            Body::Stream(stream) => Some(&mut stream.output),
            Body::Listener(_) | Body::Datagrams(_) | Body::Input(_) | Body::Gone => None,
        }
    }

    fn waiting(&mut self) -> usize {
        self.output().map_or(0, |output| output.len())
    }

    /// Whether sending is of no use now: somebody will say when it is.
    fn is_blocked(&self) -> bool {
        match &self.state.body {
            Body::Stream(stream) => stream.blocked || stream.broken.is_some(),
            _ => true,
        }
    }
}

impl Stream {
    /// Sends until nothing waits or the system takes no more.
    ///
    /// After a short write it tries once more: only a refused write makes
    /// every system say when it takes more.
    fn send(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            let (first, second) = self.output.parts();
            let sent = if second.is_empty() {
                (&self.stream).write(first)
            } else {
                (&self.stream).write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
            };
            match sent {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.traffic.writes += 1;
                    self.traffic.written_bytes += count as u64;
                    self.output.sent(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
