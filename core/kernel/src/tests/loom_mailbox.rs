//! The mailbox: nothing is lost or doubled, and exactly one push schedules.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::mailbox::{Mailbox, Pushed, Settled};

/// An idle mailbox.
fn idle() -> Mailbox<u32> {
    let mailbox = Mailbox::held();
    assert_eq!(mailbox.settle(), Settled::Idle);
    mailbox
}

#[test]
fn of_two_racing_pushes_exactly_one_schedules_and_both_arrive() {
    loom::model(|| {
        let mailbox = Arc::new(idle());
        let scheduled = Arc::new(AtomicUsize::new(0));
        let pushers: Vec<_> = (0..2)
            .map(|i| {
                let (mailbox, scheduled) = (mailbox.clone(), scheduled.clone());
                thread::spawn(move || {
                    if let Pushed::Schedule = mailbox.push(i) {
                        scheduled.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        assert_eq!(scheduled.load(Ordering::Relaxed), 1);
        let mut seen: Vec<u32> = mailbox.take().collect();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
    });
}

#[test]
fn a_push_during_settling_is_either_seen_by_the_holder_or_schedules_again() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::held());
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || matches!(mailbox.push(1), Pushed::Schedule))
        };
        let mut seen = mailbox.take().count();
        let mut settled = mailbox.settle();
        while settled == Settled::More {
            seen += mailbox.take().count();
            settled = mailbox.settle();
        }
        let scheduled = pusher.join().unwrap();
        assert_eq!(settled, Settled::Idle);
        assert_eq!(seen + usize::from(scheduled), 1, "handled by the holder, or scheduled for the next");
        assert_eq!(mailbox.take().count(), usize::from(scheduled));
    });
}

#[test]
fn pushes_of_one_sender_stay_in_order_while_the_holder_takes() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::held());
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                for i in 0..3 {
                    let _ = mailbox.push(i);
                }
            })
        };
        let mut seen: Vec<u32> = mailbox.take().collect();
        seen.extend(mailbox.take());
        pusher.join().unwrap();
        seen.extend(mailbox.take());
        assert_eq!(seen, [0, 1, 2]);
    });
}

#[test]
fn a_push_that_races_with_the_retirement_is_handed_out_or_handed_back() {
    loom::model(|| {
        let mailbox = Arc::new(idle());
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.push(7))
        };
        let (chain, mine) = mailbox.retire();
        let drained = chain.count();
        match pusher.join().unwrap() {
            Pushed::Retired(7) => assert!(drained == 0 && mine),
            // The pusher schedules the cell; whoever takes it from the run queue finishes it.
            Pushed::Schedule => assert!(drained == 1 && !mine),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn of_a_settling_holder_and_a_retirer_exactly_one_finishes_the_cell() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::<u32>::held());
        let retirer = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.retire().1)
        };
        let holder_finishes = mailbox.settle() == Settled::Retired;
        assert!(holder_finishes ^ retirer.join().unwrap());
    });
}
