//! The door: from a message to a mailbox, and whom to wake.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use skyloom_abi::{CallError, Cause, Door, ExitReason, Handle, Message, Payload, Protocol, Undelivered};

use crate::cell::{Cell, Envelope, Hold, Overflow};
use crate::mailbox::Pushed;
use crate::near::Near;
use crate::node::{Node, Ready};
use crate::peer::Peer;
use crate::run_queue::Waken;
use crate::timers::{Alarm, Ring, TimerId};

/// How a delivery went.
enum Delivery {
    /// Whom to wake, and the mailbox's length if a warning is due.
    Done(Waken, Option<usize>),
    /// The mailbox did not take it.
    Back(Envelope),
}

impl Node {
    /// Puts `message` into the mailbox of `to`, as worker `near` says.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] gives the message back if the service is unknown, has ended, or is at its
    /// hard limit.
    pub fn post_near(&self, near: Near, to: Handle, message: impl Into<Envelope>) -> Result<(), Undelivered> {
        self.post_by_registry(near, to, message.into())
    }

    fn post_by_registry(&self, near: Near, to: Handle, message: Envelope) -> Result<(), Undelivered> {
        if to.node() != self.0.id {
            return Err(Undelivered { to, message: message.open(), cause: Cause::OtherNode });
        }
        // Taken by the closure if it runs, and still here if it does not.
        let mut message = Some(message);
        let deliver = |cell: &Arc<Cell>| Some(self.deliver(near, cell, message.take()?));
        let outcome = self.0.registry.with(to, deliver).flatten();
        match (outcome, message) {
            (Some(outcome), _) => self.settle(to, outcome),
            (None, Some(message)) => Err(Undelivered { to, message: message.open(), cause: Cause::Unknown }),
            (None, None) => Ok(()),
        }
    }

    /// The same for a service that writes to `to` again and again.
    #[inline(always)]
    pub(crate) fn post_to_peer(
        &self,
        near: Near,
        peer: &Peer,
        to: Handle,
        message: Envelope,
    ) -> Result<(), Undelivered> {
        let Some(cell) = peer.take(to).or_else(|| self.0.registry.get(to).filter(|cell| cell.handle == to)) else {
            return self.post_by_registry(near, to, message);
        };
        let outcome = self.deliver(near, &cell, message);
        if let Delivery::Done(..) = outcome {
            peer.remember(cell);
        }
        self.settle(to, outcome)
    }

    /// What follows a delivery, once no lock is held: wake, warn, or say why it failed.
    #[inline(always)]
    fn settle(&self, to: Handle, outcome: Delivery) -> Result<(), Undelivered> {
        match outcome {
            Delivery::Done(waken, overload) => {
                self.wake(waken);
                if let Some(waiting) = overload {
                    self.warn_of_overload(to, waiting);
                }
                Ok(())
            }
            Delivery::Back(message) => self.overflow(to, message.open()),
        }
    }

    /// Pushes and schedules.
    #[inline(always)]
    fn deliver(&self, near: Near, cell: &Cell, message: Envelope) -> Delivery {
        let waiting = cell.mailbox.len();
        if let Some(limit) = cell.limit()
            && waiting >= limit.messages
            && !message.protocol.is_answer()
            && message.protocol != Protocol::SYSTEM
        {
            return Delivery::Back(message);
        }
        let overload = cell.overload(waiting);
        match cell.mailbox.push(message) {
            Pushed::Schedule(hold) => Delivery::Done(self.schedule(near, hold), overload),
            Pushed::Already => Delivery::Done(None, overload),
            Pushed::Retired(back) => Delivery::Back(back),
        }
    }

    /// What becomes of a message that the mailbox did not take.
    #[cold]
    fn overflow(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        let Some(cell) = self.0.registry.get(to) else {
            return Err(Undelivered { to, message, cause: Cause::Unknown });
        };
        let Some(limit) = cell.limit().filter(|limit| cell.mailbox.len() >= limit.messages) else {
            return Err(Undelivered { to, message, cause: Cause::Unknown });
        };
        cell.dropped.fetch_add(1, Ordering::Relaxed);
        match limit.overflow {
            Overflow::Refuse => return Err(Undelivered { to, message, cause: Cause::Full }),
            Overflow::Drop => self.bounce(to, &message, CallError::Undelivered(Cause::Full)),
            Overflow::Kill => {
                self.kill(to, ExitReason::Failed(format!("over {} messages in its mailbox", limit.messages)));
                self.bounce(to, &message, CallError::Died);
            }
        }
        Ok(())
    }

    /// Puts a cell that has just become runnable where a worker will find it.
    #[inline(always)]
    pub(crate) fn schedule(&self, near: Near, hold: Box<Hold>) -> Waken {
        match (&self.0.ready, near) {
            (Ready::Workers(queue, _), Near::Worker(worker)) => queue.push_hot(worker, hold),
            (Ready::Workers(queue, _), Near::Outside) => queue.push_global(hold),
            (Ready::Seeded(holds), _) => {
                holds.lock().push(hold);
                None
            }
        }
    }

    pub(crate) fn wake(&self, waken: Waken) {
        if let (Some(worker), Ready::Workers(_, remotes)) = (waken, &self.0.ready) {
            remotes[worker].wake();
        }
    }

    /// Answers a request that nobody will answer any more; anything else is just dropped.
    pub(crate) fn bounce(&self, from: Handle, message: &Message, error: CallError) {
        if let Some((to, session)) = message.awaits() {
            let _ = self.post_near(Near::Outside, to, Message::error(Some(from), session, error));
        }
    }

    /// Fires the timers that are due.
    pub(crate) fn fire(&self, near: Near, alarms: &mut Vec<Alarm>) {
        let now = self.now();
        if !self.0.timers.due(now) {
            return;
        }
        self.0.timers.fire(now, alarms);
        for alarm in alarms.drain(..) {
            self.ring(near, alarm);
        }
    }

    /// Sets a timer; a watcher that would sleep through it is woken to look again.
    pub(crate) fn set_alarm(&self, after: Duration, alarm: Alarm) -> TimerId {
        let (timer, earliest) = self.0.timers.set(self.now().saturating_add(after), alarm);
        if let (true, Ready::Workers(queue, _)) = (earliest, &self.0.ready) {
            self.wake(queue.rouse(None));
        }
        timer
    }

    pub(crate) fn ring(&self, near: Near, alarm: Alarm) {
        let message = match alarm.ring {
            Ring::Timeout => Message::response(None, alarm.session, Payload::EMPTY),
            Ring::Deadline => Message::error(None, alarm.session, CallError::TimedOut),
        };
        // A timer of a service that has ended evaporates.
        let _ = self.post_near(near, alarm.to, message);
    }
}

impl Door for Node {
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.post_near(Near::Outside, to, message)
    }
}
