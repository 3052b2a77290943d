//! How long a poller waits.

use std::time::{Duration, Instant};

use skyloom_abi::{Door, Driver, Handle, Message, Undelivered};
use skyloom_net::{Limits, Net};

struct Nowhere;
impl Door for Nowhere {
    fn post(&self, _: Handle, _: Message) -> Result<(), Undelivered> {
        Ok(())
    }
}

#[test]
fn a_wait_of_half_a_millisecond_is_not_rounded_up_to_a_whole_one() {
    let (_net, mut pollers) = Net::new(1, Limits::default()).unwrap();
    let wait = Duration::from_micros(500);
    let mut waits: Vec<Duration> = (0..101)
        .map(|_| {
            let start = Instant::now();
            pollers[0].drive(Some(wait), &Nowhere);
            start.elapsed()
        })
        .collect();
    waits.sort();
    // The median: on a shared machine single waits may be held up for long.
    assert!(waits[0] >= wait - Duration::from_micros(50), "too short: {:?}", waits[0]);
    assert!(waits[50] < Duration::from_micros(950), "too long: {:?}", waits[50]);
}

#[test]
fn a_wake_up_before_a_short_wait_ends_it_at_once() {
    let (_net, mut pollers) = Net::new(1, Limits::default()).unwrap();
    pollers[0].remote().wake();
    let start = Instant::now();
    pollers[0].drive(Some(Duration::from_secs(10)), &Nowhere);
    assert!(start.elapsed() < Duration::from_secs(5));
}
