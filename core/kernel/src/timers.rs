//! The node's timers: one wheel behind a lock, and the time of the next one for everybody to see.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use skyloom_abi::{Handle, Session};

use crate::wheel::{Key, Wheel};

/// Names one timer of a node, to cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerId(Key);

/// What a timer says when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ring {
    /// A response to the service's own session.
    Timeout,
    /// An error for the session of a call: it took too long.
    Deadline,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Alarm {
    pub(crate) to: Handle,
    pub(crate) session: Session,
    pub(crate) ring: Ring,
}

#[derive(Debug)]
pub(crate) struct Timers {
    wheel: Mutex<Wheel<Alarm>>,
    /// Tick at which `fire` may have something to do; `u64::MAX` if never.
    next: AtomicU64,
}

/// Ticks are milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// A timer never fires early: its tick is the first one that begins at or after its time.
fn tick_after(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX)
}

fn tick_now(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers { wheel: Mutex::new(Wheel::new()), next: AtomicU64::new(u64::MAX) }
    }

    /// Sets a timer; tells also whether it is now the earliest of all.
    pub(crate) fn set(&self, at: Duration, alarm: Alarm) -> (TimerId, bool) {
        let due = tick_after(at);
        let mut wheel = self.wheel.lock();
        let key = wheel.insert(due, alarm);
        (TimerId(key), self.next.fetch_min(due, Ordering::SeqCst) > due)
    }

    pub(crate) fn cancel(&self, timer: TimerId) -> bool {
        self.wheel.lock().cancel(timer.0).is_some()
    }

    /// Whether `fire` may have something to do: no lock, one load.
    pub(crate) fn due(&self, now: Duration) -> bool {
        tick_now(now) >= self.next.load(Ordering::Relaxed)
    }

    /// When `fire` may have something to do.
    pub(crate) fn next(&self) -> Option<Duration> {
        let next = self.next.load(Ordering::SeqCst);
        (next != u64::MAX).then(|| Duration::from_millis(next))
    }

    /// Takes what is due, in order.
    pub(crate) fn fire(&self, now: Duration, out: &mut Vec<Alarm>) {
        let mut wheel = self.wheel.lock();
        wheel.advance(tick_now(now), |alarm| out.push(alarm));
        self.next.store(wheel.next().unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    pub(crate) fn len(&self) -> usize {
        self.wheel.lock().len()
    }
}
