//! Which cell runs next, where, and who sleeps meanwhile.
//!
//! The protocols and the argument that no wake-up is lost are in
//! `run_queue/README.md`; the steps are cited here by their numbers (P1…, S1…).

mod sleepers;

use std::time::Duration;

use crate::primitive::{AtomicBool, AtomicU64, Ordering, Queue, fence, in_one_order};
use crate::slot::Slot;
use sleepers::Sleepers;

/// How often a watcher looks after the others: half of what the promise allows.
pub(crate) const LOOK_AROUND: Duration = Duration::from_micros(500);

/// So many looks at a sleeping node make the watcher drowsy.
pub(crate) const DROWSY_AFTER: u32 = 4;

/// So many turns may come from the hot slot in a row.
const HOT_CHAIN: u32 = 32;

/// Every so many turns the global queue comes first. A prime, as in Go's scheduler, so that it beats with no period.
const GLOBAL_FIRST: u32 = 61;

#[derive(Debug)]
pub(crate) struct RunQueue<C> {
    lanes: Box<[Lane<C>]>,
    global: Queue<Box<C>>,
    sleepers: Sleepers,
    /// Somebody sleeps and nobody looks around.
    drowsy: AtomicBool,
}

/// What belongs to one worker; on a cache line pair of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Lane<C> {
    hot: Slot<C>,
    local: Queue<Box<C>>,
    /// Counts messages handled; while it stands still the worker is held up, or asleep.
    turn: AtomicU64,
}

/// Somebody to wake, as the number of a worker. The caller owns the alarm clock.
pub(crate) type Waken = Option<usize>;

/// What a worker remembers from one choice to the next.
#[derive(Debug, Default)]
pub(crate) struct Picker {
    hot_chain: u32,
    picks: u32,
}

/// What a watcher remembers from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    turns: Vec<u64>,
    quiet: u32,
}

/// How the watcher should sleep; the others sleep until they are woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Until woken or for one look-around.
    Watching,
    /// Until woken or until the next timer.
    Drowsy,
}

