//! Payloads that scripts hold by a key.
//!
//! Skynet hands `(msg, sz)` to Lua as a pointer that must be freed by hand. Here the light
//! userdata is a number: a place in this table and the generation of that place. A key whose
//! payload was sent, trashed or dropped misses; so does any number that was made up.

/// What a script holds instead of a pointer; never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(usize);

/// How a payload came into the table, which decides how long it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// With a message: it dies when the coroutine that got it first suspends or ends.
    Received,
    /// By `skynet.pack`: it dies when it is sent or trashed, or its coroutine ends.
    Packed,
}

/// Bits of a key that are the place; the generation stands above them.
const PLACE_BITS: u32 = 24;
const NOWHERE: u32 = u32::MAX;

/// All payloads that one service's scripts hold, by owner and by key.
#[derive(Debug)]
pub(crate) struct Keys<P> {
    entries: Vec<Entry<P>>,
    /// First entry of each owner.
    heads: Vec<u32>,
    /// First vacant entry.
    vacant: Option<u32>,
    held: usize,
}

#[derive(Debug)]
struct Entry<P> {
    generation: u32,
    owner: u32,
    origin: Origin,
    payload: Option<P>,
    /// Neighbours in the owner's list; `next` also links vacant entries.
    next: u32,
    previous: u32,
}

impl Key {
    /// The key with these bits, which may be anything a script has.
    pub(crate) fn from_bits(bits: usize) -> Key {
        Key(bits)
    }

    pub(crate) fn bits(self) -> usize {
        self.0
    }

    fn new(place: u32, generation: u32) -> Key {
        Key(((generation as usize) << PLACE_BITS) | place as usize)
    }

    fn place(self) -> usize {
        self.0 & ((1 << PLACE_BITS) - 1)
    }

    fn generation(self) -> usize {
        self.0 >> PLACE_BITS
    }
}

impl<P> Default for Keys<P> {
    fn default() -> Keys<P> {
        Keys { entries: Vec::new(), heads: Vec::new(), vacant: None, held: 0 }
    }
}

impl<P> Keys<P> {
    /// Keeps a payload for `owner`; `None` when 2^24 are held.
    #[inline(always)]
    pub(crate) fn insert(&mut self, owner: u32, origin: Origin, payload: P) -> Option<Key> {
        let place = match self.vacant {
            Some(place) => {
                let next = self.entries[place as usize].next;
                self.vacant = (next != NOWHERE).then_some(next);
                place
            }
            None if self.entries.len() >= 1 << PLACE_BITS => return None,
            None => {
                let place = self.entries.len() as u32;
                self.entries.push(Entry {
                    generation: 0,
                    owner,
                    origin,
                    payload: None,
                    next: NOWHERE,
                    previous: NOWHERE,
                });
                place
            }
        };
        let head = self.link(owner, place);
        let entry = &mut self.entries[place as usize];
        // 0 would make a key of zero, which scripts see as "no message".
        entry.generation = entry.generation.checked_add(1).unwrap_or(1);
        (entry.owner, entry.origin, entry.payload) = (owner, origin, Some(payload));
        (entry.next, entry.previous) = (head, NOWHERE);
        self.held += 1;
        Some(Key::new(place, entry.generation))
    }

    /// The payload behind a key.
    #[inline(always)]
    pub(crate) fn get(&self, key: Key) -> Option<&P> {
        let entry = self.entries.get(key.place())?;
        if entry.generation as usize == key.generation() { entry.payload.as_ref() } else { None }
    }

    /// Takes the payload out; the key is stale from now on.
    #[inline(always)]
    pub(crate) fn take(&mut self, key: Key) -> Option<P> {
        self.get(key)?;
        self.remove(key.place() as u32)
    }

    /// Takes the payload out for as long as it is read; meanwhile the key misses.
    pub(crate) fn lend(&mut self, key: Key) -> Option<P> {
        self.get(key)?;
        self.entries.get_mut(key.place())?.payload.take()
    }

    /// Puts back what was lent.
    pub(crate) fn give_back(&mut self, key: Key, payload: P) {
        if let Some(entry) = self.entries.get_mut(key.place()) {
            entry.payload = Some(payload);
        }
    }

    /// Drops what `owner` received: it suspends.
    #[inline]
    pub(crate) fn suspended(&mut self, owner: u32) {
        self.drop_of(owner, |origin| origin == Origin::Received);
    }

