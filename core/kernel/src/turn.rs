//! One visit of a worker to a cell: up to a budget of messages, one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use skyloom_abi::{CallError, ExitReason, Handle, Message, Session};

use crate::cell::{Cell, Hold, Phase};
use crate::mailbox::{Mailbox, Settled};
use crate::near::Near;
use crate::node::Node;
use crate::stop::StopWish;

/// What a turn may use up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) messages: usize,
    pub(crate) time: Duration,
}

/// So often within a turn the clock is read: a short turn does not read it at all.
const CLOCK_EVERY: usize = 8;

/// Runs one turn. `begins` is told each message's receiver and source before it is handled.
///
/// Returns the hold if there is more to do: it goes back into the run queue. Otherwise the mailbox
/// has it, or the service has ended.
pub(crate) fn run(
    node: &Node,
    mut hold: Box<Hold>,
    near: Near,
    budget: Budget,
    begins: impl Fn(&Cell, Option<Handle>),
) -> Option<Box<Hold>> {
    let mut asked = None;
    let mut handled = 0;
    let outcome =
        catch_unwind(AssertUnwindSafe(|| messages(&mut hold, near, budget, &begins, &mut asked, &mut handled)));
    let cell = &*hold.cell;
    // Only the holder counts, so a plain store does; a counter of the whole node would be a
    // cache line that all workers fight for.
    cell.handled.store(cell.handled.load(Ordering::Relaxed) + handled as u64, Ordering::Relaxed);
    if handled > 0 && cell.mailbox.len() == 0 {
        cell.relax();
    }
    if let Err(panic) = outcome {
        cell.doom(ExitReason::Panicked(text_of(&*panic)));
        if let Some((to, session)) = asked {
            let error = Message::error(Some(cell.handle), session, CallError::Died);
            let _ = node.post_near(near, to, error);
        }
    }
    if !cell.is_doomed() {
        if !hold.taken.is_empty() {
            return Some(hold);
        }
        match Mailbox::settle(hold) {
            Settled::Idle => return None,
            Settled::More(hold) => return Some(hold),
            Settled::Retired(back) => hold = back,
        }
    }
    finish(node, *hold, near);
    None
}

/// Handles messages until the budget, the mailbox or the service ends.
#[inline(always)]
fn messages(
    hold: &mut Hold,
    near: Near,
    budget: Budget,
    begins: &impl Fn(&Cell, Option<Handle>),
    asked: &mut Option<(Handle, Session)>,
    handled: &mut usize,
) {
    let Hold { cell, actor: Some(actor), taken, phase } = hold else { return };
    if *phase == Phase::New {
        *phase = Phase::Running;
        begins(cell, None);
        actor.start(cell, near);
    }
    let mut since = None;
    while *handled < budget.messages && !cell.is_doomed() {
        let message = match taken.next() {
            Some(message) => message,
            None => {
                *taken = cell.mailbox.take();
                match taken.next() {
                    Some(message) => message,
                    None => return,
                }
            }
        };
        // Now, and not at the end of the turn: a service may ask how many messages wait for it.
        cell.mailbox.count_out();
        *handled += 1;
        *asked = message.awaits();
        begins(cell, message.source);
        if message.payload.holds::<StopWish>() {
            actor.stop(cell, near);
        } else {
            actor.receive(cell, near, message);
        }
        *asked = None;
        if handled.is_multiple_of(CLOCK_EVERY) && since.get_or_insert_with(Instant::now).elapsed() > budget.time {
            return;
        }
    }
}

/// Ends a service whose hold this worker has: everything unanswered gets an error.
#[cold]
fn finish(node: &Node, hold: Hold, near: Near) {
    let Hold { cell, actor, taken, .. } = hold;
    // After a kill it is out of the registry already; after `exit` or a panic this is the moment.
    let _ = node.unregister(cell.handle);
    let (waiting, _) = cell.mailbox.retire();
    for message in taken.chain(waiting) {
        node.bounce(cell.handle, &message, CallError::Died);
    }
    let reason = cell.reason();
    if let Some(mut actor) = actor {
        // A service that panics again while it ends has nothing more to say.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            actor.retire(&cell, near, &reason);
            drop(actor);
        }));
        if let Err(panic) = ended {
            node.report(
                Some(cell.handle),
                &format!("error: {} panicked while it ended: {}", cell.label, text_of(&*panic)),
            );
        }
    }
    if let ExitReason::Panicked(text) = &reason {
        node.report(Some(cell.handle), &format!("error: {} panicked: {text}", cell.label));
    }
    node.0.handled_by_the_dead.fetch_add(cell.handled.load(Ordering::Relaxed), Ordering::Relaxed);
    node.announce(near, &cell);
    node.end_the_logger();
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a text".into())
}
