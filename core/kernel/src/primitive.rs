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

    /// Room for one item that a newcomer pushes out.
    #[derive(Debug)]
    pub(crate) struct Slot<T>(crossbeam::queue::ArrayQueue<T>);

    impl<T> Slot<T> {
        pub(crate) fn new() -> Slot<T> {
            Slot(crossbeam::queue::ArrayQueue::new(1))
        }

        pub(crate) fn replace(&self, item: T) -> Option<T> {
            self.0.force_push(item)
        }

        pub(crate) fn take(&self) -> Option<T> {
            self.0.pop()
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }
    }
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

    /// crossbeam's queue is not written for loom; a lock has the same order.
    #[derive(Debug)]
    pub(crate) struct Queue<T>(Mutex<VecDeque<T>>);

    impl<T> Queue<T> {
        pub(crate) fn new() -> Queue<T> {
            Queue(Mutex::new(VecDeque::new()))
        }

        pub(crate) fn push(&self, item: T) {
            self.0.lock().push_back(item);
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.0.lock().pop_front()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Slot<T>(Mutex<Option<T>>);

    impl<T> Slot<T> {
        pub(crate) fn new() -> Slot<T> {
            Slot(Mutex::new(None))
        }

        pub(crate) fn replace(&self, item: T) -> Option<T> {
            self.0.lock().replace(item)
        }

        pub(crate) fn take(&self) -> Option<T> {
            self.0.lock().take()
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.0.lock().is_none()
        }
    }
}

pub(crate) use real::*;