    /// Drops everything of `owner`: it ends.
    #[inline]
    pub(crate) fn ended(&mut self, owner: u32) {
        self.drop_of(owner, |_| true);
    }

    /// How many payloads are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    #[inline]
    fn drop_of(&mut self, owner: u32, which: impl Fn(Origin) -> bool) {
        if self.held != 0 {
            self.drop_some(owner, which);
        }
    }

    fn drop_some(&mut self, owner: u32, which: impl Fn(Origin) -> bool) {
        let mut place = self.heads.get(owner as usize).copied().unwrap_or(NOWHERE);
        while place != NOWHERE {
            let entry = &self.entries[place as usize];
            let next = entry.next;
            if which(entry.origin) {
                self.remove(place);
            }
            place = next;
        }
    }

    /// Makes `place` the first of `owner` and returns who was.
    #[inline(always)]
    fn link(&mut self, owner: u32, place: u32) -> u32 {
        let owner = owner as usize;
        if owner >= self.heads.len() {
            self.heads.resize(owner + 1, NOWHERE);
        }
        let head = std::mem::replace(&mut self.heads[owner], place);
        if let Some(entry) = self.entries.get_mut(head as usize) {
            entry.previous = place;
        }
        head
    }

    #[inline(always)]
    fn remove(&mut self, place: u32) -> Option<P> {
        let entry = &mut self.entries[place as usize];
        let payload = entry.payload.take();
        let (owner, next, previous) = (entry.owner as usize, entry.next, entry.previous);
        entry.next = self.vacant.replace(place).unwrap_or(NOWHERE);
        match self.entries.get_mut(previous as usize) {
            Some(entry) => entry.next = next,
            None => self.heads[owner] = next,
        }
        if let Some(entry) = self.entries.get_mut(next as usize) {
            entry.previous = previous;
        }
        self.held -= 1;
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(keys: &mut Keys<String>, owner: u32, origin: Origin, text: &str) -> Key {
        keys.insert(owner, origin, text.into()).unwrap()
    }

    #[test]
    fn a_key_is_good_until_its_payload_is_taken() {
        let mut keys = Keys::default();
        let key = keep(&mut keys, 0, Origin::Packed, "one");
        assert_eq!(keys.get(key).map(String::as_str), Some("one"));
        assert!(keys.take(key).is_some());
        assert!(keys.take(key).is_none(), "taken twice");
        let other = keep(&mut keys, 0, Origin::Packed, "two");
        assert_eq!(other.place(), key.place(), "the place is used again");
        assert!(keys.get(key).is_none(), "and the old key misses it");
    }

    #[test]
    fn numbers_that_were_made_up_miss() {
        let mut keys = Keys::default();
        let key = keep(&mut keys, 3, Origin::Received, "x");
        for bits in [0, 1, usize::MAX, key.bits() + 1, key.bits() + (1 << PLACE_BITS), key.bits() ^ (1 << 60)] {
            assert!(keys.take(Key::from_bits(bits)).is_none(), "{bits:x}");
        }
        assert!(keys.take(key).is_some());
    }

    #[test]
    fn what_was_received_dies_at_the_first_suspension_and_what_was_packed_at_the_end() {
        let mut keys = Keys::default();
        let received = keep(&mut keys, 1, Origin::Received, "r");
        let packed = keep(&mut keys, 1, Origin::Packed, "p");
        let others = keep(&mut keys, 2, Origin::Received, "o");
        keys.suspended(1);
        assert!(keys.get(received).is_none() && keys.get(packed).is_some());
        keys.ended(1);
        assert!(keys.get(packed).is_none() && keys.get(others).is_some());
        keys.ended(2);
        assert_eq!(keys.len(), 0);
    }

    #[test]
    fn places_are_used_again_in_any_order_of_taking() {
        let mut keys = Keys::default();
        for round in 0..100_u32 {
            let mut held: Vec<Key> = (0..7).map(|i| keep(&mut keys, i % 3, Origin::Packed, "x")).collect();
            while !held.is_empty() {
                let key = held.remove(round as usize % held.len());
                assert!(keys.take(key).is_some());
            }
        }
        assert_eq!((keys.len(), keys.entries.len()), (0, 7));
        for owner in 0..3 {
            assert_eq!(keys.heads[owner], NOWHERE);
        }
    }
}
