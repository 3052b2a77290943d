//! How fast one client is read.

use std::time::Duration;

/// A bucket of tokens: each frame takes one, and they come back at a steady rate.
///
/// Time is an argument, so that a table can test it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled: Duration,
}

impl Bucket {
    /// A full bucket of `burst` tokens, refilled with `rate` a second; a rate of 0 never runs out.
    pub(super) fn new(rate: f64, burst: u32, now: Duration) -> Bucket {
        Bucket { rate, burst: f64::from(burst), tokens: f64::from(burst), filled: now }
    }

    /// How long to wait until a token is there; `None` if one is.
    pub(super) fn wait(&mut self, now: Duration) -> Option<Duration> {
        if self.rate == 0.0 {
            return None;
        }
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.rate).min(self.burst);
        // Half a thousandth less than one is one: timers are exact to the millisecond only.
        (self.tokens < 0.9995).then(|| Duration::from_secs_f64((1.0 - self.tokens) / self.rate))
    }

    /// Takes a token.
    pub(super) fn take(&mut self) {
        self.tokens -= 1.0;
    }
}
