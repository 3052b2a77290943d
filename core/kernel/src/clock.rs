//! The node's time: monotonic in production, a number that tests move.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Tells how long the node has been up.
#[derive(Debug)]
pub(crate) struct Clock {
    source: Source,
    started: SystemTime,
}

#[derive(Debug)]
enum Source {
    Real(Instant),
    /// Nanoseconds.
    Virtual(AtomicU64),
}

impl Clock {
    pub(crate) fn real() -> Clock {
        Clock { source: Source::Real(Instant::now()), started: SystemTime::now() }
    }

    /// A clock that stands still until it is moved; wall time starts at the epoch's day 20 000.
    pub(crate) fn frozen() -> Clock {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400);
        Clock { source: Source::Virtual(AtomicU64::new(0)), started }
    }

    pub(crate) fn now(&self) -> Duration {
        match &self.source {
            Source::Real(start) => start.elapsed(),
            Source::Virtual(nanos) => Duration::from_nanos(nanos.load(Ordering::Relaxed)),
        }
    }

    /// Wall time when the node started: what `now` is added to.
    pub(crate) fn started(&self) -> SystemTime {
        self.started
    }

    /// Moves a frozen clock forward to `to`; a real one takes no orders.
    pub(crate) fn move_to(&self, to: Duration) {
        if let Source::Virtual(nanos) = &self.source {
            let to = u64::try_from(to.as_nanos()).unwrap_or(u64::MAX);
            nanos.fetch_max(to, Ordering::Relaxed);
        }
    }
}
