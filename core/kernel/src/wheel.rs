//! A hierarchical timer wheel: pure, time is an argument.
//!
//! Six levels of 64 slots over ticks of one millisecond (the algorithm of
//! Varghese and Lauck, 1987, as scheme 7). An entry waits in the level where its distance fits and
//! moves down when its slot's time comes, so insert and cancel cost the same
//! however many timers there are. Entries of one tick fire in the order they
//! were put in.

use slab::Slab;

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 6;
/// Farther ticks wait in the last level and go round again.
const REACH: u64 = 1 << (BITS * LEVELS as u32);
const NONE: usize = usize::MAX;

#[derive(Debug)]
pub(crate) struct Wheel<T> {
    /// Everything due before or at this tick has been handed out.
    now: u64,
    levels: Box<[Level; LEVELS]>,
    entries: Slab<Entry<T>>,
    serial: u32,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// Bit n: slot n is not empty.
    occupied: u64,
    slots: [List; SLOTS],
}

#[derive(Debug, Clone, Copy)]
struct List {
    first: usize,
    last: usize,
}

#[derive(Debug)]
struct Entry<T> {
    due: u64,
    serial: u32,
    place: (u8, u8),
    before: usize,
    after: usize,
    item: T,
}

/// Names one timer; a fired or cancelled one is never mistaken for a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    index: usize,
    serial: u32,
}

impl<T> Wheel<T> {
    pub(crate) fn new() -> Wheel<T> {
        let level = Level { occupied: 0, slots: [List { first: NONE, last: NONE }; SLOTS] };
        Wheel { now: 0, levels: Box::new([level; LEVELS]), entries: Slab::new(), serial: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts in an item that is due at tick `due`; one that is past is due at the next tick.
    pub(crate) fn insert(&mut self, due: u64, item: T) -> Key {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let due = due.max(self.now + 1);
        let entry = Entry { due, serial, place: (0, 0), before: NONE, after: NONE, item };
        let index = self.entries.insert(entry);
        self.link(index);
        Key { index, serial }
    }

    /// Takes an item out again, unless it has fired.
    pub(crate) fn cancel(&mut self, key: Key) -> Option<T> {
        self.entries.get(key.index).filter(|entry| entry.serial == key.serial)?;
        self.unlink(key.index);
        Some(self.entries.remove(key.index).item)
    }

    /// The earliest tick at which `advance` may have something to do: never later than the
    /// first due entry, perhaps earlier.
    pub(crate) fn next(&self) -> Option<u64> {
        (0..LEVELS).filter_map(|level| self.next_in(level)).min()
    }

    /// When the next occupied slot of a level comes up.
    fn next_in(&self, level: usize) -> Option<u64> {
        let occupied = self.levels[level].occupied;
        let shift = BITS * level as u32;
        let here = self.now >> shift;
        // The slot that `now` is in was emptied when its time came; it can only hold the next round.
        let ahead = occupied.rotate_right((here as u32 + 1) % SLOTS as u32);
        (occupied != 0).then(|| (here + 1 + u64::from(ahead.trailing_zeros())) << shift)
    }

    /// Moves time to tick `to` and hands out what is due, in order.
    pub(crate) fn advance(&mut self, to: u64, mut fire: impl FnMut(T)) {
        while let Some(next) = self.next().filter(|next| *next <= to) {
            self.now = next;
            for level in (1..LEVELS).rev() {
                // A higher slot's time comes when all the lower digits roll over to zero.
                if next & ((1 << (BITS * level as u32)) - 1) == 0 {
                    self.cascade(level);
                }
            }
            let slot = (next % SLOTS as u64) as u8;
            while let Some(index) = self.pop(0, slot) {
                fire(self.entries.remove(index).item);
            }
        }
        self.now = self.now.max(to);
    }

    /// Distributes the slot of `level` whose time has come over the levels below.
    fn cascade(&mut self, level: usize) {
        let slot = (self.now >> (BITS * level as u32)) as usize % SLOTS;
        let mut index = self.levels[level].slots[slot].first;
        self.levels[level].slots[slot] = List { first: NONE, last: NONE };
        self.levels[level].occupied &= !(1 << slot);
        while index != NONE {
            let after = self.entries[index].after;
            self.link(index);
            index = after;
        }
    }

    fn link(&mut self, index: usize) {
        let due = self.entries[index].due;
        let differs = due ^ self.now;
        // The highest digit (of BITS bits) in which it differs from now is its level. An entry
        // beyond the last level waits in that level's farthest slot and is linked again there.
        // One due at this very tick has just come down and fires next.
        let (level, tick) = if differs < REACH {
            ((63 - (differs | 1).leading_zeros()) / BITS, due)
        } else {
            (LEVELS as u32 - 1, due.min(self.now + REACH - 1))
        };
        let slot = (tick >> (BITS * level)) as usize % SLOTS;
        let list = &mut self.levels[level as usize].slots[slot];
        let last = std::mem::replace(&mut list.last, index);
        if last == NONE {
            list.first = index;
            self.levels[level as usize].occupied |= 1 << slot;
        } else {
            self.entries[last].after = index;
        }
        let entry = &mut self.entries[index];
        (entry.before, entry.after, entry.place) = (last, NONE, (level as u8, slot as u8));
    }

    fn unlink(&mut self, index: usize) {
        let Entry { before, after, place: (level, slot), .. } = self.entries[index];
        let level = &mut self.levels[usize::from(level)];
        let list = &mut level.slots[usize::from(slot)];
        if before == NONE {
            list.first = after;
        }
        if after == NONE {
            list.last = before;
        }
        if list.first == NONE {
            level.occupied &= !(1 << slot);
        }
        if before != NONE {
            self.entries[before].after = after;
        }
        if after != NONE {
            self.entries[after].before = before;
        }
    }

    fn pop(&mut self, level: u8, slot: u8) -> Option<usize> {
        let index = self.levels[usize::from(level)].slots[usize::from(slot)].first;
        (index != NONE).then(|| {
            self.unlink(index);
            index
        })
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests;
