//! Finds things by their socket number.
//!
//! Sixteen shards, each a power-of-two array of places; number `n` has exactly
//! one place it can be at, so a look-up is one comparison, and a stale number
//! meets either an empty place or a thing with another number. Numbers count
//! up and skip places that are taken; an array doubles when it is half full,
//! so that little is skipped.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use parking_lot::RwLock;

use crate::id::SocketId;

const SHARDS: usize = 16;

/// A map from socket numbers to things, which also gives the numbers out.
#[derive(Debug)]
pub(crate) struct Table<T> {
    next: AtomicU32,
    shards: [RwLock<Shard<T>>; SHARDS],
}

#[derive(Debug)]
struct Shard<T> {
    places: Vec<Option<(SocketId, T)>>,
    taken: usize,
}

impl<T: Clone> Table<T> {
    /// An empty table whose first number is `first`.
    pub(crate) fn new(first: SocketId) -> Table<T> {
        let empty = || RwLock::new(Shard { places: Vec::new(), taken: 0 });
        Table { next: AtomicU32::new(first.get()), shards: std::array::from_fn(|_| empty()) }
    }

    /// Puts what `make` makes under the next free number.
    pub(crate) fn insert(&self, make: impl FnOnce(SocketId) -> T) -> T {
        loop {
            // The counter may run through all 32 bits: those that are no socket's number are passed over.
            let Some(id) = SocketId::new(self.next.fetch_add(1, Relaxed) & SocketId::MAX) else {
                continue;
            };
            let mut shard = self.shards[shard_of(id)].write();
            if shard.taken * 2 >= shard.places.len() {
                shard.grow();
            }
            let at = shard.place_of(id);
            if shard.places[at].is_none() {
                let thing = make(id);
                shard.places[at] = Some((id, thing.clone()));
                shard.taken += 1;
                return thing;
            }
        }
    }

    /// The thing with this number.
    pub(crate) fn get(&self, id: SocketId) -> Option<T> {
        let shard = self.shards[shard_of(id)].read();
        match shard.places.get(shard.place_of(id)) {
            Some(Some((found, thing))) if *found == id => Some(thing.clone()),
            _ => None,
        }
    }

    /// Takes the thing with this number out.
    pub(crate) fn remove(&self, id: SocketId) -> Option<T> {
        let mut shard = self.shards[shard_of(id)].write();
        let at = shard.place_of(id);
        let (_, thing) = shard.places.get_mut(at)?.take_if(|(found, _)| *found == id)?;
        shard.taken -= 1;
        Some(thing)
    }

    /// All things, ordered by their numbers.
    pub(crate) fn all(&self) -> Vec<T> {
        let mut all: Vec<(SocketId, T)> = Vec::new();
        for shard in &self.shards {
            all.extend(shard.read().places.iter().flatten().cloned());
        }
        all.sort_unstable_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, thing)| thing).collect()
    }
}

fn shard_of(id: SocketId) -> usize {
    id.get() as usize % SHARDS
}

impl<T> Shard<T> {
    fn place_of(&self, id: SocketId) -> usize {
        (id.get() as usize / SHARDS) & self.places.len().wrapping_sub(1)
    }

    /// Doubles the places; two numbers that had different ones still do.
    fn grow(&mut self) {
        let wider = (self.places.len() * 2).max(4);
        let old = std::mem::take(&mut self.places);
        self.places.resize_with(wider, || None);
        for (id, thing) in old.into_iter().flatten() {
            let at = self.place_of(id);
            self.places[at] = Some((id, thing));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn table(first: u32) -> Table<u32> {
        let Some(first) = SocketId::new(first) else { panic!("{first} is no socket id") };
        Table::new(first)
    }

    #[test]
    fn a_number_misses_once_its_thing_is_gone() {
        let table = table(1);
        let first = table.insert(SocketId::get);
        let Some(id) = SocketId::new(first) else { panic!("0 was given out") };
        assert_eq!(table.get(id), Some(first));
        assert_eq!(table.remove(id), Some(first));
        assert_eq!((table.get(id), table.remove(id)), (None, None));
        for _ in 0..10_000 {
            assert_ne!(table.insert(SocketId::get), first, "not soon again");
        }
        assert_eq!(table.get(id), None);
    }

    #[test]
    fn it_holds_what_a_plain_map_would_hold() {
        let table = table(1);
        let mut model = BTreeMap::new();
        let mut seed = 7_u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if seed >> 31 == 0 || model.is_empty() {
                let number = table.insert(SocketId::get);
                assert_eq!(model.insert(number, ()), None, "{number} was given out twice");
            } else {
                let at = (seed >> 8) as usize % model.len();
                let number = model.keys().copied().nth(at);
                let Some(id) = number.and_then(SocketId::new) else { panic!("the model is wrong") };
                assert_eq!(table.remove(id), number);
                model.remove(&id.get());
            }
        }
        assert_eq!(table.all(), model.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn the_counter_goes_round_past_all_that_still_live() {
        let table = table(SocketId::MAX - 1);
        let numbers: Vec<u32> = (0..4).map(|_| table.insert(SocketId::get)).collect();
        assert_eq!(numbers, [SocketId::MAX - 1, SocketId::MAX, 1, 2], "0 is nobody's number");
    }
}
