//! How a service ends: out of the registry, its mailbox closed, everybody told.

use std::sync::Arc;

use skyloom_abi::{CallError, ExitReason, Handle, Message, Payload, Protocol};

use crate::cell::Cell;
use crate::near::Near;
use crate::node::{Exited, Node};

impl Node {
    /// Ends a service now: it handles nothing more, whatever it had begun and whatever waits is
    /// answered with an error, and it is gone from the node when this returns.
    ///
    /// A handler that is just running is let finish its message. Returns `false` if there is no such service.
    pub fn kill(&self, handle: Handle, reason: ExitReason) -> bool {
        let Some(cell) = self.unregister(handle) else { return false };
        // Before the retirement: from then on the holder may finish it and strike it off this list.
        self.0.dying.lock().push(cell.clone());
        cell.doom(reason);
        let (waiting, hold) = cell.mailbox.retire();
        for message in waiting {
            self.bounce(handle, &message, CallError::Died);
        }
        if let Some(hold) = hold {
            let waken = self.schedule(Near::Outside, hold);
            self.wake(waken);
        } else if cell.has_told() {
            // It was ending by itself, and was through with it before it stood on the list.
            self.strike_off(handle);
        }
        true
    }

    /// Takes a service out of the registry and the names; what is posted now comes back.
    pub(crate) fn unregister(&self, handle: Handle) -> Option<Arc<Cell>> {
        if handle.node() != self.0.id {
            return None;
        }
        let cell = self.0.registry.remove(handle)?;
        self.0.names.forget(handle);
        Some(cell)
    }

    /// Finds a service that may have been killed already while its handler still runs.
    pub(crate) fn find_even_dying(&self, handle: Handle) -> Option<Arc<Cell>> {
        let dying = || self.0.dying.lock().iter().find(|cell| cell.handle == handle).cloned();
        self.0.registry.get(handle).or_else(dying)
    }

    fn strike_off(&self, handle: Handle) {
        self.0.dying.lock().retain(|cell| cell.handle != handle);
    }

    /// Tells everybody who asked that a service has ended.
    pub(crate) fn announce(&self, near: Near, cell: &Cell) {
        let reason = cell.reason();
        for watcher in cell.last_watchers() {
            self.tell_exit(near, watcher, cell.handle, reason.clone());
        }
        // After the watchers are taken, which is what `kill` looks at: one of the two strikes it off.
        self.strike_off(cell.handle);
        let _end = self.0.end.lock();
        self.0.ended.notify_all();
    }

    pub(crate) fn tell_exit(&self, near: Near, watcher: Handle, handle: Handle, reason: ExitReason) {
        let notice = Payload::value(Exited { handle, reason });
        let _ = self.post_near(near, watcher, Message::send(Some(handle), Protocol::SYSTEM, notice));
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cell::Envelope;
    use crate::context::Context;
    use crate::service::Service;
    use crate::spawn::Spawn;

    struct Leaver;
    impl Service for Leaver {
        fn handle(&mut self, ctx: &mut Context<'_>, _: Envelope) {
            ctx.exit(ExitReason::Finished);
        }
    }

    #[test]
    fn a_service_that_ends_by_itself_while_it_is_killed_is_forgotten() {
        let node = Node::builder().workers(2).start().unwrap();
        for _ in 0..5000 {
            let leaver = node.spawn(Spawn::new("leaver", Box::new(Leaver)));
            let go = Message::send(None, Protocol::TEXT, Payload::EMPTY);
            let _ = node.post_near(Near::Outside, leaver, go);
            node.kill(leaver, ExitReason::Killed);
        }
        node.stop(Duration::from_secs(5)).unwrap();
        assert!(node.0.dying.lock().is_empty());
    }
}
