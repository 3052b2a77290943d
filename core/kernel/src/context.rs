//! What a handler sees of the node, during one callback.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use skyloom_abi::{CallError, ExitReason, Handle, Message, Payload, Protocol, Session, Undelivered};

use crate::cell::{Cell, Envelope};
use crate::near::Near;
use crate::node::Node;
use crate::peer::Peer;
use crate::timers::{Alarm, Ring, TimerId};

/// What a handler sees: its own address, the clock, and the ways to talk to others.
pub struct Context<'a> {
    node: &'a Node,
    cell: &'a Cell,
    near: Near,
    peer: &'a Peer,
    /// The envelope of the message that is handled, if it was given back.
    spare: std::cell::Cell<Option<Envelope>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(node: &'a Node, cell: &'a Cell, near: Near, peer: &'a Peer) -> Context<'a> {
        Context { node, cell, near, peer, spare: std::cell::Cell::new(None) }
    }

    /// The service's own address.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.cell.handle
    }

    /// What the service was called when it was spawned.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.cell.label
    }

    /// The node it lives on.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// Which worker runs it: a hint for [`Node::post_near`] and for sockets.
    #[must_use]
    pub fn near(&self) -> Near {
        self.near
    }

    /// How long the node has been up.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.node.now()
    }

    /// Messages waiting for this service.
    #[must_use]
    pub fn mailbox_len(&self) -> usize {
        self.cell.mailbox.len()
    }

    /// A fresh session; one that `taken` still knows is passed over.
    pub fn session(&self, taken: impl Fn(Session) -> bool) -> Session {
        self.cell.session(taken)
    }

    /// Puts any message through the door, as it is.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives it back.
    #[inline(always)]
    pub fn post(&self, to: Handle, message: impl Into<Envelope>) -> Result<(), Undelivered> {
        self.node.post_to_peer(self.near, self.peer, to, message.into())
    }

    /// Gives back the envelope of a message that has been read: the next message that this
    /// callback sends goes out in it, and costs no allocation.
    #[inline]
    pub fn give_back(&self, envelope: Envelope) {
        self.spare.set(Some(envelope));
    }

    /// An envelope without a payload, to be filled and [posted](Self::post): the one that was given back, or a new one.
    #[inline(always)]
    pub fn envelope(&self) -> Envelope {
        match self.spare.take() {
            Some(mut used) => {
                used.payload.clear();
                used
            }
            None => Envelope::new(Message::send(None, Protocol::TEXT, Payload::EMPTY)),
        }
    }

    fn post_message(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        let mut envelope = self.envelope();
        *envelope = message;
        self.post(to, envelope)
    }

    /// Sends `payload` to `to` and forgets it.
    ///
    /// Messages from one service to another arrive in the order they were sent.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] returns the message if `to` is retired or unknown.
    pub fn send(&self, to: Handle, protocol: Protocol, payload: Payload) -> Result<(), Undelivered> {
        self.post_message(to, Message::send(Some(self.handle()), protocol, payload))
    }

    /// Sends a request; exactly one response or error with `session` will come back.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] returns the message, and then nothing will come back.
    pub fn request(
        &self,
        to: Handle,
        session: Session,
        protocol: Protocol,
        payload: Payload,
    ) -> Result<(), Undelivered> {
        self.post_message(to, Message::request(self.handle(), session, protocol, payload))
    }

    /// Answers the request `session` of `to`; tells whether the answer was delivered.
    pub fn reply(&self, to: Handle, session: Session, payload: Payload) -> bool {
        self.post_message(to, Message::response(Some(self.handle()), session, payload)).is_ok()
    }

    /// Answers the request `session` of `to` with an error; tells whether it was delivered.
    pub fn refuse(&self, to: Handle, session: Session, error: CallError) -> bool {
        self.post(to, Message::error(Some(self.handle()), session, error)).is_ok()
    }

    /// Asks for a response to the service's own `session` after `after`; a zero comes at once,
    /// behind what is already queued. Never early; late only when all workers are held up.
    pub fn timeout(&self, session: Session, after: Duration) -> Option<TimerId> {
        self.set(session, after, Ring::Timeout)
    }

    /// Asks for an error for `session` ([`CallError::TimedOut`]) unless cancelled before.
    pub fn deadline(&self, session: Session, after: Duration) -> Option<TimerId> {
        self.set(session, after, Ring::Deadline)
    }

    /// `None` when it needed no timer because it is due already.
    fn set(&self, session: Session, after: Duration, ring: Ring) -> Option<TimerId> {
        let alarm = Alarm { to: self.handle(), session, ring };
        if after.is_zero() {
            self.node.ring(self.near, alarm);
            return None;
        }
        Some(self.node.set_alarm(after, alarm))
    }

    /// Cancels a timer; `false` if it has fired.
    pub fn cancel(&self, timer: TimerId) -> bool {
        self.node.0.timers.cancel(timer)
    }

    /// Ends this service when the running callback returns; the first reason stays.
    pub fn exit(&self, reason: ExitReason) {
        self.cell.doom(reason);
    }

    /// Whether the service has been told to end and this is its last callback.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.cell.is_doomed()
    }

    /// Asks to hear of the end of `target`: a `SYSTEM` message that carries [`Exited`](crate::Exited). If it is
    /// gone already, the message comes at once.
    pub fn monitor(&self, target: Handle) {
        let watched = self.node.0.registry.get(target).is_some_and(|cell| cell.watch(self.handle()));
        if !watched {
            self.node.tell_exit(self.near, self.handle(), target, ExitReason::Finished);
        }
    }

    /// Takes the wish of [`monitor`](Self::monitor) back.
    pub fn demonitor(&self, target: Handle) {
        if let Some(cell) = self.node.0.registry.get(target) {
            cell.unwatch(self.handle());
        }
    }

    /// Counts an answer that came after its request had ended, and was dropped.
    pub fn count_late_answer(&self) {
        self.node.0.late.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes a line to the node's log in this service's name.
    pub fn report(&self, text: &str) {
        self.node.report(Some(self.handle()), text);
    }

    /// Lets the counter of sessions stand at `last`: for tests of its end.
    #[doc(hidden)]
    pub fn sessions_at(&self, last: Session) {
        self.cell.sessions_at(last);
    }

    pub(crate) fn cell(&self) -> &'a Cell {
        self.cell
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.handle())
    }
}
