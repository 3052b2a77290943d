//! The orderly end of a node: services in reverse order of their start, each asked first.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use skyloom_abi::{ExitReason, Handle, Message, Payload, Protocol, Value};

use crate::near::Near;
use crate::node::{Node, Ready};
use crate::running::Running;

/// The kernel's wish that a service stop, lying in its mailbox like any message.
#[derive(Debug)]
pub(crate) struct StopWish;

impl Value for StopWish {
    fn encode(&self, _: &mut Vec<u8>) {}
}

/// The services that did not end in time; the node has stopped without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck(pub Vec<(Handle, String)>);

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped without")?;
        for (handle, label) in &self.0 {
            write!(f, " {handle} {label}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Stuck {}

impl Node {
    /// Stops the node: asks every service to stop, the youngest first, waits for each, then ends the workers.
    ///
    /// What has not ended after `patience` is killed. Call it from outside the workers.
    ///
    /// # Errors
    ///
    /// [`Stuck`] names the services whose handler did not return even then; their threads are left behind.
    pub fn stop(&self, patience: Duration) -> Result<(), Stuck> {
        let deadline = Instant::now() + patience;
        if !self.0.stopping.swap(true, Ordering::SeqCst) {
            let mut cells = self.0.registry.all();
            cells.sort_by_key(|cell| std::cmp::Reverse(cell.handle));
            for cell in cells {
                self.wish_stop(cell.handle);
                self.wait_until(deadline, || !self.is_alive(cell.handle));
            }
        }
        // Services that were spawned meanwhile, and those that did not listen.
        for cell in self.0.registry.all() {
            self.kill(cell.handle, ExitReason::Stopped);
        }
        let stuck = self.stop_workers();
        let mut end = self.0.end.lock();
        end.stopped = true;
        self.0.ended.notify_all();
        if stuck.is_empty() { Ok(()) } else { Err(Stuck(stuck)) }
    }

    /// Ends every service at once, the one named `.logger` last and after all that the others had to say.
    pub fn abort(&self) {
        self.0.aborting.store(true, Ordering::SeqCst);
        let logger = self.lookup("logger");
        for cell in self.0.registry.all() {
            if Some(cell.handle) != logger {
                self.kill(cell.handle, ExitReason::Killed);
            }
        }
        self.end_the_logger();
    }

    /// Has the logger stop behind what it has been sent, if the node is being aborted and nobody
    /// else is left to say anything.
    pub(crate) fn end_the_logger(&self) {
        if !self.0.aborting.load(Ordering::SeqCst) || !self.0.dying.lock().is_empty() {
            return;
        }
        if let Some(logger) = self.lookup("logger") {
            self.wish_stop(logger);
        }
    }

    fn wish_stop(&self, handle: Handle) {
        let wish = Message::send(None, Protocol::SYSTEM, Payload::value(StopWish));
        // Whoever is gone need not be asked.
        let _ = self.post_near(Near::Outside, handle, wish);
    }

    /// Waits until the node has been stopped, or until its last service has ended.
    pub fn wait(&self) {
        let mut end = self.0.end.lock();
        while !(end.stopped || self.0.registry.was_used() && self.0.registry.living() == 0) {
            self.0.ended.wait(&mut end);
        }
    }

    /// Waits until `done` holds, looking whenever a service ends; `false` when the deadline comes first.
    fn wait_until(&self, deadline: Instant, done: impl Fn() -> bool) -> bool {
        let mut end = self.0.end.lock();
        while !done() {
            if self.0.ended.wait_until(&mut end, deadline).timed_out() {
                return done();
            }
        }
        true
    }

    /// Ends the workers; returns the services that hold some of them up.
    fn stop_workers(&self) -> Vec<(Handle, String)> {
        let Ready::Workers(_, remotes) = &self.0.ready else { return Vec::new() };
        // Workers leave only when nothing is runnable, so that killed services are finished first.
        self.0.closing.store(true, Ordering::SeqCst);
        remotes.iter().for_each(|remote| remote.wake());
        let grace = Instant::now() + Duration::from_millis(500);
        let workers = std::mem::take(&mut self.0.end.lock().workers);
        let mut left = Vec::new();
        for worker in workers {
            while !worker.is_finished() && Instant::now() < grace {
                std::thread::sleep(Duration::from_millis(1));
            }
            if worker.is_finished() {
                let _ = worker.join();
            } else {
                left.push(worker);
            }
        }
        if left.is_empty() { Vec::new() } else { self.running() }
    }

    /// What the workers are handling just now.
    fn running(&self) -> Vec<(Handle, String)> {
        let running = self.0.running.iter().filter_map(Running::now);
        let label = |handle| self.find_even_dying(handle).map_or_else(String::new, |cell| cell.label.to_string());
        running.map(|(handle, _)| (handle, label(handle))).collect()
    }

    /// Waits for `time`; `true` as soon as the node has stopped.
    pub(crate) fn has_stopped_after(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut end = self.0.end.lock();
        while !end.stopped && !self.0.ended.wait_until(&mut end, deadline).timed_out() {}
        end.stopped
    }
}
