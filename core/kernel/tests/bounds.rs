//! Limits, names, timers and the environment.

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::{collect, echo, handler, session, starter, tell};
use skyloom_abi::{Cause, ExitReason, Message, Name, Payload, Protocol};
use skyloom_kernel::{Context, Envelope, Limit, Near, Node, Overflow, Sim, Spawn};

fn limited(node: &Node, overflow: Overflow) -> (skyloom_abi::Handle, mpsc::Receiver<Message>) {
    let (out, seen) = mpsc::channel();
    let does =
        common::Does { start: |_: &mut Context<'_>| {}, handle: move |_: &mut Context<'_>, m| out.send(m).unwrap() };
    let spawn = Spawn::new("limited", Box::new(does)).limit(Limit { messages: 10, overflow });
    (node.spawn(spawn), seen)
}

fn post(node: &Node, to: skyloom_abi::Handle, i: u32) -> Result<(), Cause> {
    let message = Message::send(None, Protocol::TEXT, Payload::from(i.to_string()));
    node.post_near(Near::Outside, to, message).map_err(|back| back.cause)
}

#[test]
fn a_mailbox_at_its_hard_limit_refuses_one_more_but_never_an_answer() {
    let mut sim = Sim::new(1);
    let (limited, seen) = limited(sim.node(), Overflow::Refuse);
    assert!((0..10).all(|i| post(sim.node(), limited, i).is_ok()));
    assert_eq!(post(sim.node(), limited, 10), Err(Cause::Full));
    let answer = Message::response(None, session(1), Payload::EMPTY);
    assert!(sim.node().post_near(Near::Outside, limited, answer).is_ok());
    assert_eq!(sim.node().services()[0].dropped, 1);
    sim.run_until_idle();
    assert_eq!(seen.try_iter().count(), 11);
    assert!(post(sim.node(), limited, 11).is_ok(), "there is room again");
}

#[test]
fn a_mailbox_that_drops_says_so_to_a_caller_and_in_its_counter() {
    let mut sim = Sim::new(1);
    let (limited, seen) = limited(sim.node(), Overflow::Drop);
    assert!((0..15).all(|i| post(sim.node(), limited, i).is_ok()));
    let (out, errors) = mpsc::channel();
    let caller = handler(sim.node(), "caller", move |_, message| out.send(message.into_call_error()).unwrap());
    let request = Message::request(caller, session(1), Protocol::TEXT, Payload::EMPTY);
    sim.node().post_near(Near::Outside, limited, request).unwrap();
    assert_eq!(sim.node().services()[0].dropped, 6);
    sim.run_until_idle();
    assert_eq!(seen.try_iter().count(), 10);
    assert_eq!(errors.try_iter().count(), 1);
}

#[test]
fn a_mailbox_may_be_deadly() {
    let mut sim = Sim::new(1);
    let (limited, seen) = limited(sim.node(), Overflow::Kill);
    assert!((0..11).all(|i| post(sim.node(), limited, i).is_ok()));
    assert!(!sim.node().is_alive(limited));
    sim.run_until_idle();
    assert_eq!(seen.try_iter().count(), 0);
}

