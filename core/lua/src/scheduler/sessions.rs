//! A table from sessions to whatever waits under them.
//!
//! Sessions are handed out in order and most are answered soon, so an entry lives where its
//! session's low bits say: no hashing, no probing. One whose place is taken, because something
//! older waits there still, goes to an ordinary map; when that holds more than the table, the
//! table grows.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use skyloom_abi::Session;

/// The table.
#[derive(Debug)]
pub(super) struct Sessions<W> {
    places: Vec<Option<(Session, W)>>,
    others: HashMap<Session, W, SessionHash>,
    len: usize,
}

/// Largest number of places; what waits beyond that is in the map.
const LARGEST: usize = 4096;

impl<W: Copy> Sessions<W> {
    pub(super) fn new() -> Sessions<W> {
        Sessions { places: Vec::new(), others: HashMap::default(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds what waits under a session that is not in the table.
    #[inline(always)]
    pub(super) fn insert(&mut self, session: Session, wait: impl FnOnce() -> W) {
        self.len += 1;
        let place = self.place(session);
        // Made where it will lie: by value it would be written twice.
        match self.places.get_mut(place) {
            Some(free @ None) => *free = Some((session, wait())),
            _ => self.insert_elsewhere(session, wait()),
        }
    }

    #[cold]
    fn insert_elsewhere(&mut self, session: Session, wait: W) {
        self.others.insert(session, wait);
        if self.others.len() <= self.places.len() || self.places.len() >= LARGEST {
            return;
        }
        let size = (self.places.len() * 4).max(4);
        let all: Vec<(Session, W)> = self.drain().collect();
        self.places = vec![None; size];
        self.len = all.len();
        for (session, wait) in all {
            let place = self.place(session);
            match &mut self.places[place] {
                free @ None => *free = Some((session, wait)),
                Some(_) => drop(self.others.insert(session, wait)),
            }
        }
    }

    #[inline]
    pub(super) fn get(&self, session: Session) -> Option<&W> {
        match self.places.get(self.place(session)) {
            Some(Some((here, wait))) if *here == session => Some(wait),
            _ if self.others.is_empty() => None,
            _ => self.others.get(&session),
        }
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, session: Session) -> Option<W> {
        let place = self.place(session);
        let removed = match self.places.get_mut(place) {
            Some(entry) if entry.as_ref().is_some_and(|(here, _)| *here == session) => {
                entry.take().map(|(_, wait)| wait)
            }
            _ if self.others.is_empty() => None,
            _ => self.others.remove(&session),
        };
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Everything, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Session, &W)> {
        let placed = self.places.iter().flatten().map(|(session, wait)| (*session, wait));
        placed.chain(self.others.iter().map(|(session, wait)| (*session, wait)))
    }

    /// Takes everything, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Session, W)> {
        self.len = 0;
        let placed = std::mem::take(&mut self.places).into_iter().flatten();
        placed.chain(std::mem::take(&mut self.others))
    }

    #[inline]
    fn place(&self, session: Session) -> usize {
        // The number of places is a power of two, or zero: then no place is valid.
        session.get() as usize & self.places.len().wrapping_sub(1)
    }
}

/// Hashes consecutive numbers.
pub(super) type SessionHash = BuildHasherDefault<SessionHasher>;

#[derive(Debug, Default)]
pub(super) struct SessionHasher(u64);

impl Hasher for SessionHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        // Fibonacci hashing: the map looks at the high and the low bits.
        let product = u128::from(self.0 ^ u64::from(number)) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: u32) -> Session {
        Session::new(number).unwrap()
    }

    #[test]
    fn it_behaves_as_a_map_whatever_stays_in_it() {
        let mut table = Sessions::new();
        let mut model = HashMap::new();
        let mut seed = 1_u32;
        for number in 1..20_000_u32 {
            table.insert(session(number), || number);
            model.insert(number, number);
            // Most leave at once, some stay for long, some for ever.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let leaver = match seed >> 29 {
                0 => number / 2 + 1,
                1 => number.saturating_sub(100).max(1),
                2 => continue,
                _ => number,
            };
            assert_eq!(table.get(session(leaver)).copied(), model.get(&leaver).copied());
            assert_eq!(table.remove(session(leaver)), model.remove(&leaver));
            assert_eq!(table.remove(session(leaver)), None);
            assert_eq!(table.len(), model.len());
        }
        assert_eq!(table.places.len(), LARGEST, "it has grown with what waits");
        let mut left: Vec<u32> = table.iter().map(|(session, _)| session.get()).collect();
        left.sort_unstable();
        let mut expected: Vec<u32> = model.into_keys().collect();
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert_eq!(table.drain().count(), expected.len());
        assert_eq!((table.len(), table.get(session(1))), (0, None));
    }
}
