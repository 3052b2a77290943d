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
        let (waiting, mine) = cell.mailbox.retire();
        for message in waiting {
            self.bounce(handle, message, CallError::Died);
        }
        if mine {
            let waken = self.schedule(Near::Outside, cell);
            self.wake(waken);
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

    /// Tells everybody who asked that a service has ended.
    pub(crate) fn announce(&self, near: Near, cell: &Cell) {
        self.0.dying.lock().retain(|other| other.handle != cell.handle);
        let reason = cell.reason();
        for watcher in cell.last_watchers() {
            self.tell_exit(near, watcher, cell.handle, reason.clone());
        }
        let _end = self.0.end.lock();
        self.0.ended.notify_all();
    }

    pub(crate) fn tell_exit(&self, near: Near, watcher: Handle, handle: Handle, reason: ExitReason) {
        let notice = Payload::value(Exited { handle, reason });
        let _ = self.post_near(near, watcher, Message::send(Some(handle), Protocol::SYSTEM, notice));
    }
}
