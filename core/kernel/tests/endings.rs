//! Every request ends, exactly once: reply, error, deadline or death.

mod common;

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Does, collect, echo, handler, session, starter, tell};
use skyloom_abi::{CallError, Cause, ExitReason, Handle, Message, Payload, Protocol, Session};
use skyloom_kernel::{Context, Envelope, Exited, Node, Service, Sim, Spawn};

/// Begins every request and answers none; what it has begun it answers when it ends.
struct Hoarder {
    begun: Vec<(Handle, Session)>,
    begins: usize,
    full: mpsc::Sender<()>,
}

impl Service for Hoarder {
    fn handle(&mut self, ctx: &mut Context<'_>, message: Envelope) {
        self.begun.extend(message.awaits());
        if self.begun.len() == self.begins {
            self.full.send(()).unwrap();
            // From here on it is held up: what comes now stays in the mailbox.
            while !ctx.is_ending() {
                std::thread::yield_now();
            }
        }
    }

    fn retire(&mut self, ctx: &mut Context<'_>, _: &ExitReason) {
        for (to, session) in self.begun.drain(..) {
            ctx.refuse(to, session, CallError::Died);
        }
    }
}

#[test]
fn a_killed_service_answers_a_hundred_begun_and_a_thousand_queued_requests_within_100_ms() {
    let node = Node::builder().workers(2).start().unwrap();
    let (full, is_full) = mpsc::channel();
    let hoarder = Hoarder { begun: Vec::new(), begins: 100, full };
    let hoarder = node.spawn(Spawn::new("hoarder", Box::new(hoarder)));
    let (out, endings) = mpsc::channel();
    starter(
        &node,
        "caller",
        move |ctx| {
            for i in 1..=1100 {
                ctx.request(hoarder, session(i), Protocol::TEXT, Payload::EMPTY).unwrap();
            }
        },
        move |_, message| out.send((message.session.unwrap(), message.into_call_error())).unwrap(),
    );
    is_full.recv_timeout(Duration::from_secs(10)).unwrap();
    let killed = Instant::now();
    assert!(node.kill(hoarder, ExitReason::Killed));
    let endings: HashMap<Session, CallError> = collect(&endings, 1100).into_iter().collect();
    // Generous on a loaded machine; the bench shows the usual figure, which is far below.
    assert!(killed.elapsed() < Duration::from_millis(100), "took {:?}", killed.elapsed());
    assert_eq!(endings.len(), 1100, "each exactly once");
    assert!(endings.values().all(|error| *error == CallError::Died));
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_panic_ends_that_service_alone_and_its_caller_gets_an_error() {
    let mut sim = Sim::new(1);
    let bomb = handler(sim.node(), "bomb", |_, _| panic!("boom"));
    let other = echo(sim.node());
    let (out, endings) = mpsc::channel();
    starter(
        sim.node(),
        "caller",
        move |ctx| {
            ctx.monitor(bomb);
            ctx.request(bomb, session(1), Protocol::TEXT, Payload::EMPTY).unwrap();
            ctx.request(bomb, session(2), Protocol::TEXT, Payload::EMPTY).unwrap();
            ctx.request(other, session(3), Protocol::TEXT, Payload::from("alive")).unwrap();
        },
        move |_, message| out.send((message.session.map(Session::get), message.protocol, message.payload)).unwrap(),
    );
    sim.run_until_idle();
    let mut endings: Vec<_> = endings.try_iter().collect();
    endings.sort_by_key(|(session, ..)| *session);
    assert_eq!(endings.len(), 4);
    let exited = endings[0].2.peek::<Exited>().expect("the monitor's notice");
    assert_eq!((exited.handle, &exited.reason), (bomb, &ExitReason::Panicked("boom".into())));
    assert_eq!((endings[1].0, endings[1].1), (Some(1), Protocol::ERROR), "the request that blew it up");
    assert_eq!((endings[2].0, endings[2].1), (Some(2), Protocol::ERROR), "the request behind it");
    assert_eq!(endings[3].2.as_bytes(), Some(&b"alive"[..]));
    assert!(!sim.node().is_alive(bomb) && sim.node().is_alive(other));
}

#[test]
fn a_deadline_and_a_reply_at_the_same_moment_give_the_caller_both_in_an_order_it_can_settle() {
    // The kernel delivers; which comes first is settled by the caller's own table of sessions.
    for seed in 0..50 {
        let mut sim = Sim::new(seed);
        let slow = handler(sim.node(), "slow", |ctx, message| {
            if let Some((to, session)) = message.awaits() {
                ctx.timeout(session, Duration::from_millis(10));
                ctx.refuse(to, session, CallError::Cancelled);
            }
        });
        let (out, endings) = mpsc::channel();
        let mut open = true;
        starter(
            sim.node(),
            "caller",
            move |ctx| {
                ctx.request(slow, session(1), Protocol::TEXT, Payload::EMPTY).unwrap();
                ctx.deadline(session(1), Duration::ZERO);
            },
            move |ctx, _| {
                if std::mem::take(&mut open) {
                    out.send(()).unwrap();
                } else {
                    ctx.count_late_answer();
                }
            },
        );
        sim.advance(Duration::from_secs(1));
        assert_eq!(endings.try_iter().count(), 1);
        assert_eq!(sim.node().stats().late, 1, "the other one is counted");
    }
}

#[test]
fn a_message_to_the_dead_comes_back_unchanged() {
    let mut sim = Sim::new(1);
    let gone = echo(sim.node());
    sim.run_until_idle();
    assert!(sim.node().kill(gone, ExitReason::Killed));
    assert!(!sim.node().kill(gone, ExitReason::Killed), "only once");
    sim.run_until_idle();
    let message = Message::send(None, Protocol::TEXT, "keep me".into());
    let back = sim.node().post_near(skyloom_kernel::Near::Outside, gone, message).unwrap_err();
    assert_eq!((back.to, back.cause), (gone, Cause::Unknown));
    assert_eq!(back.message.payload.as_bytes(), Some(&b"keep me"[..]));
    let elsewhere = Handle::from_parts(9, 1).unwrap();
    let message = Message::send(None, Protocol::TEXT, Payload::EMPTY);
    let back = sim.node().post_near(skyloom_kernel::Near::Outside, elsewhere, message).unwrap_err();
    assert_eq!(back.cause, Cause::OtherNode);
}

#[test]
fn nothing_is_handled_after_exit_however_much_is_still_coming() {
    let node = Node::builder().workers(4).start().unwrap();
    let (out, seen) = mpsc::channel();
    let mut ended = false;
    let leaver = handler(&node, "leaver", move |ctx, message| {
        assert!(!std::mem::replace(&mut ended, message.payload.is_empty()), "handled after exit");
        if ended {
            ctx.exit(ExitReason::Finished);
            out.send(()).unwrap();
        }
    });
    let (storm, calm) = mpsc::channel();
    for _ in 0..4 {
        let storm = storm.clone();
        starter(
            &node,
            "storm",
            move |ctx| {
                for i in 0..5000 {
                    let payload = if i == 2500 { Payload::EMPTY } else { "wind".into() };
                    let _ = ctx.send(leaver, Protocol::TEXT, payload);
                }
                storm.send(()).unwrap();
            },
            |_, _| {},
        );
    }
    collect(&calm, 4);
    collect(&seen, 1);
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_service_that_is_killed_before_its_first_turn_tells_whoever_spawned_it() {
    let mut sim = Sim::new(1);
    let (out, told) = mpsc::channel();
    let does = Does { start: |_: &mut Context<'_>| panic!("never started"), handle: |_: &mut Context<'_>, _| {} };
    let spawn = Spawn::new("stillborn", Box::new(does)).on_started(move |_, _, outcome| out.send(outcome).unwrap());
    let handle = sim.node().spawn(spawn);
    sim.node().kill(handle, ExitReason::Killed);
    // The cell had been scheduled for its start; its turn finishes it instead.
    sim.run_until_idle();
    assert!(told.recv().unwrap().is_err());
}

#[test]
fn a_panic_in_the_start_hook_reaches_whoever_spawned_it() {
    let mut sim = Sim::new(1);
    let (out, told) = mpsc::channel();
    let does = Does { start: |_: &mut Context<'_>| panic!("no fuel"), handle: |_: &mut Context<'_>, _| {} };
    let spawn = Spawn::new("rocket", Box::new(does)).on_started(move |_, _, outcome| out.send(outcome).unwrap());
    sim.node().spawn(spawn);
    sim.run_until_idle();
    let error = told.recv().unwrap().unwrap_err().to_string();
    assert!(error.contains("no fuel"), "{error}");
    assert_eq!(sim.node().stats().services, 0);
}

#[test]
fn a_panic_while_a_service_ends_is_contained() {
    struct Sore;
    impl Service for Sore {
        fn handle(&mut self, ctx: &mut Context<'_>, _: Envelope) {
            ctx.exit(ExitReason::Finished);
        }
        fn retire(&mut self, _: &mut Context<'_>, _: &ExitReason) {
            panic!("and another thing");
        }
    }
    let mut sim = Sim::new(1);
    let sore = sim.node().spawn(Spawn::new("sore", Box::new(Sore)));
    let survivor = echo(sim.node());
    tell(sim.node(), sore, "go");
    sim.run_until_idle();
    assert!(!sim.node().is_alive(sore) && sim.node().is_alive(survivor));
}

#[test]
fn whoever_monitors_hears_of_the_end_once_and_at_once_if_it_is_past() {
    let mut sim = Sim::new(1);
    let target = handler(sim.node(), "target", |ctx, _| ctx.exit(ExitReason::Finished));
    let (out, heard) = mpsc::channel();
    let watcher = starter(
        sim.node(),
        "watcher",
        move |ctx| {
            ctx.monitor(target);
            ctx.monitor(target);
        },
        move |ctx, message| match message.payload.take::<Exited>() {
            Ok(exited) => out.send(exited.reason).unwrap(),
            Err(_) => ctx.monitor(target),
        },
    );
    sim.run_until_idle();
    tell(sim.node(), target, "go");
    sim.run_until_idle();
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), [ExitReason::Finished]);
    tell(sim.node(), watcher, "monitor it again");
    sim.run_until_idle();
    assert_eq!(heard.try_iter().count(), 1);
}

#[test]
fn a_service_that_keeps_writing_to_the_same_peer_notices_that_it_has_ended() {
    let mut sim = Sim::new(1);
    let (peer, other) = (echo(sim.node()), echo(sim.node()));
    let (out, outcomes) = mpsc::channel();
    let writer = handler(sim.node(), "writer", move |ctx, message| {
        if message.protocol == Protocol::TEXT {
            let to = if message.payload.is_empty() { other } else { peer };
            let outcome = ctx.send(to, Protocol::TEXT, Payload::EMPTY);
            out.send(outcome.map_err(|back| back.cause)).unwrap();
        }
    });
    for _ in 0..2 {
        tell(sim.node(), writer, "peer");
    }
    sim.run_until_idle();
    sim.node().kill(peer, ExitReason::Killed);
    for word in ["peer", "", "peer", ""] {
        tell(sim.node(), writer, word);
    }
    sim.run_until_idle();
    let gone = Err(Cause::Unknown);
    assert_eq!(outcomes.try_iter().collect::<Vec<_>>(), [Ok(()), Ok(()), gone, Ok(()), gone, Ok(())]);
}
