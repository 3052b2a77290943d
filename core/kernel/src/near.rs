//! Where a call comes from.

/// Where a call comes from: a hint that lets what it makes runnable run on the same worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// Some other thread.
    Outside,
    /// This worker, during a turn or while it handles its driver's events.
    Worker(usize),
}

impl Near {
    /// The worker's number.
    #[must_use]
    pub fn worker(self) -> Option<usize> {
        match self {
            Near::Outside => None,
            Near::Worker(worker) => Some(worker),
        }
    }
}
