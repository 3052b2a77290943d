//! The list of sleeping workers, one of whom watches.

use crate::primitive::{AtomicUsize, Mutex, Ordering};

#[derive(Debug)]
pub(super) struct Sleepers {
    /// The first one watches; it is woken last.
    list: Mutex<Vec<usize>>,
    /// The list's length, readable without its lock.
    count: AtomicUsize,
}

impl Sleepers {
    pub(super) fn new() -> Sleepers {
        Sleepers { list: Mutex::new(Vec::new()), count: AtomicUsize::new(0) }
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Adds a sleeper, in front if it is to watch; tells whether it is the watcher.
    pub(super) fn add(&self, worker: usize, to_watch: bool) -> bool {
        let mut list = self.list.lock();
        let place = if to_watch { 0 } else { list.len() };
        list.insert(place, worker);
        self.count.store(list.len(), Ordering::Relaxed);
        place == 0
    }

    /// Takes off one sleeper that the caller will wake, the watcher last.
    pub(super) fn take_one(&self) -> Option<usize> {
        if self.count() == 0 {
            return None;
        }
        let mut list = self.list.lock();
        let worker = list.pop();
        // The waker counts the sleeper out, not the sleeper itself: until it runs, another
        // poster must not see a sleeper that is already taken.
        self.count.store(list.len(), Ordering::Relaxed);
        worker
    }

    /// The watcher, left on the list.
    pub(super) fn watcher(&self) -> Option<usize> {
        self.list.lock().first().copied()
    }

    /// Takes `worker` off if it is still there. Tells whether it was the watcher and leaves others behind.
    pub(super) fn remove(&self, worker: usize) -> bool {
        let mut list = self.list.lock();
        let Some(place) = list.iter().position(|sleeper| *sleeper == worker) else { return false };
        list.remove(place);
        self.count.store(list.len(), Ordering::Relaxed);
        place == 0 && !list.is_empty()
    }
}
