//! What order messages arrive in.

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::{collect, handler, number, starter, tell, text};
use skyloom_abi::{Handle, Message, Payload, Protocol};
use skyloom_kernel::{Near, Node, Sim};

fn eight_senders_keep_their_order(workers: usize, each: u64) {
    let node = Node::builder().workers(workers).start().unwrap();
    let (out, seen) = mpsc::channel();
    let mut next = [0u64; 8];
    let mut left = 8 * each;
    let sink = handler(&node, "sink", move |_, message| {
        let sender = message.source.unwrap().local() as usize % 8;
        let number = number(message);
        assert_eq!(number, next[sender], "lost, doubled or out of order");
        next[sender] += 1;
        left -= 1;
        if left == 0 {
            out.send(next).unwrap();
        }
    });
    for _ in 0..8 {
        let mut sent = 0;
        // Each sends a few hundred at a time and then lets others have the worker.
        let sender = handler(&node, "sender", move |ctx, _| {
            for _ in 0..500.min(each - sent) {
                ctx.send(sink, Protocol::TEXT, text(sent)).unwrap();
                sent += 1;
            }
            if sent < each {
                ctx.send(ctx.handle(), Protocol::TEXT, Payload::from("more")).unwrap();
            }
        });
        tell(&node, sender, "go");
    }
    assert_eq!(seen.recv_timeout(Duration::from_secs(60)).expect("all arrive"), [each; 8]);
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn messages_of_eight_senders_keep_each_senders_order_on_two_workers() {
    eight_senders_keep_their_order(2, 20_000);
}

#[test]
fn messages_of_eight_senders_keep_each_senders_order_on_sixteen_workers() {
    eight_senders_keep_their_order(16, 20_000);
}

#[test]
fn a_post_from_outside_and_one_to_oneself_keep_their_order() {
    let node = Node::builder().workers(2).start().unwrap();
    let (out, seen) = mpsc::channel();
    let service = starter(
        &node,
        "self",
        |ctx| (0..100).for_each(|i| ctx.send(ctx.handle(), Protocol::TEXT, text(i)).unwrap()),
        move |_, message| out.send(number(message)).unwrap(),
    );
    let _ = service;
    assert_eq!(collect(&seen, 100), (0..100).collect::<Vec<_>>());
    node.stop(Duration::from_secs(5)).unwrap();
}

/// Folds the order in which a hundred services hear of each other into a list.
fn story(seed: u64) -> Vec<(u32, u64)> {
    let mut sim = Sim::new(seed);
    let (out, heard) = mpsc::channel();
    let handles: Vec<Handle> = (0..20u64)
        .map(|me| {
            let out = out.clone();
            handler(sim.node(), "gossip", move |ctx, message| {
                let hops = number(message);
                out.send((ctx.handle().get(), hops)).unwrap();
                if hops > 0 {
                    let other = Handle::new((ctx.handle().get() * 7 + me as u32) % 20 + 1).unwrap();
                    ctx.send(other, Protocol::TEXT, text(hops - 1)).unwrap();
                    ctx.timeout(ctx.session(|_| false), Duration::from_millis(hops * 3));
                }
            })
        })
        .collect();
    for handle in &handles {
        sim.node().post_near(Near::Outside, *handle, Message::send(None, Protocol::TEXT, text(6))).unwrap();
    }
    // A timer's response carries no number; the story ends before the first one.
    sim.run_until_idle();
    heard.try_iter().collect()
}

#[test]
fn the_same_seed_gives_the_same_order_and_another_seed_another() {
    assert_eq!(story(1), story(1));
    assert_eq!(story(2), story(2));
    assert_ne!(story(1), story(2));
    let sorted = |mut story: Vec<(u32, u64)>| {
        story.sort_unstable();
        story
    };
    assert_eq!(sorted(story(1)), sorted(story(2)), "the same things happen, in another order");
}
