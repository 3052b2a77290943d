//! The atomics, locks and queues that loom can take over.
//!
//! The mailbox and the run queue are written against these names; under
//! `--cfg skyloom_loom` they become loom's, and the models in `tests/` walk
//! through every interleaving of the very code that runs in production.

#[cfg(not(skyloom_loom))]
mod real {
    pub(crate) use crossbeam::queue::SegQueue as Queue;
    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
}

/// Between a `SeqCst` write and a `SeqCst` read: nothing, since such accesses have one order.
/// loom knows that order of fences only, and gets one.
#[inline(always)]
pub(crate) fn in_one_order() {
    #[cfg(skyloom_loom)]
    fence(Ordering::SeqCst);
}

/// Lets loom see plain memory: it reports a reader that nothing orders behind the writer.
#[cfg(not(skyloom_loom))]
#[derive(Debug, Default)]
pub(crate) struct Witness(());

#[cfg(not(skyloom_loom))]
impl Witness {
    #[inline(always)]
    pub(crate) fn written(&self) {}
    #[inline(always)]
    pub(crate) fn read(&self) {}
}

#[cfg(skyloom_loom)]
mod real {
    use std::collections::VecDeque;

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

    /// loom's lock with parking_lot's signature.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Mutex<T> {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().expect("no model panics while it holds a lock")
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Witness(loom::cell::UnsafeCell<()>);

    impl Witness {
        pub(crate) fn written(&self) {
            self.0.with_mut(|_| ());
        }
        pub(crate) fn read(&self) {
            self.0.with(|_| ());
        }
    }

    /// crossbeam's queue is not written for loom. This one promises less: a look that finds it
    /// empty orders nothing, so the fences around it have to.
    #[derive(Debug)]
    pub(crate) struct Queue<T> {
        items: Mutex<VecDeque<T>>,
        len: AtomicUsize,
    }

    impl<T> Queue<T> {
        pub(crate) fn new() -> Queue<T> {
            Queue { items: Mutex::new(VecDeque::new()), len: AtomicUsize::new(0) }
        }

        pub(crate) fn push(&self, item: T) {
            self.items.lock().push_back(item);
            self.len.fetch_add(1, Ordering::Relaxed);
        }

        pub(crate) fn pop(&self) -> Option<T> {
            if self.len.load(Ordering::Relaxed) == 0 {
                return None;
            }
            let item = self.items.lock().pop_front()?;
            self.len.fetch_sub(1, Ordering::Relaxed);
            Some(item)
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.len.load(Ordering::Relaxed) == 0
        }
    }
}

pub(crate) use real::*;
