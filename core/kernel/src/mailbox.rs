//! A service's queue of waiting messages, and the proof that somebody holds the service.
//!
//! Producers on any thread push; the one worker that holds the cell takes. The
//! mailbox never schedules anyone: `push` reports what changed and the caller
//! acts. See `run_queue/README.md` for why no wake-up is lost.
//!
//! One word says everything: `IDLE` (empty, nobody holds the cell), `HELD`
//! (nothing new; a worker holds the cell, or the run queue does), `RETIRED`
//! (closed for ever), or a pointer to the newest message, each message linked
//! to the one before it. A push is one compare-exchange; the consumer swaps the
//! whole chain out and turns it round, so each message is touched twice and no
//! two threads ever write the same link. There is no ABA problem: a push only
//! needs the word to *be* the value it linked to, and nobody pops one by one.
//!
//! What only the holder may touch is a value, the *hold*, that exists once. Whoever settles
//! leaves it here, and whoever ends the idleness (by a push, or by the retirement) gets it: no
//! lock guards it and nobody counts references to it, for it is never in two hands.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;

use crate::primitive::{AtomicPtr, AtomicUsize, Ordering, Witness};

/// A queue of `T`, and the place where the hold `H` lies while nobody has it.
#[derive(Debug)]
pub(crate) struct Mailbox<T, H> {
    newest: AtomicPtr<Link<T>>,
    /// Null, or what `Box::into_raw` returned: set exactly while the word is `IDLE`.
    hold: AtomicPtr<H>,
    /// Messages ever pushed, and ever handled: the holder alone writes the second, with a plain store.
    pushed: AtomicUsize,
    handled: AtomicUsize,
}

#[derive(Debug)]
struct Link<T> {
    next: *mut Link<T>,
    item: T,
    witness: Witness,
}

/// One item in the allocation that it keeps while it lies in a mailbox: filled where it lies,
/// read where it lies, and moved as a pointer.
pub struct Parcel<T>(Box<Link<T>>);

impl<T> Parcel<T> {
    /// Wraps an item; the one allocation on its way.
    #[inline]
    pub fn new(item: T) -> Parcel<T> {
        Parcel(Box::new(Link { next: ptr::null_mut(), item, witness: Witness::default() }))
    }

    /// Takes the item out.
    #[inline]
    pub fn open(self) -> T {
        self.0.item
    }

    #[inline]
    fn into_link(self) -> *mut Link<T> {
        Box::into_raw(self.0)
    }
}

// SAFETY: a parcel is a box: its link pointer says nothing outside a mailbox.
#[allow(unsafe_code, reason = "the raw pointer in a link is null or unused while it is in a parcel")]
unsafe impl<T: Send> Send for Parcel<T> {}

impl<T> Deref for Parcel<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.item
    }
}

impl<T> DerefMut for Parcel<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.item
    }
}

impl<T> From<T> for Parcel<T> {
    #[inline]
    fn from(item: T) -> Parcel<T> {
        Parcel::new(item)
    }
}

impl<T: fmt::Debug> fmt::Debug for Parcel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What a push changed.
#[must_use]
#[derive(Debug)]
pub(crate) enum Pushed<T, H> {
    /// The mailbox was idle: here is its hold, to be put into the run queue.
    Schedule(Box<H>),
    /// Somebody already has it.
    Already,
    /// The service is gone; here is the message again.
    Retired(Parcel<T>),
}

/// What became of the mailbox when its consumer had nothing left.
#[must_use]
#[derive(Debug)]
pub(crate) enum Settled<H> {
    /// It is idle: the next push reports `Schedule`.
    Idle,
    /// More arrived meanwhile.
    More(Box<H>),
    /// It was retired meanwhile: the holder finishes the cell.
    Retired(Box<H>),
}

/// A hold leads to its mailbox and keeps it alive: so an idle mailbox keeps itself, until it is retired.
pub(crate) trait Holds<T>: Sized {
    /// Where it lies while nobody has it.
    fn mailbox(&self) -> &Mailbox<T, Self>;
}

fn idle<T>() -> *mut Link<T> {
    ptr::null_mut()
}

// Links are at least word-aligned, so these two addresses are never a link's.
fn held<T>() -> *mut Link<T> {
    ptr::without_provenance_mut(1)
}

fn retired<T>() -> *mut Link<T> {
    ptr::without_provenance_mut(2)
}

fn is_link<T>(word: *mut Link<T>) -> bool {
    word.addr() > 2
}

impl<T, H> Mailbox<T, H> {
    /// An empty mailbox whose hold is already on its way to a worker.
    pub(crate) fn held() -> Mailbox<T, H> {
        Mailbox {
            newest: AtomicPtr::new(held()),
            hold: AtomicPtr::new(ptr::null_mut()),
            pushed: AtomicUsize::new(0),
            handled: AtomicUsize::new(0),
        }
    }

