//! Whom a service wrote to last.
//!
//! Most services answer whoever asked them, or go on asking the same one: the
//! cell is looked up once for the whole conversation, and neither the
//! registry's lock nor its table is touched for the messages after that. A peer
//! that has ended has a retired mailbox, which hands the message back.

use std::fmt;
use std::sync::Arc;

use skyloom_abi::Handle;

use crate::cell::Cell;

/// One service's memory of its peer; touched only in its own turns.
#[derive(Default)]
pub(crate) struct Peer(std::cell::Cell<Option<Arc<Cell>>>);

impl Peer {
    /// The cell of `handle`, if it is the peer.
    #[inline]
    pub(crate) fn take(&self, handle: Handle) -> Option<Arc<Cell>> {
        self.0.take().filter(|cell| cell.handle == handle)
    }

    /// Remembers a cell instead of the one before.
    #[inline]
    pub(crate) fn remember(&self, cell: Arc<Cell>) {
        self.0.set(Some(cell));
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer")
    }
}
