//! A service's queue of waiting messages.
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

use std::ptr;

use crate::primitive::{AtomicPtr, AtomicUsize, Ordering, Witness};

#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    newest: AtomicPtr<Link<T>>,
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

/// What a push changed.
#[must_use]
#[derive(Debug)]
pub(crate) enum Pushed<T> {
    /// The mailbox was idle: put its cell into the run queue.
    Schedule,
    /// Somebody already did.
    Already,
    /// The service is gone; here is the message again.
    Retired(T),
}

/// What became of the mailbox when its consumer had nothing left.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is idle: the next push reports `Schedule`.
    Idle,
    /// More arrived meanwhile.
    More,
    /// It was retired meanwhile: the holder finishes the cell.
    Retired,
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

impl<T> Mailbox<T> {
    /// An empty mailbox whose cell is already on its way to a worker.
    pub(crate) fn held() -> Mailbox<T> {
        Mailbox { newest: AtomicPtr::new(held()), pushed: AtomicUsize::new(0), handled: AtomicUsize::new(0) }
    }

    /// Messages pushed and not yet [`counted out`](Self::count_out).
    pub(crate) fn len(&self) -> usize {
        let handled = self.handled.load(Ordering::Relaxed);
        // A push becomes visible a moment before it is counted, and may be handled in between.
        let waiting = self.pushed.load(Ordering::Relaxed).wrapping_sub(handled);
        if waiting > usize::MAX / 2 { 0 } else { waiting }
    }

    /// Adds a message at the end.
    #[inline]
    #[allow(unsafe_code, reason = "a lock-free queue; modelled in tests/loom_mailbox.rs")]
    pub(crate) fn push(&self, item: T) -> Pushed<T> {
        let link = Box::into_raw(Box::new(Link { next: ptr::null_mut(), item, witness: Witness::default() }));
        let mut word = self.newest.load(Ordering::Relaxed);
        loop {
            if word == retired() {
                // SAFETY: `link` came from `Box::into_raw` above and was never published.
                return Pushed::Retired(unsafe { Box::from_raw(link) }.item);
            }
            let next = if is_link(word) { word } else { ptr::null_mut() };
            // SAFETY: `link` is ours alone until the exchange below publishes it.
            unsafe {
                (*link).next = next;
                (*link).witness.written();
            }
            // Release: whoever takes the chain (Acquire in `take`) sees this link and, since
            // every push is a read-modify-write of the same word, all links below it.
            match self.newest.compare_exchange_weak(word, link, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    self.pushed.fetch_add(1, Ordering::Relaxed);
                    return if word == idle() { Pushed::Schedule } else { Pushed::Already };
                }
                Err(now) => word = now,
            }
        }
    }

    /// Takes all that has been pushed, oldest first. For the holder of the cell only.
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

    /// Lets go of the cell if nothing has arrived. For the holder of the cell only.
    pub(crate) fn settle(&self) -> Settled {
        // Release: the next holder, who is scheduled because of a push that saw IDLE, sees our turn.
        match self.newest.compare_exchange(held(), idle(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Settled::Idle,
            Err(word) if word == retired() => Settled::Retired,
            Err(_) => Settled::More,
        }
    }

    /// Closes the mailbox for ever. Returns what lay in it and whether nobody holds the cell,
    /// in which case the caller is its holder now.
    pub(crate) fn retire(&self) -> (Chain<T>, bool) {
        let word = self.newest.swap(retired(), Ordering::AcqRel);
        if word == retired() {
            return (Chain::default(), false);
        }
        let chain = if is_link(word) { Chain::oldest_first(word) } else { Chain::default() };
        (chain, word == idle())
    }

    /// Counts handled messages out; returns how many are left. For the holder of the cell only.
    pub(crate) fn count_out(&self, handled: usize) -> usize {
        let before = self.handled.load(Ordering::Relaxed);
        self.handled.store(before.wrapping_add(handled), Ordering::Relaxed);
        self.len()
    }
}

impl<T> Drop for Mailbox<T> {
    fn drop(&mut self) {
        drop(self.take());
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
    type Item = T;

    #[allow(unsafe_code, reason = "frees the oldest link")]
    fn next(&mut self) -> Option<T> {
        if self.oldest.is_null() {
            return None;
        }
        // SAFETY: as in `oldest_first`; the link leaves the chain and is freed exactly once here.
        let link = unsafe { Box::from_raw(self.oldest) };
        self.oldest = link.next;
        Some(link.item)
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_in_the_order_they_went_in() {
        let mailbox = Mailbox::held();
        for i in 0..5 {
            assert!(matches!(mailbox.push(i), Pushed::Already));
        }
        assert_eq!(mailbox.take().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(mailbox.count_out(5), 0);
    }

    #[test]
    fn only_the_first_push_into_an_idle_mailbox_schedules() {
        let mailbox = Mailbox::held();
        assert_eq!(mailbox.settle(), Settled::Idle);
        assert!(matches!(mailbox.push(1), Pushed::Schedule));
        assert!(matches!(mailbox.push(2), Pushed::Already));
        assert_eq!(mailbox.settle(), Settled::More);
        assert_eq!(mailbox.take().count(), 2);
        assert_eq!(mailbox.settle(), Settled::Idle);
    }

    #[test]
    fn a_retired_mailbox_returns_what_it_held_and_what_comes_later() {
        let mailbox = Mailbox::held();
        let _ = mailbox.push("early");
        let (chain, mine) = mailbox.retire();
        assert_eq!(chain.collect::<Vec<_>>(), ["early"]);
        assert!(!mine, "somebody holds the cell and will finish it");
        assert!(matches!(mailbox.push("late"), Pushed::Retired("late")));
        assert_eq!(mailbox.settle(), Settled::Retired);
    }

    #[test]
    fn what_is_left_in_a_mailbox_is_dropped_with_it() {
        let witness = std::sync::Arc::new(());
        let mailbox = Mailbox::held();
        for _ in 0..3 {
            let _ = mailbox.push(witness.clone());
        }
        let mut chain = mailbox.take();
        let _ = chain.next();
        let _ = mailbox.push(witness.clone());
        drop((chain, mailbox));
        assert_eq!(std::sync::Arc::strong_count(&witness), 1);
    }
}
