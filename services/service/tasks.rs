//! The futures that a service has begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use super::desk::Task;
use super::link::Link;

#[derive(Default)]
pub(super) struct Tasks {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

/// A place for a task; its bell is kept for the next one.
struct Slot {
    task: Option<Task>,
    bell: Arc<Bell>,
    waker: Waker,
}

/// Wakes the task in one slot. A waker kept for too long rings for the slot's next task, which
/// is polled once more than needed and no worse.
struct Bell {
    link: Arc<Link>,
    slot: usize,
    /// It has rung and the task was not polled since.
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.link.tell(|desk| desk.work.woken.push(self.slot));
        }
    }
}

impl Tasks {
    /// Takes a task in; it is to be polled.
    pub(super) fn insert(&mut self, link: &Arc<Link>, task: Task) -> usize {
        if let Some(slot) = self.free.pop() {
            self.slots[slot].task = Some(task);
            return slot;
        }
        let slot = self.slots.len();
        let bell = Arc::new(Bell { link: link.clone(), slot, rung: AtomicBool::new(false) });
        self.slots.push(Slot { task: Some(task), waker: bell.clone().into(), bell });
        slot
    }

    /// Polls the task in a slot, if there is one.
    pub(super) fn poll(&mut self, slot: usize) {
        let Some(place) = self.slots.get_mut(slot) else { return };
        // Out of its slot while it runs: a panic leaves nothing half polled behind.
        let Some(mut task) = place.task.take() else { return };
        // Partner of the swap in `wake_by_ref`: who rang before is seen by this poll, who rings
        // from here on causes another.
        place.bell.rung.swap(false, Ordering::AcqRel);
        if task.as_mut().poll(&mut Context::from_waker(&place.waker)).is_pending() {
            place.task = Some(task);
        } else {
            self.free.push(slot);
        }
    }
}
