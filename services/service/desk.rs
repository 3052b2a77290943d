//! What lies between a service's futures and the host that runs them.
//!
//! Pure data behind one lock ([`Link`](super::link::Link) holds it). Futures
//! may be dropped, and wakers run, anywhere: whatever is taken out of the desk
//! is therefore handed to the caller, to be dropped after the lock.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use skyloom_abi::{CallError, ExitReason, Handle, Payload, Session};
use skyloom_kernel::TimerId;

/// A task of a service.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a wait ends.
pub(super) type Ended = Result<Payload, CallError>;

/// What only the host can do, because the kernel wants it done in a turn.
#[derive(Debug)]
pub(super) enum Order {
    /// Answer this session after a while.
    Timeout(Session, Duration),
    /// Fail this session after a while.
    Deadline(Session, Duration),
    Cancel(TimerId),
    Monitor(Handle),
    Demonitor(Handle),
    Exit(ExitReason),
}

/// What the host has to do when a callback has returned.
#[derive(Default)]
pub(super) struct Work {
    pub(super) orders: Vec<Order>,
    pub(super) begun: Vec<Task>,
    pub(super) woken: Vec<usize>,
}

/// Somebody waits for an answer.
#[derive(Default)]
struct Wait {
    ended: Option<Ended>,
    waker: Option<Waker>,
    timer: Option<TimerId>,
}

/// What is to be done, without the lock, about a wait that has ended.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) waker: Option<Waker>,
    pub(super) timer: Option<TimerId>,
}

#[derive(Default)]
pub(super) struct Desk {
    waits: HashMap<Session, Wait, BuildHasherDefault<SessionHash>>,
    last: Option<Session>,
    pub(super) work: Work,
    /// A message that makes the host look here is under way.
    pub(super) called: bool,
    /// The service has ended: nothing can be begun any more.
    closed: bool,
}

impl Desk {
    /// Begins a wait under a fresh session; `None` once the service has ended.
    pub(super) fn open(&mut self) -> Option<Session> {
        if self.closed {
            return None;
        }
        loop {
            let next = self.last.map_or(Session::MIN, Session::next);
            self.last = Some(next);
            if let Entry::Vacant(place) = self.waits.entry(next) {
                place.insert(Wait::default());
                return Some(next);
            }
        }
    }

    /// Ends a wait with what came; `None` if nobody waits under this session (any more).
    pub(super) fn settle(&mut self, session: Session, ended: Ended) -> Option<Settled> {
        let wait = self.waits.get_mut(&session).filter(|wait| wait.ended.is_none())?;
        wait.ended = Some(ended);
        Some(Settled { waker: wait.waker.take(), timer: wait.timer.take() })
    }

    /// Takes what came for a wait, or leaves word whom to wake; the second value is to be dropped.
    pub(super) fn poll(&mut self, session: Session, waker: &Waker) -> (Poll<Ended>, Option<Waker>) {
        let Some(wait) = self.waits.get_mut(&session) else {
            return (Poll::Ready(Err(CallError::Cancelled)), None);
        };
        if let Some(ended) = wait.ended.take() {
            self.waits.remove(&session);
            return (Poll::Ready(ended), None);
        }
        let known = wait.waker.as_ref().is_some_and(|known| known.will_wake(waker));
        let old = if known { None } else { wait.waker.replace(waker.clone()) };
        (Poll::Pending, old)
    }

    /// Gives a wait up. Its timer is ordered to be cancelled; the rest is to be dropped.
    pub(super) fn abandon(&mut self, session: Session) -> impl Sized + use<> {
        let wait = self.waits.remove(&session);
        if let Some(timer) = wait.as_ref().and_then(|wait| wait.timer) {
            self.work.orders.push(Order::Cancel(timer));
        }
        wait
    }

    /// Whether a timer still has something to end.
    pub(super) fn awaits(&self, session: Session) -> bool {
        self.waits.get(&session).is_some_and(|wait| wait.ended.is_none())
    }

    /// Remembers the timer of a wait, to cancel it when the wait ends; the one it had before is to be cancelled.
    pub(super) fn timed(&mut self, session: Session, timer: TimerId) -> Option<TimerId> {
        match self.waits.get_mut(&session) {
            Some(wait) => wait.timer.replace(timer),
            None => Some(timer),
        }
    }

    /// Begins a task; gives it back, to be dropped, once the service has ended.
    pub(super) fn begin(&mut self, task: Task) -> Option<Task> {
        if self.closed {
            return Some(task);
        }
        self.work.begun.push(task);
        None
    }

    /// Ends everything: what was begun is to be dropped, what was ordered to be carried out.
    pub(super) fn close(&mut self) -> Work {
        self.closed = true;
        std::mem::take(&mut self.work)
    }

    /// Lets the counter of sessions stand at `last`: for tests of its end.
    pub(super) fn sessions_at(&mut self, last: Session) {
        self.last = Some(last);
    }
}

/// Sessions are our own counter, so nobody can choose them to collide.
#[derive(Default)]
struct SessionHash(u64);

impl Hasher for SessionHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_once() {
        let mut desk = Desk::default();
        let session = desk.open().unwrap();
        assert!(desk.settle(session, Ok(Payload::from("first"))).is_some());
        assert!(desk.settle(session, Ok(Payload::from("second"))).is_none());
        let (Poll::Ready(Ok(payload)), _) = desk.poll(session, Waker::noop()) else { panic!("it has ended") };
        assert_eq!(payload.as_bytes(), Some(&b"first"[..]));
        assert!(desk.settle(session, Ok(Payload::EMPTY)).is_none());
    }

    #[test]
    fn the_counter_of_sessions_goes_round_and_passes_over_those_in_use() {
        let mut desk = Desk::default();
        assert_eq!(desk.open(), Some(Session::MIN));
        desk.sessions_at(Session::MAX);
        assert_eq!(desk.open().map(Session::get), Some(2));
    }

    #[test]
    fn nothing_begins_after_the_end() {
        let mut desk = Desk::default();
        let _ = desk.close();
        assert_eq!(desk.open(), None);
        assert!(desk.begin(Box::pin(async {})).is_some());
    }
}
