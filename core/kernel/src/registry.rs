//! Which handle is whose.
//!
//! Numbers count up and a number is given out again only after all 2^24 have
//! had their turn, so a stale handle misses. Look-ups are sharded: two workers
//! meet at a lock only when they look for neighbours of the same shard.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use parking_lot::RwLock;
use skyloom_abi::Handle;

const SHARDS: usize = 64;

/// A number that counts up is its own best hash once it is spread over the word.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type Shard<T> = RwLock<HashMap<u32, Arc<T>, BuildHasherDefault<Spread>>>;

#[derive(Debug)]
pub(crate) struct Registry<T> {
    node: u8,
    shards: Box<[Shard<T>]>,
    next: AtomicU32,
    living: AtomicUsize,
    /// The last number given out before going round; smaller only in tests.
    last: u32,
}

impl<T> Registry<T> {
    pub(crate) fn new(node: u8) -> Registry<T> {
        Self::with_last(node, Handle::MAX_LOCAL)
    }

    fn with_last(node: u8, last: u32) -> Registry<T> {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Registry { node, shards, next: AtomicU32::new(0), living: AtomicUsize::new(0), last }
    }

    fn shard(&self, local: u32) -> &Shard<T> {
        &self.shards[local as usize % SHARDS]
    }

    /// Gives out the next free handle, for the value that `make` builds around it.
    ///
    /// Returns `None` when every number is taken.
    pub(crate) fn insert(&self, make: impl FnOnce(Handle) -> Arc<T>) -> Option<Arc<T>> {
        let mut make = Some(make);
        for _ in 0..self.last {
            let local = self.next.fetch_add(1, Ordering::Relaxed) % self.last + 1;
            let handle = Handle::from_parts(self.node, local)?;
            let mut shard = self.shard(local).write();
            if let Entry::Vacant(place) = shard.entry(local) {
                let value = make.take()?(handle);
                place.insert(value.clone());
                self.living.fetch_add(1, Ordering::Relaxed);
                return Some(value);
            }
        }
        None
    }

    /// Looks at the value behind a handle; its shard stays locked meanwhile, so be short.
    pub(crate) fn with<R>(&self, handle: Handle, look: impl FnOnce(&Arc<T>) -> R) -> Option<R> {
        let local = handle.local();
        self.shard(local).read().get(&local).map(look)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<Arc<T>> {
        self.with(handle, Arc::clone)
    }

    pub(crate) fn remove(&self, handle: Handle) -> Option<Arc<T>> {
        let gone = self.shard(handle.local()).write().remove(&handle.local())?;
        self.living.fetch_sub(1, Ordering::Relaxed);
        Some(gone)
    }

    pub(crate) fn living(&self) -> usize {
        self.living.load(Ordering::Relaxed)
    }

    /// Whether any handle has ever been given out.
    pub(crate) fn was_used(&self) -> bool {
        self.next.load(Ordering::Relaxed) != 0
    }

    /// All values, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.shards.iter().flat_map(|s| s.read().values().cloned().collect::<Vec<_>>()).collect()
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    fn insert(registry: &Registry<Handle>) -> Option<Handle> {
        registry.insert(Arc::new).map(|value| *value)
    }

    #[test]
    fn handles_count_up_from_one_with_the_node_in_the_high_byte() {
        let registry = Registry::new(3);
        assert_eq!(insert(&registry).unwrap().get(), 0x0300_0001);
        assert_eq!(insert(&registry).unwrap().get(), 0x0300_0002);
    }

    #[test]
    fn a_handle_comes_back_only_after_all_the_others() {
        let registry = Registry::with_last(0, 100);
        let first = insert(&registry).unwrap();
        let kept = insert(&registry).unwrap();
        registry.remove(first);
        for _ in 3..=100 {
            let next = insert(&registry).unwrap();
            assert_ne!(next, first);
            registry.remove(next);
        }
        assert_eq!(insert(&registry), Some(first), "the counter has gone round");
        let next = insert(&registry).unwrap();
        assert_ne!(next, kept, "a living one is passed over");
    }

    #[test]
    fn a_full_registry_says_so() {
        let registry = Registry::with_last(0, 3);
        assert!((0..3).all(|_| insert(&registry).is_some()));
        assert_eq!(insert(&registry), None);
    }
}
