//! Looks names up, on threads of its own: the system's resolver blocks.
//!
//! A few short-lived threads, so that one slow name server does not hold up
//! every other name. A thread ends when nothing is left to look up.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

/// Look-ups at the same time.
const THREADS: usize = 4;

/// What a look-up found: in the order in which to try.
pub(crate) type Found = io::Result<Vec<SocketAddr>>;

struct Job {
    host: String,
    port: u16,
    then: Box<dyn FnOnce(Found) + Send>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
}

/// The place where names are looked up.
#[derive(Clone, Default)]
pub(crate) struct Resolver {
    queue: Arc<Mutex<Queue>>,
}

impl Resolver {
    /// Looks `host` up and calls `then` with the result, on another thread.
    ///
    /// The queue is as long as there are connections being made: their number
    /// has a limit.
    ///
    /// # Errors
    ///
    /// The system has no thread for it and none is at work; `then` is not called.
    pub(crate) fn look_up(&self, host: &str, port: u16, then: impl FnOnce(Found) + Send + 'static) -> io::Result<()> {
        let job = Job { host: host.to_owned(), port, then: Box::new(then) };
        let mut queue = self.queue.lock();
        queue.jobs.push_back(job);
        if queue.threads == THREADS {
            return Ok(());
        }
        let resolver = self.clone();
        let spawned = thread::Builder::new().name("resolve".to_owned()).spawn(move || while resolver.step() {});
        match spawned {
            Ok(_) => queue.threads += 1,
            // Those at work will come to it.
            Err(_) if queue.threads > 0 => {}
            Err(error) => {
                queue.jobs.pop_back();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Does one job; false if there was none, and then this thread no longer counts.
    fn step(&self) -> bool {
        let job = {
            let mut queue = self.queue.lock();
            match queue.jobs.pop_front() {
                Some(job) => job,
                None => {
                    queue.threads -= 1;
                    return false;
                }
            }
        };
        (job.then)((job.host.as_str(), job.port).to_socket_addrs().map(Iterator::collect));
        true
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let queue = self.queue.lock();
        write!(f, "Resolver({} waiting, {} at work)", queue.jobs.len(), queue.threads)
    }
}
