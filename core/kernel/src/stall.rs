//! Handlers that do not return.
//!
//! Workers say what they handle by two relaxed stores; one thread looks a few
//! times a second, so that the workers read no clock for it.

use std::time::Duration;

use skyloom_abi::Handle;

use crate::node::{Node, Ready};

/// What the stall watcher remembers of one worker.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    turn: u64,
    service: Option<Handle>,
    looks: u32,
}

/// What is to be done about a worker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    /// It has just passed the limit: say so, once.
    Report,
    /// It is past the limit and still there.
    Still,
}

/// Looks at one worker: pure. `limit` is in looks.
pub(crate) fn judge(seen: &mut Seen, turn: u64, service: Option<Handle>, limit: u32) -> Verdict {
    if service.is_none() || seen.turn != turn || seen.service != service {
        *seen = Seen { turn, service, looks: 0 };
        return Verdict::Fine;
    }
    seen.looks = seen.looks.saturating_add(1);
    match seen.looks {
        looks if looks < limit => Verdict::Fine,
        looks if looks == limit => Verdict::Report,
        _ => Verdict::Still,
    }
}

/// How often the stall watcher looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks after the workers until the node stops.
pub(crate) fn watch(node: &Node, limit: Duration) {
    let Ready::Workers(queue, _) = &node.0.ready else { return };
    let limit = (limit.as_millis() / LOOK.as_millis()).clamp(1, u128::from(u32::MAX)) as u32;
    let mut seen = vec![Seen::default(); queue.workers()];
    while !node.has_stopped_after(LOOK) {
        for (worker, seen) in seen.iter_mut().enumerate() {
            let now = node.0.running[worker].now();
            let verdict = judge(seen, queue.turn_of(worker), now.map(|(service, _)| service), limit);
            let Some((service, source)) = now else { continue };
            if verdict == Verdict::Fine && seen.looks == 0 {
                continue;
            }
            // Whoever sleeps begins to look after this worker's timers, sockets and hot slot.
            node.wake(queue.rouse(None));
            let stuck = node.find_even_dying(service);
            let interrupt = stuck.as_ref().and_then(|cell| cell.interrupt.as_ref());
            if verdict == Verdict::Report {
                node.report(
                    None,
                    &format!(
                        "error: A message from [ :{:08x} ] to [ {service} ] maybe in an endless loop (version = {})",
                        source.map_or(0, Handle::get),
                        seen.turn
                    ),
                );
                if let Some(interrupt) = interrupt {
                    interrupt.report();
                }
            }
            // Killed, and still at it: it may as well stop.
            let killed = stuck.as_ref().is_some_and(|cell| cell.is_doomed());
            if let Some(interrupt) = interrupt.filter(|_| killed) {
                interrupt.give_up();
            }
        }
    }
}

#[cfg(all(test, not(skyloom_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_reported_once_when_its_message_has_not_moved_for_the_limit() {
        let (mut seen, service) = (Seen::default(), Handle::new(8));
        let looks = [(1, service), (1, service), (1, service), (1, service), (2, service), (2, None), (2, service)];
        let verdicts = looks.map(|(turn, service)| judge(&mut seen, turn, service, 2));
        use Verdict::{Fine, Report, Still};
        assert_eq!(verdicts, [Fine, Fine, Report, Still, Fine, Fine, Fine]);
    }
}