    /// Messages pushed and not yet [`counted out`](Self::count_out).
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let handled = self.handled.load(Ordering::Relaxed);
        // A push becomes visible a moment before it is counted, and may be handled in between.
        let waiting = self.pushed.load(Ordering::Relaxed).wrapping_sub(handled);
        if waiting > usize::MAX / 2 { 0 } else { waiting }
    }

    /// Adds a message at the end.
    #[allow(unsafe_code, reason = "a lock-free queue; modelled in tests/loom_mailbox.rs")]
    #[inline(always)]
    pub(crate) fn push(&self, parcel: Parcel<T>) -> Pushed<T, H> {
        let link = parcel.into_link();
        let mut word = self.newest.load(Ordering::Relaxed);
        loop {
            if word == retired() {
                // SAFETY: `link` came from a parcel's box and was never published.
                return Pushed::Retired(Parcel(unsafe { Box::from_raw(link) }));
            }
            let next = if is_link(word) { word } else { ptr::null_mut() };
            // SAFETY: `link` is ours alone until the exchange below publishes it.
            unsafe {
                (*link).next = next;
                (*link).witness.written();
            }
            // Release: whoever takes the chain (Acquire in `take`) sees this link and, since
            // every push is a read-modify-write of the same word, all links below it.
            // Acquire: whoever finds it idle sees the hold, which was left before it became so.
            match self.newest.compare_exchange_weak(word, link, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    self.pushed.fetch_add(1, Ordering::Relaxed);
                    return if word == idle() { Pushed::Schedule(self.take_hold()) } else { Pushed::Already };
                }
                Err(now) => word = now,
            }
        }
    }

    /// Takes all that has been pushed, oldest first. For the holder of the cell only.
    #[inline(always)]
    pub(crate) fn take(&self) -> Chain<T> {
        let mut word = self.newest.load(Ordering::Relaxed);
        while is_link(word) {
            // Acquire: pairs with the Release of every push in the chain.
            match self.newest.compare_exchange_weak(word, held(), Ordering::Acquire, Ordering::Relaxed) {
                Ok(newest) => return Chain::oldest_first(newest),
                Err(now) => word = now,
            }
        }
        Chain::default()
    }

    /// Leaves the hold in its mailbox if nothing has arrived there.
    #[allow(unsafe_code, reason = "lets go of what keeps the mailbox alive; modelled in tests/loom_mailbox.rs")]
    #[inline(always)]
    pub(crate) fn settle(hold: Box<H>) -> Settled<H>
    where
        H: Holds<T>,
    {
        let hold = Box::into_raw(hold);
        // SAFETY: the hold keeps the mailbox alive, and is ours until the exchange below. When
        // that succeeds neither is touched again: the next holder may have freed both by then.
        let mailbox = unsafe { (*hold).mailbox() };
        mailbox.hold.store(hold, Ordering::Relaxed);
        // Release: the next holder, who is scheduled because of a push that saw IDLE, sees our
        // turn, and the hold.
        match mailbox.newest.compare_exchange(held(), idle(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Settled::Idle,
            Err(word) => {
                mailbox.hold.store(ptr::null_mut(), Ordering::Relaxed);
                // SAFETY: the word was not IDLE and is not, since only this holder makes it so:
                // nobody has looked at the place, and the box is ours as before.
                let hold = unsafe { Box::from_raw(hold) };
                if word == retired() { Settled::Retired(hold) } else { Settled::More(hold) }
            }
        }
    }

    /// Closes the mailbox for ever. Returns what lay in it, and the hold if nobody had it: then
    /// the caller is the holder now.
    pub(crate) fn retire(&self) -> (Chain<T>, Option<Box<H>>) {
        let word = self.newest.swap(retired(), Ordering::AcqRel);
        if word == retired() {
            return (Chain::default(), None);
        }
        let chain = if is_link(word) { Chain::oldest_first(word) } else { Chain::default() };
        (chain, (word == idle()).then(|| self.take_hold()))
    }

    /// The hold, for whoever has just ended the idleness.
    #[allow(unsafe_code, reason = "the one owner of the box; modelled in tests/loom_mailbox.rs")]
    #[inline(always)]
    fn take_hold(&self) -> Box<H> {
        let hold = self.hold.load(Ordering::Relaxed);
        self.hold.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: `settle` stored what `Box::into_raw` returned before it made the word IDLE, and
        // of all that replace IDLE by something else exactly one succeeds: our caller.
        unsafe { Box::from_raw(hold) }
    }

    /// Counts one message out that was taken and is handled now. For the holder of the cell only.
    #[inline(always)]
    pub(crate) fn count_out(&self) {
        let before = self.handled.load(Ordering::Relaxed);
        self.handled.store(before.wrapping_add(1), Ordering::Relaxed);
    }
}

impl<T, H> Drop for Mailbox<T, H> {
    fn drop(&mut self) {
        // What lay there is dropped; a hold that lies here too.
        drop(self.retire());
    }
}

