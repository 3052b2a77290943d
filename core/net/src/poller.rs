//! What one worker polls between turns and sleeps in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Poll};
use skyloom_abi::{Cause, Door, Driver, Remote};

use crate::board::Board;
use crate::desk::{Desk, WAKE};
use crate::hold::{Hold, Seen};
use crate::id::SocketId;
use crate::nap::Nap;
use crate::socket::{Body, Socket, Stage};

/// Readiness reports taken with one system call.
const EVENTS: usize = 1024;

/// The largest read, and with it the largest `Data` event.
const BUFFER: usize = 64 << 10;

/// How soon an owner whose mailbox was full is told again that its socket ended.
const AGAIN: Duration = Duration::from_millis(100);

/// The sockets of one worker, as the kernel drives them.
///
/// Nothing in it depends on the thread: another worker may drive it while its
/// own is held up by a long handler.
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    nap: Nap,
    events: Events,
    board: Arc<Board>,
    visitor: Visitor,
}

/// What a poller needs to visit its sockets.
#[derive(Debug)]
struct Visitor {
    index: usize,
    buffer: Box<[u8]>,
    /// Sockets that had more than one visit may take.
    again: Vec<Arc<Socket>>,
    deadlines: BinaryHeap<Reverse<(Instant, SocketId)>>,
}

#[derive(Debug)]
struct Bell {
    board: Arc<Board>,
    index: usize,
}

impl Poller {
    pub(crate) fn new(poll: Poll, board: Arc<Board>, index: usize) -> io::Result<Poller> {
        let nap = Nap::new(&poll, WAKE)?;
        let visitor = Visitor {
            index,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            again: Vec::new(),
            deadlines: BinaryHeap::new(),
        };
        Ok(Poller { poll, nap, events: Events::with_capacity(EVENTS), board, visitor })
    }
}

impl Driver for Poller {
    fn drive(&mut self, timeout: Option<Duration>, door: &dyn Door) {
        let Poller { poll, nap, events, board, visitor } = self;
        let board = &**board;
        let desk = &board.desks[visitor.index];
        // Nothing, unless another worker drives us while ours is held up in a
        // turn: then what that turn wrote so far need not wait for its end.
        board.flush(visitor.index, door);

        if let Err(error) = poll.poll(events, nap.begin(visitor.patience(desk, timeout)))
            && error.kind() != io::ErrorKind::Interrupted
        {
            log::error!("a poller failed: {error}");
        }
        // Taken before the events are looked at: what these add waits for the next round.
        let again = std::mem::take(&mut visitor.again);
        for event in events.iter().filter(|event| event.token() != WAKE) {
            visitor.see_event(board, event, door);
        }
        visitor.see_attended(board, door);
        visitor.see_again(board, again, door);
        visitor.see_deadlines(board, door);
        repeat_last_words(desk, door);
    }

    fn remote(&self) -> Arc<dyn Remote> {
        Arc::new(Bell { board: self.board.clone(), index: self.visitor.index })
    }
}

impl Remote for Bell {
    fn wake(&self) {
        self.board.desks[self.index].wake();
    }

    fn is_idle(&self) -> bool {
        self.board.desks[self.index].is_idle()
    }

    fn flush(&self, door: &dyn Door) {
        self.board.flush(self.index, door);
    }
}

