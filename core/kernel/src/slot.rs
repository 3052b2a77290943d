//! Room for one cell that a newcomer pushes out.
//!
//! One pointer, swapped: a hot slot is filled and emptied once per message, so
//! it costs one atomic operation each time and no more.

use crate::primitive::{AtomicPtr, Ordering};
use std::ptr;

/// Holds one box or none.
#[derive(Debug)]
pub(crate) struct Slot<C> {
    // Null, or what `Box::into_raw` returned: then the slot owns it.
    item: AtomicPtr<C>,
}

impl<C> Slot<C> {
    pub(crate) fn new() -> Slot<C> {
        Slot { item: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts an item in; returns the one that was there.
    pub(crate) fn replace(&self, item: Box<C>) -> Option<Box<C>> {
        self.swap(Box::into_raw(item))
    }

    /// Takes the item out.
    pub(crate) fn take(&self) -> Option<Box<C>> {
        // Mostly there is none, and a load leaves the line with its owner.
        if self.is_empty() { None } else { self.swap(ptr::null_mut()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        // SeqCst: one side of the argument in `RunQueue::rouse`.
        self.item.load(Ordering::SeqCst).is_null()
    }

    #[allow(unsafe_code, reason = "an atomic pointer that owns; modelled in tests/loom_run_queue.rs")]
    fn swap(&self, item: *mut C) -> Option<Box<C>> {
        // SeqCst: as above. It also orders the cell's contents before whoever takes it.
        let before = self.item.swap(item, Ordering::SeqCst);
        // SAFETY: a pointer in the slot came from `Box::into_raw` in `replace`, and the swap that
        // takes it out is the only one that sees it: it becomes a box again exactly once.
        (!before.is_null()).then(|| unsafe { Box::from_raw(before) })
    }
}

impl<C> Drop for Slot<C> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_pushes_the_one_before_out_and_nothing_is_lost() {
        let witness = std::sync::Arc::new(());
        let item = |number: u32| Box::new((number, witness.clone()));
        let slot = Slot::new();
        assert!(slot.is_empty() && slot.take().is_none());
        assert!(slot.replace(item(1)).is_none());
        assert_eq!(slot.replace(item(2)).map(|item| item.0), Some(1));
        assert_eq!(slot.take().map(|item| item.0), Some(2));
        let _ = slot.replace(item(3));
        drop(slot);
        assert_eq!(std::sync::Arc::strong_count(&witness), 1);
    }
}
