//! Nobody holds up the others.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{collect, echo, handler, session, starter, tell};
use skyloom_abi::{ExitReason, Message, Payload, Protocol};
use skyloom_kernel::{Node, Sim};

/// Keeps a worker until it is told to let go, or for ten seconds at most.
fn hog(node: &Node, go: Arc<AtomicBool>, before: impl FnOnce(&mut skyloom_kernel::Context<'_>) + Send + 'static) {
    let mut before = Some(before);
    let hog = handler(node, "hog", move |ctx, _| {
        if let Some(before) = before.take() {
            before(ctx);
        }
        let end = Instant::now() + Duration::from_secs(10);
        while !go.load(Ordering::Relaxed) && Instant::now() < end {
            std::hint::spin_loop();
        }
    });
    tell(node, hog, "hog");
}

#[test]
fn what_a_handler_made_runnable_runs_elsewhere_when_the_handler_does_not_return() {
    let node = Node::builder().workers(2).start().unwrap();
    let (out, seen) = mpsc::channel();
    let waiting = handler(&node, "waiting", move |_, _| out.send(Instant::now()).unwrap());
    let go = Arc::new(AtomicBool::new(false));
    let (sent, when_sent) = mpsc::channel();
    hog(&node, go.clone(), move |ctx| {
        // It lies in the hog's hot slot now.
        ctx.send(waiting, Protocol::TEXT, Payload::EMPTY).unwrap();
        sent.send(Instant::now()).unwrap();
    });
    let sent = when_sent.recv_timeout(Duration::from_secs(5)).unwrap();
    let ran = seen.recv_timeout(Duration::from_secs(5)).expect("taken over by the idle worker");
    // The promise is 1 ms; a shared machine may not even run us for longer than that.
    assert!(ran.duration_since(sent) < Duration::from_millis(200), "{:?}", ran.duration_since(sent));
    go.store(true, Ordering::Relaxed);
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_service_that_loops_does_not_hold_up_calls_and_timers_of_others() {
    let node = Node::builder().workers(2).start().unwrap();
    let go = Arc::new(AtomicBool::new(false));
    hog(&node, go.clone(), |_| {});
    let echo = echo(&node);
    let (out, seen) = mpsc::channel();
    starter(
        &node,
        "ticker",
        |ctx| {
            ctx.timeout(session(1), Duration::from_millis(5));
        },
        move |ctx, message| {
            if message.source.is_none() {
                ctx.request(echo, session(2), Protocol::TEXT, Payload::EMPTY).unwrap();
            } else {
                ctx.timeout(session(1), Duration::from_millis(5));
                out.send(()).unwrap();
            }
        },
    );
    collect(&seen, 50);
    assert!(!go.swap(true, Ordering::Relaxed), "all that while it looped");
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_flood_starves_neither_timers_nor_a_kill() {
    let node = Node::builder().workers(1).start().unwrap();
    // Each message makes two more, up to a bound: the mailbox never runs empty.
    let flooded = handler(&node, "flooded", |ctx, _| {
        for _ in 0..2 {
            if ctx.mailbox_len() < 10_000 {
                ctx.send(ctx.handle(), Protocol::TEXT, Payload::EMPTY).unwrap();
            }
        }
    });
    tell(&node, flooded, "begin");
    let (out, ticks) = mpsc::channel();
    starter(
        &node,
        "ticker",
        |ctx| {
            ctx.timeout(session(1), Duration::from_millis(10));
        },
        move |ctx, _| {
            ctx.timeout(session(1), Duration::from_millis(10));
            let _ = out.send(());
        },
    );
    collect(&ticks, 30);
    assert!(node.kill(flooded, ExitReason::Killed));
    assert!(!node.is_alive(flooded));
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn two_services_that_talk_without_end_share_their_worker() {
    let node = Node::builder().workers(1).start().unwrap();
    let ping = |ctx: &mut skyloom_kernel::Context<'_>, message: Message| {
        let to = message.source.unwrap_or(ctx.handle());
        let _ = ctx.send(to, Protocol::TEXT, Payload::EMPTY);
    };
    let a = handler(&node, "a", ping);
    let b = handler(&node, "b", ping);
    node.post_near(skyloom_kernel::Near::Outside, b, Message::send(Some(a), Protocol::TEXT, Payload::EMPTY)).unwrap();
    let (out, seen) = mpsc::channel();
    let third = handler(&node, "third", move |_, _| out.send(()).unwrap());
    for _ in 0..100 {
        tell(&node, third, "me too");
        collect(&seen, 1);
    }
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_handler_that_does_not_return_is_reported_once_by_name() {
    let node = Node::builder().workers(2).stall(Duration::from_millis(200)).start().unwrap();
    let (out, lines) = mpsc::channel();
    let logger = handler(&node, "logger", move |_, message| {
        out.send(String::from_utf8(message.payload.into_bytes()).unwrap()).unwrap();
    });
    node.register(&".logger".parse().unwrap(), logger).unwrap();
    let go = Arc::new(AtomicBool::new(false));
    hog(&node, go.clone(), |_| {});
    let line = lines.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(line.contains("to [ :00000002 ] maybe in an endless loop"), "{line}");
    assert!(lines.recv_timeout(Duration::from_millis(600)).is_err(), "said twice");
    go.store(true, Ordering::Relaxed);
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_node_with_a_service_that_never_returns_still_stops_and_names_it() {
    let node = Node::builder().workers(2).start().unwrap();
    let go = Arc::new(AtomicBool::new(false));
    hog(&node, go.clone(), |_| {});
    let stuck = node.stop(Duration::from_millis(100)).unwrap_err();
    assert_eq!(stuck.0.len(), 1);
    assert_eq!(stuck.0[0].1, "hog");
    go.store(true, Ordering::Relaxed);
}

#[test]
fn a_chain_of_a_million_messages_to_oneself_is_flat() {
    let mut sim = Sim::new(1);
    let (out, seen) = mpsc::channel();
    let mut left = 1_000_000u32;
    let chain = handler(sim.node(), "chain", move |ctx, _| {
        left -= 1;
        if left == 0 {
            out.send(()).unwrap();
        } else {
            ctx.send(ctx.handle(), Protocol::TEXT, Payload::EMPTY).unwrap();
        }
    });
    tell(sim.node(), chain, "go");
    sim.run_until_idle();
    assert!(seen.try_recv().is_ok());
}