impl Visitor {
    /// How long to wait at most, if the caller would wait for `timeout`.
    fn patience(&self, desk: &Desk, timeout: Option<Duration>) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let retry = (!desk.late.is_empty()).then_some(AGAIN);
        let deadline = self.deadlines.peek().map(|Reverse((at, _))| *at);
        let deadline = match timeout {
            Some(Duration::ZERO) => None,
            _ => deadline.map(|at| at.saturating_duration_since(Instant::now())),
        };
        [timeout, retry, deadline].into_iter().flatten().min()
    }

    fn see_event(&mut self, board: &Board, event: &Event, door: &dyn Door) {
        let id = u32::try_from(event.token().0).ok().and_then(SocketId::new);
        // One that ended since the system reported it is not there any more.
        let Some(socket) = id.and_then(|id| board.table.get(id)) else { return };
        let mut hold = board.hold(&socket);
        let ended = event.is_error() || event.is_read_closed();
        let mut thorough = ended;
        if matches!(hold.state.body, Body::Dial(_)) {
            hold.dial_progress();
            thorough = true;
        }
        if event.is_error() {
            hold.look_for_error();
        }
        if let Body::Stream(stream) = &mut hold.state.body
            && event.is_writable()
            && stream.blocked
        {
            stream.blocked = false;
            hold.push_out();
        }
        if let Body::Datagrams(datagrams) = &mut hold.state.body
            && event.is_writable()
            && std::mem::take(&mut datagrams.blocked)
        {
            hold.send_waiting();
        }
        if event.is_readable() || thorough {
            self.look(hold, thorough, door);
        } else {
            self.leave(hold, Seen::All, door);
        }
    }

    fn see_attended(&mut self, board: &Board, door: &dyn Door) {
        let desk = &board.desks[self.index];
        if !desk.has_attended() {
            return;
        }
        let mut list = desk.take_attended();
        for socket in list.drain(..) {
            let mut hold = board.hold(&socket);
            hold.state.attended = false;
            hold.push_out();
            self.look(hold, true, door);
        }
        desk.give_back_attended(list);
    }

    fn see_again(&mut self, board: &Board, mut list: Vec<Arc<Socket>>, door: &dyn Door) {
        for socket in list.drain(..) {
            let mut hold = board.hold(&socket);
            hold.state.again = false;
            self.look(hold, true, door);
        }
        if self.again.is_empty() {
            self.again = list;
        }
    }

    fn see_deadlines(&mut self, board: &Board, door: &dyn Door) {
        if self.deadlines.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some(Reverse((at, id))) = self.deadlines.peek().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            let Some(socket) = board.table.get(id) else { continue };
            let mut hold = board.hold(&socket);
            if hold.state.deadline.is_none_or(|deadline| deadline > now) {
                continue;
            }
            hold.too_late();
            self.look(hold, true, door);
        }
        board.desks[self.index].deadlines.store(self.deadlines.len(), Relaxed);
    }

    /// Does with the socket whatever its kind does when it may be ready.
    fn look(&mut self, mut hold: Hold<'_>, thorough: bool, door: &dyn Door) {
        hold.deliver(door);
        let seen = match &hold.state.body {
            _ if hold.state.again => Seen::All,
            Body::Gone => Seen::All,
            Body::Listener(_) => hold.accept(door),
            Body::Stream(_) => hold.read(&mut self.buffer, thorough, door),
            Body::Datagrams(_) => hold.receive(&mut self.buffer, door),
            Body::Input(_) => hold.take_input(),
            Body::Dial(_) => {
                hold.dial();
                Seen::All
            }
        };
        self.leave(hold, seen, door);
    }

    /// Ends a visit: nothing that it caused is forgotten.
    fn leave(&mut self, mut hold: Hold<'_>, seen: Seen, door: &dyn Door) {
        hold.end_if_broken(&mut self.buffer, door);
        hold.deliver(door);
        let state = &mut *hold.state;
        if let Some(at) = state.deadline
            && state.noted != state.deadline
        {
            state.noted = state.deadline;
            self.deadlines.push(Reverse((at, hold.socket.id)));
            hold.board.desks[self.index].deadlines.store(self.deadlines.len(), Relaxed);
        }
        if seen == Seen::More {
            state.again = true;
            self.again.push(hold.socket.clone());
        }
    }
}

impl Hold<'_> {
    /// The deadline has passed.
    fn too_late(&mut self) {
        self.state.deadline = None;
        match &self.state.body {
            Body::Dial(_) => self.dial_too_long(),
            Body::Stream(stream) => match stream.stage {
                Stage::Flushing { .. } => {
                    let waiting = stream.output.len();
                    let linger = self.board.limits.linger;
                    self.end(Some(format!("{waiting} bytes could not be sent within {linger:?}")));
                }
                Stage::Lingering => self.end(None),
                Stage::Open | Stage::HalfOpen => {}
            },
            // It is about to try again.
            Body::Listener(_) | Body::Datagrams(_) | Body::Input(_) | Body::Gone => {}
        }
    }
}

/// Tells owners whose mailbox was full that their sockets ended.
fn repeat_last_words(desk: &Desk, door: &dyn Door) {
    if desk.late.is_empty() {
        return;
    }
    for (to, message) in desk.late.take() {
        match door.post(to, message) {
            Err(undelivered) if undelivered.cause == Cause::Full => {
                desk.late.push((to, undelivered.message));
            }
            _ => {}
        }
    }
}
