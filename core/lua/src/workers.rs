//! The threads that run VMs of one factory.
//!
//! A wish for a script that does not return is told to all of them, and only the one that runs
//! the VM in question does something: so no VM has to note where it runs.

use std::hash::{BuildHasher, Hasher, RandomState};

use parking_lot::Mutex;

/// The system's numbers of those threads.
#[derive(Debug)]
pub(crate) struct Workers {
    number: u64,
    threads: Mutex<Vec<i32>>,
}

impl Workers {
    /// Tells one factory from another, also from one that was at the same place before; not 0.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Adds a thread.
    #[cold]
    pub(crate) fn meet(&self, thread: i32) {
        let mut threads = self.threads.lock();
        if !threads.contains(&thread) {
            threads.push(thread);
        }
    }

    /// All of them so far.
    pub(crate) fn all(&self) -> Vec<i32> {
        self.threads.lock().clone()
    }
}

impl Default for Workers {
    fn default() -> Workers {
        Workers { number: RandomState::new().build_hasher().finish() | 1, threads: Mutex::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_met_once() {
        let workers = Workers::default();
        for thread in [3, 4, 3] {
            workers.meet(thread);
        }
        assert_eq!(workers.all(), [3, 4]);
        assert_ne!(workers.number(), Workers::default().number());
    }
}