#[test]
fn an_overload_is_reported_at_1024_and_at_each_doubling_and_again_after_it_is_over() {
    let mut sim = Sim::new(1);
    let (out, lines) = mpsc::channel();
    let logger = handler(sim.node(), "logger", move |_, message| {
        let line = String::from_utf8(message.payload.into_bytes()).unwrap();
        out.send((message.source, line)).unwrap();
    });
    sim.node().register(&".logger".parse().unwrap(), logger).unwrap();
    let slow = handler(sim.node(), "slow", |_, _| {});
    let flood = |node: &Node| (0..5000).for_each(|i| post(node, slow, i).unwrap());
    flood(sim.node());
    sim.run_until_idle();
    let said: Vec<_> = lines.try_iter().collect();
    let lengths: Vec<&str> = said.iter().map(|(_, line)| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(lengths, ["1024", "2048", "4096"]);
    assert!(said.iter().all(|(source, line)| *source == Some(slow) && line.starts_with("error: May overload")));
    flood(sim.node());
    sim.run_until_idle();
    assert_eq!(lines.try_iter().count(), 3, "the next overload is a new one");
}

#[test]
fn a_name_belongs_to_the_first_who_takes_it_until_that_one_ends() {
    let mut sim = Sim::new(1);
    let (first, second) = (echo(sim.node()), echo(sim.node()));
    let name: Name = ".king".parse().unwrap();
    assert_eq!(sim.node().register(&name, first), Ok(()));
    assert_eq!(sim.node().register(&name, first), Ok(()), "again is no quarrel");
    assert_eq!(sim.node().register(&name, second), Err(Some(first)));
    assert_eq!(sim.node().lookup(".king"), Some(first));
    assert_eq!(sim.node().lookup("king"), Some(first));
    sim.node().kill(first, ExitReason::Killed);
    assert_eq!(sim.node().lookup(".king"), None);
    assert_eq!(sim.node().register(&name, first), Err(None), "not for the dead");
    assert_eq!(sim.node().register(&name, second), Ok(()));
    sim.run_until_idle();
}

#[test]
fn of_two_threads_that_race_for_a_name_one_wins_and_the_other_is_told_who() {
    let node = Node::builder().workers(2).start().unwrap();
    let rivals = [echo(&node), echo(&node)];
    for round in 0..20_000 {
        let name: Name = format!(".throne{round}").parse().unwrap();
        let outcomes: Vec<_> = if round % 100 == 0 {
            std::thread::scope(|scope| {
                let threads = rivals.map(|rival| {
                    scope.spawn({
                        let (node, name) = (&node, &name);
                        move || node.register(name, rival)
                    })
                });
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        } else {
            rivals.iter().map(|rival| node.register(&name, *rival)).collect()
        };
        let winner = node.lookup(name.as_str()).unwrap();
        for (rival, outcome) in rivals.iter().zip(outcomes) {
            assert_eq!(outcome, if *rival == winner { Ok(()) } else { Err(Some(winner)) });
        }
    }
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_look_up_during_kills_never_finds_the_dead() {
    let node = Node::builder().workers(2).start().unwrap();
    let name: Name = ".phoenix".parse().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2000 {
                let service = echo(&node);
                node.register(&name, service).unwrap();
                node.kill(service, ExitReason::Killed);
                assert_eq!(node.lookup(".phoenix"), None, "gone when kill returns");
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            let _ = node.lookup(".phoenix");
        }
    });
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn timers_fire_at_their_time_in_their_order_and_not_when_cancelled() {
    let mut sim = Sim::new(3);
    let (out, rang) = mpsc::channel();
    starter(
        sim.node(),
        "clock",
        |ctx| {
            ctx.timeout(session(3), Duration::from_millis(30));
            ctx.timeout(session(1), Duration::from_millis(10));
            let never = ctx.timeout(session(9), Duration::from_millis(15)).unwrap();
            ctx.timeout(session(2), Duration::from_millis(10));
            assert!(ctx.cancel(never));
            assert!(!ctx.cancel(never));
            assert!(ctx.timeout(session(4), Duration::ZERO).is_none(), "due at once");
        },
        move |ctx, message| out.send((message.session.unwrap().get(), ctx.now().as_millis())).unwrap(),
    );
    sim.advance(Duration::from_secs(1));
    assert_eq!(rang.try_iter().collect::<Vec<_>>(), [(4, 0), (1, 10), (2, 10), (3, 30)]);
    assert_eq!(sim.node().stats().timers, 0);
}

#[test]
fn a_zero_timeout_comes_behind_what_is_already_queued() {
    let mut sim = Sim::new(3);
    let (out, seen) = mpsc::channel();
    starter(
        sim.node(),
        "self",
        |ctx| {
            ctx.send(ctx.handle(), Protocol::TEXT, Payload::EMPTY).unwrap();
            ctx.timeout(session(1), Duration::ZERO);
        },
        move |_, message| out.send(message.protocol).unwrap(),
    );
    sim.run_until_idle();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Protocol::TEXT, Protocol::RESPONSE]);
}

#[test]
fn timers_on_real_workers_are_never_early() {
    let node = Node::builder().workers(2).start().unwrap();
    let (out, rang) = mpsc::channel();
    let mut set = std::collections::HashMap::new();
    starter(
        &node,
        "clock",
        move |ctx| {
            for i in 1..=200 {
                ctx.timeout(session(i), Duration::from_micros(u64::from(i) * 333));
            }
        },
        move |ctx, message| {
            let number = message.session.unwrap().get();
            set.insert(number, ());
            out.send((number, ctx.now())).unwrap();
        },
    );
    let rang = collect(&rang, 200);
    for (number, at) in rang {
        assert!(at >= Duration::from_micros(u64::from(number) * 333), "{number} rang at {at:?}");
    }
    node.stop(Duration::from_secs(5)).unwrap();
}

#[test]
fn four_hundred_days_pass_and_every_daily_timer_rings() {
    let mut sim = Sim::new(5);
    let (out, rang) = mpsc::channel();
    let day = Duration::from_secs(86_400);
    starter(
        sim.node(),
        "calendar",
        move |ctx| {
            ctx.timeout(session(1), day);
        },
        move |ctx, _| {
            ctx.timeout(session(1), day);
            out.send(ctx.now()).unwrap();
        },
    );
    sim.advance(day * 400);
    let rang: Vec<_> = rang.try_iter().collect();
    assert_eq!(rang.len(), 400);
    assert_eq!(rang[399], day * 400);
}

#[test]
fn the_environment_is_written_once() {
    let node = Node::builder().workers(1).env("thread", "1").start().unwrap();
    assert_eq!(node.env("thread").as_deref(), Some("1"));
    assert_eq!(node.set_env("thread", "2"), Err("1".to_owned()));
    assert_eq!(node.set_env("new", ""), Ok(()));
    assert_eq!(node.env("new").as_deref(), Some(""));
    node.stop(Duration::from_secs(1)).unwrap();
}

#[test]
fn a_node_with_an_impossible_number_of_workers_is_refused_with_the_range() {
    for workers in [0, 1025, 1_000_000] {
        let error = Node::builder().workers(workers).start().unwrap_err().to_string();
        assert!(error.contains("1 to 1024"), "{error}");
    }
}

#[test]
fn services_stop_in_the_reverse_order_of_their_start_after_what_was_queued() {
    struct Last(u32, mpsc::Sender<String>);
    impl skyloom_kernel::Service for Last {
        fn handle(&mut self, _: &mut Context<'_>, _: Envelope) {
            self.1.send(format!("work {}", self.0)).unwrap();
        }
        fn stop(&mut self, ctx: &mut Context<'_>) {
            self.1.send(format!("stop {}", self.0)).unwrap();
            ctx.exit(ExitReason::Stopped);
        }
    }
    let node = Node::builder().workers(2).start().unwrap();
    let (out, seen) = mpsc::channel();
    for i in 0..3 {
        let service = node.spawn(Spawn::new("last", Box::new(Last(i, out.clone()))));
        tell(&node, service, "work");
    }
    node.stop(Duration::from_secs(5)).unwrap();
    let seen: Vec<String> = seen.try_iter().collect();
    let stops: Vec<&String> = seen.iter().filter(|line| line.starts_with("stop")).collect();
    assert_eq!(stops, ["stop 2", "stop 1", "stop 0"]);
    assert_eq!(seen.len(), 6, "what was queued was handled first: {seen:?}");
    node.wait();
}

#[test]
fn an_aborted_node_ends_at_once_and_its_logger_last_with_every_line() {
    struct Sighs;
    impl skyloom_kernel::Service for Sighs {
        fn handle(&mut self, _: &mut Context<'_>, _: Envelope) {}
        fn retire(&mut self, ctx: &mut Context<'_>, _: &ExitReason) {
            ctx.report("farewell");
        }
    }
    let node = Node::builder().workers(2).start().unwrap();
    let (out, lines) = mpsc::channel();
    let logger = handler(&node, "logger", move |_, message| out.send(message.payload.into_bytes()).unwrap());
    node.register(&".logger".parse().unwrap(), logger).unwrap();
    for _ in 0..50 {
        node.spawn(Spawn::new("sighs", Box::new(Sighs)));
    }
    node.abort();
    node.wait();
    node.stop(Duration::from_secs(5)).unwrap();
    assert_eq!(lines.try_iter().filter(|line| line == b"farewell").count(), 50);
}
