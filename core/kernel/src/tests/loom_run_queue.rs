//! The run queue: no wake-up is lost.
//!
//! A worker here is a thread that follows `worker.rs`: look, fall asleep, sleep
//! in a bell that keeps early wake-ups, wake up. loom reports a deadlock when
//! every thread sleeps although a cell waits, which is precisely a lost wake-up.

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::run_queue::{DROWSY_AFTER, Picker, RunQueue, Sleep, Waken};

/// What a driver's remote does: a wake-up that comes early is kept.
struct Bell(Mutex<bool>, Condvar);

struct Node {
    queue: RunQueue<u32>,
    bells: Vec<Bell>,
}

impl Node {
    fn new(workers: usize) -> Arc<Node> {
        let bells = (0..workers).map(|_| Bell(Mutex::new(false), Condvar::new())).collect();
        Arc::new(Node { queue: RunQueue::new(workers), bells })
    }

    fn wake(&self, waken: Waken) {
        if let Some(worker) = waken {
            *self.bells[worker].0.lock().unwrap() = true;
            self.bells[worker].1.notify_one();
        }
    }

    fn sleep(&self, me: usize) {
        let mut rung = self.bells[me].0.lock().unwrap();
        while !*rung {
            rung = self.bells[me].1.wait(rung).unwrap();
        }
        *rung = false;
    }

    /// Works until a cell comes. Sleeps without an end, whatever the watcher would do, so that
    /// no look-around can hide a lost wake-up.
    fn one_cell(&self, me: usize) -> u32 {
        *self.wait_for_cell(me)
    }

    fn wait_for_cell(&self, me: usize) -> Box<u32> {
        let mut picker = Picker::default();
        let mut got_up = false;
        loop {
            if let Some(cell) = self.queue.next(me, &mut picker) {
                if got_up {
                    self.wake(self.queue.pass_on());
                }
                return cell;
            }
            match self.queue.fall_asleep(me) {
                Err(cell) => {
                    self.wake(self.queue.pass_on());
                    return cell;
                }
                Ok(_) => self.sleep(me),
            }
            self.queue.wake_up(me);
            got_up = true;
        }
    }
}

#[test]
fn a_cell_posted_from_outside_reaches_a_worker_that_falls_asleep_meanwhile() {
    loom::model(|| {
        let node = Node::new(1);
        let worker = {
            let node = node.clone();
            thread::spawn(move || node.one_cell(0))
        };
        node.wake(node.queue.push_global(Box::new(7)));
        assert_eq!(worker.join().unwrap(), 7);
    });
}

#[test]
fn two_cells_posted_from_outside_reach_two_workers() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let node = Node::new(2);
        let workers: Vec<_> = (0..2)
            .map(|me| {
                let node = node.clone();
                thread::spawn(move || node.one_cell(me))
            })
            .collect();
        node.wake(node.queue.push_global(Box::new(1)));
        node.wake(node.queue.push_global(Box::new(2)));
        let sum: u32 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
        assert_eq!(sum, 3);
    });
}

#[test]
fn what_is_pushed_out_of_a_hot_slot_reaches_a_sleeper() {
    loom::model(|| {
        let node = Node::new(2);
        let sleeper = {
            let node = node.clone();
            thread::spawn(move || node.one_cell(1))
        };
        // Worker 0 is in a long turn in which it makes two cells runnable.
        node.wake(node.queue.push_hot(0, Box::new(1)));
        node.wake(node.queue.push_hot(0, Box::new(2)));
        assert_eq!(sleeper.join().unwrap(), 1);
    });
}

#[test]
fn a_hot_cell_rouses_a_watcher_that_grows_drowsy_meanwhile() {
    loom::model(|| {
        let node = Node::new(2);
        let watcher = {
            let node = node.clone();
            thread::spawn(move || {
                if node.queue.fall_asleep(1).is_err() {
                    return;
                }
                // As if worker 0 had slept for long and just got up: the race is in the flag.
                if node.queue.sleep_after(DROWSY_AFTER) == Sleep::Drowsy {
                    node.sleep(1);
                }
                node.queue.wake_up(1);
                // It would look around now, or within half a millisecond.
                while node.queue.take_over(0).is_none() {
                    thread::yield_now();
                }
            })
        };
        node.wake(node.queue.push_hot(0, Box::new(7)));
        watcher.join().unwrap();
    });
}

#[test]
fn when_all_workers_sleep_one_of_them_watches_the_timers() {
    loom::model(|| {
        let node = Node::new(2);
        let sleeper = {
            let node = node.clone();
            thread::spawn(move || node.queue.fall_asleep(1).is_ok_and(|watches| watches))
        };
        let mut watches = node.queue.fall_asleep(0).is_ok_and(|watches| watches);
        if watches {
            // A timer rings; worker 0 gets up by itself, looks after it and sleeps again.
            node.queue.wake_up(0);
            watches = node.queue.fall_asleep(0).is_ok_and(|watches| watches);
        }
        let other = sleeper.join().unwrap();
        assert!(watches || other, "both sleep without an end");
    });
}
