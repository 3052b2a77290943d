//! Room for one cell that a newcomer pushes out.
//!
//! One pointer, swapped: a hot slot is filled and emptied once per message, so
//! it costs one atomic operation each time and no more.

use std::ptr;
use std::sync::Arc;

use crate::primitive::{AtomicPtr, Ordering};

/// Holds one `Arc` or none.
#[derive(Debug)]
pub(crate) struct Slot<C> {
    // Null, or what `Arc::into_raw` returned: then the slot owns that reference.
    item: AtomicPtr<C>,
}

impl<C> Slot<C> {
    pub(crate) fn new() -> Slot<C> {
        Slot { item: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts an item in; returns the one that was there.
    pub(crate) fn replace(&self, item: Arc<C>) -> Option<Arc<C>> {
        self.swap(Arc::into_raw(item).cast_mut())
    }

    /// Takes the item out.
    pub(crate) fn take(&self) -> Option<Arc<C>> {
        // Mostly there is none, and a load leaves the line with its owner.
        if self.is_empty() { None } else { self.swap(ptr::null_mut()) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        // SeqCst: one side of the argument in `RunQueue::rouse`.
        self.item.load(Ordering::SeqCst).is_null()
    }

    #[allow(unsafe_code, reason = "an atomic pointer that owns; modelled in tests/loom_run_queue.rs")]
    fn swap(&self, item: *mut C) -> Option<Arc<C>> {
        // SeqCst: as above. It also orders the cell's contents before whoever takes it.
        let before = self.item.swap(item, Ordering::SeqCst);
        // SAFETY: a pointer in the slot came from `Arc::into_raw` in `replace`, and the swap that
        // takes it out is the only one that sees it: its reference is given back exactly once.
        (!before.is_null()).then(|| unsafe { Arc::from_raw(before) })
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
        let (first, second) = (Arc::new(1), Arc::new(2));
        let slot = Slot::new();
        assert!(slot.is_empty() && slot.take().is_none());
        assert_eq!(slot.replace(first.clone()), None);
        assert_eq!(slot.replace(second.clone()).as_deref(), Some(&1));
        assert_eq!(slot.take().as_deref(), Some(&2));
        let _ = slot.replace(first.clone());
        drop(slot);
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 1));
    }
}
