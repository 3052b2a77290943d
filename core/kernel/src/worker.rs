//! A worker: takes a cell, runs a turn, looks outside now and then, sleeps in its driver.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use skyloom_abi::{Door, Driver, Handle, Message, Remote, Undelivered};

use crate::cell::{Cell, Hold};
use crate::near::Near;
use crate::node::{Node, Ready};
use crate::run_queue::{LOOK_AROUND, Picker, RunQueue, Sleep, Watch};
use crate::timers::Alarm;
use crate::turn::{self, Budget};

/// What one turn may use up.
const BUDGET: Budget = Budget { messages: 64, time: Duration::from_millis(1) };

/// Most turns between two looks outside.
const LOOK_OUTSIDE_EVERY: u32 = 64;

/// A look outside that comes later than this after the last one was too late…
const TOO_LATE: Duration = Duration::from_micros(400);
/// …and one that comes sooner than this was too early.
const TOO_EARLY: Duration = Duration::from_micros(100);

/// All workers' drivers: a watcher drives another's while that one is held up.
pub(crate) type Drivers = Arc<[Mutex<Box<dyn Driver>>]>;

/// The door as a worker's driver sees it: what it delivers becomes hot on this worker.
struct WorkerDoor {
    node: Node,
    worker: usize,
}

impl Door for WorkerDoor {
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        self.node.post_near(Near::Worker(self.worker), to, message)
    }
}

struct Worker<'a> {
    me: usize,
    door: WorkerDoor,
    queue: &'a RunQueue<Hold>,
    drivers: Drivers,
    remote: Arc<dyn Remote>,
    picker: Picker,
    watch: Watch,
    alarms: Vec<Alarm>,
    /// It has slept and not yet found a cell since.
    got_up: bool,
    /// Turns until the next look outside, and how many there are between two.
    countdown: u32,
    interval: u32,
    last_look: Duration,
}

/// Works until the node closes.
pub(crate) fn work(node: &Node, me: usize, drivers: Drivers) {
    let Ready::Workers(queue, _) = &node.0.ready else { return };
    let remote = drivers[me].lock().remote();
    let mut worker = Worker {
        me,
        door: WorkerDoor { node: node.clone(), worker: me },
        queue,
        drivers,
        remote,
        picker: Picker::default(),
        watch: Watch::default(),
        alarms: Vec::new(),
        got_up: false,
        countdown: 1,
        interval: 1,
        last_look: Duration::ZERO,
    };
    loop {
        worker.countdown -= 1;
        if worker.countdown == 0 {
            worker.look_outside();
        }
        match worker.queue.next(me, &mut worker.picker) {
            Some(hold) => {
                worker.pass_on();
                worker.turn(hold);
            }
            None if worker.sleep() => {}
            None => return,
        }
    }
}

impl Worker<'_> {
    fn node(&self) -> &Node {
        &self.door.node
    }

    #[inline(always)]
    fn turn(&mut self, hold: Box<Hold>) {
        let running = &self.node().0.running[self.me];
        let begins = |cell: &Cell, source| {
            self.queue.turn_begins(self.me);
            running.begins(cell.handle, source);
        };
        let more = turn::run(self.node(), hold, Near::Worker(self.me), BUDGET, begins);
        running.ends();
        if let Some(hold) = more {
            self.queue.push_back(self.me, hold);
        }
        self.remote.flush(&self.door);
    }

    /// Fires timers and polls the driver without waiting, often enough in time but rarely in turns.
    fn look_outside(&mut self) {
        let now = self.node().now();
        let since = now.saturating_sub(std::mem::replace(&mut self.last_look, now));
        if since > TOO_LATE {
            self.interval = (self.interval / 2).max(1);
        } else if since < TOO_EARLY {
            self.interval = (self.interval * 2).min(LOOK_OUTSIDE_EVERY);
        }
        self.countdown = self.interval;
        self.fire();
        if !self.remote.is_idle() {
            self.drive(self.me, Some(Duration::ZERO));
        }
    }

    fn fire(&mut self) {
        let mut alarms = std::mem::take(&mut self.alarms);
        self.node().fire(Near::Worker(self.me), &mut alarms);
        self.alarms = alarms;
    }

    /// Drives a driver if nobody else does just now.
    fn drive(&self, whose: usize, timeout: Option<Duration>) {
        if let Some(mut driver) = self.drivers[whose].try_lock() {
            driver.drive(timeout, &self.door);
        }
    }

    /// Sleeps until there may be something to do; `false` if the node closes and nothing is left.
    fn sleep(&mut self) -> bool {
        let watches = match self.queue.fall_asleep(self.me) {
            Ok(watches) => watches,
            Err(hold) => {
                self.got_up = true;
                self.pass_on();
                self.turn(hold);
                return true;
            }
        };
        if self.node().0.closing.load(std::sync::atomic::Ordering::SeqCst) {
            self.queue.wake_up(self.me);
            return false;
        }
        let timeout = match watches.then(|| self.queue.watch(&mut self.watch)) {
            None => None,
            Some(Sleep::Watching) => Some(self.until_timer().map_or(LOOK_AROUND, |time| time.min(LOOK_AROUND))),
            Some(Sleep::Drowsy) => self.until_timer(),
        };
        self.drivers[self.me].lock().drive(timeout, &self.door);
        self.queue.wake_up(self.me);
        self.got_up = true;
        self.countdown = self.countdown.max(1);
        self.fire();
        if watches {
            self.look_around();
        }
        true
    }

    /// The post that woke this worker may have been for another cell than the one it found (S6).
    fn pass_on(&mut self) {
        if std::mem::take(&mut self.got_up) {
            self.node().wake(self.queue.pass_on());
        }
    }

    fn until_timer(&self) -> Option<Duration> {
        let next = self.node().0.timers.next()?;
        Some(next.saturating_sub(self.node().now()))
    }

    /// Takes over from workers that are held up: their hot cell and their driver.
    fn look_around(&mut self) {
        for held_up in self.queue.held_up(self.me, &mut self.watch) {
            if let Some(hold) = self.queue.take_over(held_up) {
                self.turn(hold);
            }
            self.drive(held_up, Some(Duration::ZERO));
        }
    }
}