impl<C> RunQueue<C> {
    pub(crate) fn new(workers: usize) -> RunQueue<C> {
        let lane = |_| Lane { hot: Slot::new(), local: Queue::new(), turn: AtomicU64::new(0) };
        RunQueue {
            lanes: (0..workers).map(lane).collect(),
            global: Queue::new(),
            sleepers: Sleepers::new(),
            drowsy: AtomicBool::new(false),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.lanes.len()
    }

    /// Puts in a cell that worker `near` made runnable during a turn (P1, P2).
    #[inline(always)]
    pub(crate) fn push_hot(&self, near: usize, cell: Box<C>) -> Waken {
        match self.lanes[near].hot.replace(cell) {
            Some(pushed_out) => {
                self.lanes[near].local.push(pushed_out);
                self.wake_one()
            }
            None => self.rouse(Some(near)),
        }
    }

    /// Puts in a cell from outside the workers (P1, P3).
    pub(crate) fn push_global(&self, cell: Box<C>) -> Waken {
        self.global.push(cell);
        self.wake_one()
    }

    /// Puts back a cell whose budget is spent. Nobody is woken: this worker goes on with it or with another.
    pub(crate) fn push_back(&self, near: usize, cell: Box<C>) {
        self.lanes[near].local.push(cell);
    }

    fn wake_one(&self) -> Waken {
        // Pairs with the fence in `fall_asleep` (P3 with S2).
        fence(Ordering::SeqCst);
        self.sleepers.take_one()
    }

    /// Wakes the watcher if it does not look around (P2), unless `me` is it and awake already.
    pub(crate) fn rouse(&self, me: Option<usize>) -> Waken {
        // The slot was written with SeqCst and the flag is read with it; the watcher writes the
        // flag and reads the slots, both with SeqCst too: one of the two sees the other. No fence
        // on this side, where it would cost every message.
        in_one_order();
        if !self.drowsy.load(Ordering::SeqCst) || !self.drowsy.swap(false, Ordering::SeqCst) {
            return None;
        }
        self.sleepers.watcher().filter(|watcher| Some(*watcher) != me)
    }

    /// The next cell for worker `me`.
    #[inline(always)]
    pub(crate) fn next(&self, me: usize, picker: &mut Picker) -> Option<Box<C>> {
        picker.picks = picker.picks.wrapping_add(1);
        let lane = &self.lanes[me];
        let globals_turn = picker.picks.is_multiple_of(GLOBAL_FIRST);
        if let Some(cell) = globals_turn.then(|| self.global.pop()).flatten() {
            return Some(cell);
        }
        let hots_turn = picker.hot_chain < HOT_CHAIN;
        if let Some(cell) = hots_turn.then(|| lane.hot.take()).flatten() {
            picker.hot_chain += 1;
            return Some(cell);
        }
        picker.hot_chain = 0;
        lane.local.pop().or_else(|| self.global.pop()).or_else(|| lane.hot.take()).or_else(|| self.steal(me))
    }

    fn steal(&self, me: usize) -> Option<Box<C>> {
        let workers = self.lanes.len();
        (1..workers).find_map(|i| self.lanes[(me + i) % workers].local.pop())
    }

    /// Says that worker `me` begins to handle a message.
    #[inline(always)]
    pub(crate) fn turn_begins(&self, me: usize) {
        let turn = &self.lanes[me].turn;
        turn.store(turn.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// The turn number of a worker, for the stall watcher.
    pub(crate) fn turn_of(&self, worker: usize) -> u64 {
        self.lanes[worker].turn.load(Ordering::Relaxed)
    }

    /// Puts `me` on the list of sleepers and looks once more (S1 to S3): tells whether it is the
    /// watcher, or returns what it found, and then it is off the list again.
    pub(crate) fn fall_asleep(&self, me: usize) -> Result<bool, Box<C>> {
        // If nobody looks around, this one does, whoever else sleeps.
        let watches = self.sleepers.add(me, self.drowsy.swap(false, Ordering::SeqCst));
        // Pairs with the fence in `wake_one`.
        fence(Ordering::SeqCst);
        let found = self.global.pop().or_else(|| self.lanes[me].local.pop()).or_else(|| self.steal(me));
        match found {
            Some(cell) => {
                self.wake_up(me);
                Err(cell)
            }
            None => Ok(watches),
        }
    }

    /// Wakes somebody else if more than one cell waits (S6). For a worker that has just got up and found one.
    pub(crate) fn pass_on(&self) -> Waken {
        let more = !self.global.is_empty() || self.lanes.iter().any(|lane| !lane.local.is_empty());
        if more { self.wake_one() } else { None }
    }

    /// Decides how the watcher sleeps, after a look at the others (S4).
    pub(crate) fn watch(&self, watch: &mut Watch) -> Sleep {
        let awake = self.lanes.len().saturating_sub(self.sleepers.count());
        watch.quiet = if awake == 0 { watch.quiet.saturating_add(1) } else { 0 };
        self.sleep_after(watch.quiet)
    }

    /// How to sleep after so many looks at a sleeping node.
    pub(crate) fn sleep_after(&self, quiet: u32) -> Sleep {
        if quiet < DROWSY_AFTER && self.lanes.len() > 1 {
            return Sleep::Watching;
        }
        // See `rouse` for the order.
        self.drowsy.store(true, Ordering::SeqCst);
        in_one_order();
        if self.lanes.iter().any(|lane| !lane.hot.is_empty()) {
            self.drowsy.store(false, Ordering::SeqCst);
            return Sleep::Watching;
        }
        Sleep::Drowsy
    }

    /// Takes `me` off the list (S5). If it watched and leaves sleepers behind, they sleep
    /// without a look-around: the flag says so until somebody is roused.
    pub(crate) fn wake_up(&self, me: usize) {
        if self.sleepers.remove(me) {
            self.drowsy.store(true, Ordering::SeqCst);
        }
    }

    /// The workers that handled nothing since the last look, other than `me`.
    pub(crate) fn held_up(&self, me: usize, watch: &mut Watch) -> Vec<usize> {
        let now: Vec<u64> = (0..self.lanes.len()).map(|worker| self.turn_of(worker)).collect();
        let before = std::mem::replace(&mut watch.turns, now);
        (0..self.lanes.len())
            .filter(|worker| *worker != me && before.get(*worker) == watch.turns.get(*worker))
            .collect()
    }

    /// Takes over what a held-up worker keeps hot.
    pub(crate) fn take_over(&self, from: usize) -> Option<Box<C>> {
        self.lanes[from].hot.take()
    }
}
