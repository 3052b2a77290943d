//! Waits shorter than a millisecond.
//!
//! epoll counts in milliseconds, and a worker that watches over the others
//! looks around every half of one. A timer that is a file like any other ends
//! the wait on time, for one more system call in such waits only.

use std::io;
use std::time::Duration;

use mio::{Poll, Token};

/// epoll rounds up to this.
const EPOLL_TICK: Duration = Duration::from_millis(1);

/// A timer in the set of files that a poller waits for.
#[derive(Debug)]
pub(crate) struct Nap(#[cfg(target_os = "linux")] std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Nap {
    pub(crate) fn new(poll: &Poll, token: Token) -> io::Result<Nap> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        use std::os::fd::AsRawFd;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let interest = mio::Interest::READABLE;
        poll.registry().register(&mut mio::unix::SourceFd(&timer.as_raw_fd()), token, interest)?;
        Ok(Nap(timer))
    }

    /// Has a short wait ended by the timer; returns how long the poller itself is to wait.
    ///
    /// The timer is neither read nor stopped: readiness is reported by edges, and one that comes
    /// after the wait has ended otherwise costs one needless look.
    pub(crate) fn begin(&self, wait: Option<Duration>) -> Option<Duration> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let Some(short) = wait.filter(|wait| !wait.is_zero() && *wait < EPOLL_TICK) else { return wait };
        let at = Timespec { tv_sec: 0, tv_nsec: short.subsec_nanos().into() };
        let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: at };
        match timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec) {
            Ok(_) => None,
            Err(_) => wait,
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Nap {
    pub(crate) fn new(_: &Poll, _: Token) -> io::Result<Nap> {
        Ok(Nap())
    }

    /// Other systems wait as finely as they are asked to.
    pub(crate) fn begin(&self, wait: Option<Duration>) -> Option<Duration> {
        wait
    }
}