/// Messages taken out of a mailbox, oldest first; dropping it drops them.
#[derive(Debug)]
pub(crate) struct Chain<T> {
    oldest: *mut Link<T>,
}

// SAFETY: a chain owns its links alone, like a list of boxes; nothing in it is shared.
#[allow(unsafe_code, reason = "raw links owned by the chain")]
unsafe impl<T: Send> Send for Chain<T> {}

impl<T> Default for Chain<T> {
    fn default() -> Chain<T> {
        Chain { oldest: ptr::null_mut() }
    }
}

impl<T> Chain<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.oldest.is_null()
    }

    #[allow(unsafe_code, reason = "turns the links round")]
    #[inline(always)]
    fn oldest_first(mut newest: *mut Link<T>) -> Chain<T> {
        let mut oldest = ptr::null_mut();
        while !newest.is_null() {
            // SAFETY: the exchange that took the word made this thread the chain's only owner;
            // each link came from `Box::into_raw` and its `next` is the link below or null.
            let next = unsafe {
                (*newest).witness.read();
                std::mem::replace(&mut (*newest).next, oldest)
            };
            oldest = newest;
            newest = next;
        }
        Chain { oldest }
    }
}

impl<T> Iterator for Chain<T> {
    type Item = Parcel<T>;

    #[inline]
    #[allow(unsafe_code, reason = "takes the oldest link out")]
    fn next(&mut self) -> Option<Parcel<T>> {
        if self.oldest.is_null() {
            return None;
        }
        // SAFETY: as in `oldest_first`; the link leaves the chain and becomes a box again here.
        let link = unsafe { Box::from_raw(self.oldest) };
        self.oldest = link.next;
        Some(Parcel(link))
    }
}

impl<T> Drop for Chain<T> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_empty() {
            self.for_each(drop);
        }
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    use std::sync::Arc;

    struct Key(Arc<Mailbox<u32, Key>>);
    impl Holds<u32> for Key {
        fn mailbox(&self) -> &Mailbox<u32, Key> {
            &self.0
        }
    }

    fn new() -> (Arc<Mailbox<u32, Key>>, Box<Key>) {
        let mailbox = Arc::new(Mailbox::held());
        (mailbox.clone(), Box::new(Key(mailbox)))
    }

    fn items(chain: Chain<u32>) -> Vec<u32> {
        chain.map(Parcel::open).collect()
    }

    #[test]
    fn messages_come_out_in_the_order_they_went_in() {
        let (mailbox, _hold) = new();
        for i in 0..5 {
            assert!(matches!(mailbox.push(i.into()), Pushed::Already));
        }
        assert_eq!(items(mailbox.take()), [0, 1, 2, 3, 4]);
        for left in (0..5).rev() {
            mailbox.count_out();
            assert_eq!(mailbox.len(), left);
        }
    }

    #[test]
    fn only_the_first_push_into_an_idle_mailbox_gets_the_hold() {
        let (mailbox, hold) = new();
        assert!(matches!(Mailbox::settle(hold), Settled::Idle));
        let Pushed::Schedule(hold) = mailbox.push(1.into()) else { panic!("not scheduled") };
        assert!(matches!(mailbox.push(2.into()), Pushed::Already));
        let Settled::More(hold) = Mailbox::settle(hold) else { panic!("settled over messages") };
        assert_eq!(mailbox.take().count(), 2);
        assert!(matches!(Mailbox::settle(hold), Settled::Idle));
        mailbox.retire();
    }

    #[test]
    fn a_retired_mailbox_returns_what_it_held_and_what_comes_later() {
        let (mailbox, hold) = new();
        let _ = mailbox.push(1.into());
        let (chain, nobodys) = mailbox.retire();
        assert_eq!(items(chain), [1]);
        assert!(nobodys.is_none(), "somebody holds the cell and will finish it");
        let Pushed::Retired(back) = mailbox.push(2.into()) else { panic!("taken after the end") };
        assert_eq!(back.open(), 2);
        assert!(matches!(Mailbox::settle(hold), Settled::Retired(_)));
        let (idle, hold) = new();
        let _ = Mailbox::settle(hold);
        assert!(idle.retire().1.is_some(), "of an idle one the retirer is the holder");
    }

    #[test]
    fn what_is_left_in_a_mailbox_is_dropped_with_it() {
        struct NoHold;
        let witness = Arc::new(());
        let mailbox: Mailbox<Arc<()>, NoHold> = Mailbox::held();
        for _ in 0..3 {
            let _ = mailbox.push(witness.clone().into());
        }
        let mut chain = mailbox.take();
        let _ = chain.next();
        let _ = mailbox.push(witness.clone().into());
        drop((chain, mailbox));
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn an_idle_mailbox_keeps_itself_until_it_is_retired() {
        let (mailbox, hold) = new();
        let _ = Mailbox::settle(hold);
        assert_eq!(Arc::strong_count(&mailbox), 2);
        mailbox.retire();
        assert_eq!(Arc::strong_count(&mailbox), 1);
    }
}
