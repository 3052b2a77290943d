//! The mailbox: nothing is lost or doubled, and exactly one push gets the hold.

use loom::sync::Arc;
use loom::thread;

use crate::mailbox::{Holds, Mailbox, Parcel, Pushed, Settled};

type Box_ = Mailbox<u32, Hold>;

struct Hold {
    mailbox: Arc<Box_>,
    /// Written by each holder in turn; loom reports two that nothing orders.
    turns: loom::cell::UnsafeCell<u32>,
}

impl Holds<u32> for Hold {
    fn mailbox(&self) -> &Box_ {
        &self.mailbox
    }
}

impl Hold {
    fn turn(&self) {
        self.turns.with_mut(|_| ());
    }
}

/// A mailbox and its hold.
fn new() -> (Arc<Box_>, Box<Hold>) {
    let mailbox = Arc::new(Mailbox::held());
    (mailbox.clone(), Box::new(Hold { mailbox, turns: loom::cell::UnsafeCell::new(0) }))
}

/// An idle mailbox.
fn idle() -> Arc<Box_> {
    let (mailbox, hold) = new();
    hold.turn();
    assert!(matches!(Mailbox::settle(hold), Settled::Idle));
    mailbox
}

fn push(mailbox: &Box_, item: u32) -> Option<Box<Hold>> {
    match mailbox.push(item.into()) {
        Pushed::Schedule(hold) => {
            hold.turn();
            Some(hold)
        }
        _ => None,
    }
}

#[test]
fn of_two_racing_pushes_exactly_one_gets_the_hold_and_both_arrive() {
    loom::model(|| {
        let mailbox = idle();
        let pushers: Vec<_> = (0..2)
            .map(|i| {
                let mailbox = mailbox.clone();
                thread::spawn(move || push(&mailbox, i))
            })
            .collect();
        let holds: Vec<_> = pushers.into_iter().filter_map(|pusher| pusher.join().unwrap()).collect();
        assert_eq!(holds.len(), 1);
        let mut seen: Vec<u32> = mailbox.take().map(Parcel::open).collect();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
    });
}

#[test]
fn a_push_during_settling_is_either_seen_by_the_holder_or_gets_the_hold() {
    loom::model(|| {
        let (mailbox, hold) = new();
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || push(&mailbox, 1))
        };
        let mut seen = mailbox.take().count();
        hold.turn();
        let mut settled = Mailbox::settle(hold);
        while let Settled::More(hold) = settled {
            hold.turn();
            seen += mailbox.take().count();
            settled = Mailbox::settle(hold);
        }
        let scheduled = pusher.join().unwrap();
        assert!(matches!(settled, Settled::Idle));
        let waits = usize::from(scheduled.is_some());
        assert_eq!(seen + waits, 1, "handled by the holder, or scheduled for the next");
        assert_eq!(mailbox.take().count(), waits);
        drop(scheduled);
        mailbox.retire();
    });
}

#[test]
fn pushes_of_one_sender_stay_in_order_while_the_holder_takes() {
    loom::model(|| {
        let (mailbox, _hold) = new();
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                for i in 0..3 {
                    let _ = mailbox.push(i.into());
                }
            })
        };
        let mut seen: Vec<u32> = mailbox.take().map(Parcel::open).collect();
        seen.extend(mailbox.take().map(Parcel::open));
        pusher.join().unwrap();
        seen.extend(mailbox.take().map(Parcel::open));
        assert_eq!(seen, [0, 1, 2]);
    });
}

#[test]
fn a_push_that_races_with_the_retirement_is_handed_out_or_handed_back() {
    loom::model(|| {
        let mailbox = idle();
        let pusher = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.push(7.into()))
        };
        let (chain, hold) = mailbox.retire();
        let drained = chain.count();
        match pusher.join().unwrap() {
            Pushed::Retired(back) => assert!(back.open() == 7 && drained == 0 && hold.is_some()),
            // The pusher schedules the hold; whoever takes it from the run queue finishes the cell.
            Pushed::Schedule(_) => assert!(drained == 1 && hold.is_none()),
            Pushed::Already => panic!("somebody else had the hold"),
        }
    });
}

#[test]
fn of_a_settling_holder_and_a_retirer_exactly_one_finishes_the_cell() {
    loom::model(|| {
        let (mailbox, hold) = new();
        let retirer = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.retire().1.inspect(|hold| hold.turn()).is_some())
        };
        hold.turn();
        let holder_finishes = match Mailbox::settle(hold) {
            Settled::Retired(hold) => {
                hold.turn();
                true
            }
            _ => false,
        };
        assert!(holder_finishes ^ retirer.join().unwrap());
    });
}
