//! The driver of a worker that has no sockets: it just sleeps.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use skyloom_abi::{Door, Driver, Remote};

/// Sleeps until woken; a wake-up that comes early is kept.
#[derive(Debug, Default)]
pub(crate) struct Parker(Arc<Bell>);

#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Driver for Parker {
    fn drive(&mut self, timeout: Option<Duration>, _: &dyn Door) {
        let mut rung = self.0.rung.lock();
        if !*rung {
            match timeout {
                Some(Duration::ZERO) => {}
                Some(timeout) => {
                    self.0.changed.wait_for(&mut rung, timeout);
                }
                None => self.0.changed.wait(&mut rung),
            }
        }
        *rung = false;
    }

    fn remote(&self) -> Arc<dyn Remote> {
        self.0.clone()
    }
}

impl Remote for Bell {
    fn wake(&self) {
        *self.rung.lock() = true;
        self.changed.notify_one();
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn flush(&self, _: &dyn Door) {}
}
