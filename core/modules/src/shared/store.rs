//! What all services of a node share: the current version under each name.
//!
//! An update puts another tree in the place of the old one; nobody is told. Readers keep the tree
//! that they have and compare counters when they look again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::tree::Tree;

/// Who shares: each kind has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `skynet.sharedata`: readers follow updates by themselves.
    Data,
    /// `skynet.datasheet`: so do these.
    Sheet,
    /// `skynet.sharetable`: readers keep a version until they ask for the next.
    Table,
}

impl Kind {
    /// Whether a reader sees an update without asking.
    pub(crate) fn follows(self) -> bool {
        self != Kind::Table
    }
}

/// One name and its current version.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) kind: Kind,
    pub(crate) name: Vec<u8>,
    version: AtomicU64,
    current: RwLock<Arc<Tree>>,
}

/// A piece of bytes with one writer and many readers, for `skynet.stm`.
#[derive(Debug)]
pub(crate) struct Blob {
    version: AtomicU64,
    current: RwLock<Arc<[u8]>>,
}

/// Everything shared by the services of a node.
#[derive(Debug, Default)]
pub(crate) struct Store {
    changes: AtomicU64,
    /// One for each kind.
    names: [RwLock<HashMap<Vec<u8>, Arc<Named>>>; 3],
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    last: u64,
    blobs: HashMap<u64, Arc<Blob>>,
}

/// Tokens that wait for somebody to redeem them.
pub(crate) const MAX_TOKENS: usize = 1 << 20;

impl Named {
    /// The number of the version that readers find now.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The current version, with its number.
    pub(crate) fn current(&self) -> (u64, Arc<Tree>) {
        let current = self.current.read();
        // Changed under the same lock.
        (self.version.load(Ordering::Relaxed), Arc::clone(&current))
    }
}

impl Store {
    /// How often anything was updated: readers compare it before they look at each name.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// What has that name.
    pub(crate) fn find(&self, kind: Kind, name: &[u8]) -> Option<Arc<Named>> {
        self.names[kind as usize].read().get(name).cloned()
    }

    /// Adds a name; `false` if it is taken.
    #[must_use]
    pub(crate) fn add(&self, kind: Kind, name: &[u8], tree: Tree) -> bool {
        let mut names = self.names[kind as usize].write();
        if names.contains_key(name) {
            return false;
        }
        names.insert(name.to_vec(), Arc::new(Named::new(kind, name, tree)));
        true
    }

    /// Puts a tree in the place of the current one, or adds the name.
    pub(crate) fn set(&self, kind: Kind, name: &[u8], tree: Tree) {
        let old;
        {
            let mut names = self.names[kind as usize].write();
            match names.get(name) {
                Some(named) => {
                    let mut current = named.current.write();
                    old = std::mem::replace(&mut *current, Arc::new(tree));
                    named.version.fetch_add(1, Ordering::Release);
                }
                None => {
                    names.insert(name.to_vec(), Arc::new(Named::new(kind, name, tree)));
                    return;
                }
            }
        }
        // Behind the version, so that who sees this one sees that one.
        self.changes.fetch_add(1, Ordering::Release);
        // Outside the locks: the last owner of a large tree takes its time.
        drop(old);
    }

    /// Forgets a name; readers keep what they have. `false` if there was none.
    #[must_use]
    pub(crate) fn remove(&self, kind: Kind, name: &[u8]) -> bool {
        let removed = self.names[kind as usize].write().remove(name);
        removed.is_some()
    }

    /// All names of a kind.
    pub(crate) fn names(&self, kind: Kind) -> Vec<Vec<u8>> {
        self.names[kind as usize].read().keys().cloned().collect()
    }

    /// A number by which another service can find a blob, once; none if too many wait.
    pub(crate) fn issue(&self, blob: Arc<Blob>) -> Option<u64> {
        let mut tokens = self.tokens.lock();
        if tokens.blobs.len() >= MAX_TOKENS {
            return None;
        }
        tokens.last += 1;
        let token = tokens.last;
        tokens.blobs.insert(token, blob);
        Some(token)
    }

    /// What a token stands for; it is used up.
    pub(crate) fn redeem(&self, token: u64) -> Option<Arc<Blob>> {
        self.tokens.lock().blobs.remove(&token)
    }
}

impl Named {
    fn new(kind: Kind, name: &[u8], tree: Tree) -> Named {
        Named { kind, name: name.to_vec(), version: AtomicU64::new(1), current: RwLock::new(Arc::new(tree)) }
    }
}

impl Blob {
    /// Bytes that nobody has read.
    pub(crate) fn new(bytes: &[u8]) -> Arc<Blob> {
        Arc::new(Blob { version: AtomicU64::new(1), current: RwLock::new(bytes.into()) })
    }

    /// Publishes other bytes.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let bytes = bytes.into();
        let mut current = self.current.write();
        *current = bytes;
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The bytes and their version, if it is not `seen`.
    pub(crate) fn read(&self, seen: u64) -> Option<(u64, Arc<[u8]>)> {
        if self.version.load(Ordering::Acquire) == seen {
            return None;
        }
        let current = self.current.read();
        Some((self.version.load(Ordering::Relaxed), Arc::clone(&current)))
    }
}

#[cfg(test)]
mod tests;
