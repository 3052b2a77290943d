//! Handlers that finish later: calls, tasks, and the state between awaits.

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::{Actor, Do, SECOND, log_of};
use serde::{Deserialize, Serialize};
use skyloom::prelude::*;
use skyloom::test::Sim;

const MS: Duration = Duration::from_millis(1);

/// One link of a chain of services, each of which asks the next.
struct Chain(Option<Handle>);

impl Service for Chain {
    type Message = u64;

    fn handle(&mut self, ctx: &Context<Self>, number: u64) -> Result<Answer, Error> {
        let Some(next) = self.0 else { return ctx.reply(number) };
        ctx.later(move |ctx| async move {
            let answer: u64 = ctx.call(next, number + 1).await?;
            Ok(answer * 2)
        })
    }
}

#[test]
fn calls_nest() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed);
        let mut first = sim.spawn(Chain(None));
        for _ in 0..10 {
            first = sim.spawn(Chain(Some(first)));
        }
        assert_eq!(sim.call(first, 0u64), Ok(10 * 1024));
    }
}

#[test]
fn a_service_goes_on_while_an_answer_is_awaited() {
    let mut sim = Sim::new(3);
    let actor = sim.spawn(Actor::default());
    let late = sim.ask::<u64>(actor, Do::Later(1000));
    sim.run();
    for count in 2..=100 {
        assert_eq!(sim.call(actor, Do::Count), Ok(count));
    }
    assert!(late.answer().is_none());
    sim.advance(SECOND);
    assert_eq!(late.answer(), Some(Ok(100)), "it sees what happened meanwhile");
}

/// Calls itself and others in many ways.
#[derive(Default)]
struct Many(u64);

#[derive(Serialize, Deserialize)]
enum Ask {
    Add(u64),
    /// Asks itself to add 1 to n, all at once.
    AddAll(u64),
    /// The same, and gives up each second of them.
    AddHalf(u64),
    /// Uses `with` where it must not be used.
    Misuse,
    MisuseTwice,
}

impl Service for Many {
    type Message = Ask;

    fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Add(n) => {
                self.0 += n;
                ctx.reply(self.0)
            }
            Ask::AddAll(n) => ctx.later(move |ctx| async move {
                // All are on their way before the first is awaited.
                let calls: Vec<_> = (1..=n).map(|n| ctx.call::<u64>(ctx.handle(), Ask::Add(n))).collect();
                let mut sums = Vec::new();
                for call in calls {
                    sums.push(call.await?);
                }
                Ok(sums)
            }),
            Ask::AddHalf(n) => ctx.later(move |ctx| async move {
                for n in 1..=n {
                    let call = ctx.call::<u64>(ctx.handle(), Ask::Add(n));
                    if n.is_multiple_of(2) {
                        call.await?;
                    }
                }
                Ok(ctx.with(|me| me.0))
            }),
            Ask::Misuse => ctx.reply(ctx.with(|me| me.0)),
            Ask::MisuseTwice => ctx.later(|ctx| async move { Ok(ctx.with(|_| ctx.with(|me| me.0))) }),
        }
    }
}

#[test]
fn a_service_can_call_itself_many_times_at_once_and_in_order() {
    let mut sim = Sim::new(5);
    let many = sim.spawn(Many::default());
    assert_eq!(sim.call(many, Ask::AddAll(4)), Ok(vec![1, 3, 6, 10]));
}

#[test]
fn an_answer_to_a_call_that_was_given_up_is_dropped_and_counted() {
    let mut sim = Sim::new(5);
    let many = sim.spawn(Many::default());
    assert_eq!(sim.call(many, Ask::AddHalf(10)), Ok(55));
    sim.run();
    assert_eq!(sim.node().stats().late, 5);
}

#[test]
fn with_inside_a_handler_says_what_is_wrong() {
    for (ask, text) in [
        (Ask::Misuse, "error: Many panicked: Context::with in a handler: use `self` there"),
        (Ask::MisuseTwice, "error: Many panicked: Context::with inside of itself"),
    ] {
        let mut sim = Sim::new(5);
        let lines = log_of(sim.node());
        let many = sim.spawn(Many::default());
        assert_eq!(sim.call::<u64>(many, ask), Err(CallError::Died));
        let line = lines.try_recv().unwrap();
        assert!(line.starts_with(text), "{line}");
    }
}

#[test]
fn sessions_go_round_without_hitting_a_call_that_still_waits() {
    /// Waits on one session while the counter goes round.
    struct Wraps(Handle);
    impl Service for Wraps {
        type Message = ();
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            let other = self.0;
            ctx.later(move |ctx| async move {
                let first = ctx.call::<u64>(other, Do::Later(100));
                ctx.sessions_at(skyloom::Session::MAX);
                let second = ctx.call::<u64>(other, Do::Count).await?;
                Ok((first.await?, second))
            })
        }
    }
    let mut sim = Sim::new(1);
    let actor = sim.spawn(Actor::default());
    let wraps = sim.spawn(Wraps(actor));
    assert_eq!(sim.call(wraps, ()), Ok((2, 2)));
}

#[test]
fn a_task_can_be_woken_by_any_thread() {
    /// Waits for something that is no message.
    struct Foreign(Option<Doorbell>);
    impl Service for Foreign {
        type Message = ();
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            let bell = self.0.take().ok_or("only once")?;
            ctx.later(|_| async move { Ok(bell.await) })
        }
    }
    let skyloom = Skyloom::builder().workers(2).log(skyloom::Log::None).start().unwrap();
    for number in 0..200 {
        let (bell, ring) = doorbell();
        let service = skyloom.spawn(Foreign(Some(bell)));
        std::thread::scope(|scope| {
            scope.spawn(|| ring(number));
            assert_eq!(skyloom.call_blocking(service, (), 10 * SECOND), Ok(number));
        });
    }
    skyloom.stop(5 * SECOND).unwrap();
}

/// A number that comes from another thread.
struct Doorbell(std::sync::Arc<std::sync::Mutex<(Option<u64>, Option<std::task::Waker>)>>);

fn doorbell() -> (Doorbell, impl Fn(u64)) {
    let shared = std::sync::Arc::new(std::sync::Mutex::new((None, None::<std::task::Waker>)));
    let bell = Doorbell(shared.clone());
    let ring = move |number| {
        let waker = {
            let mut shared = shared.lock().unwrap();
            shared.0 = Some(number);
            shared.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    };
    (bell, ring)
}

impl Future for Doorbell {
    type Output = u64;
    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<u64> {
        let mut shared = self.0.lock().unwrap();
        shared.1 = Some(cx.waker().clone());
        shared.0.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
    }
}

#[test]
fn a_task_that_never_waits_lets_others_have_their_turn() {
    /// Wakes itself whenever it is polled.
    struct Busy;
    impl Service for Busy {
        type Message = ();
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            ctx.task(|_| {
                std::future::poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    std::task::Poll::<Result<(), Error>>::Pending
                })
            });
            ctx.done()
        }
    }
    let skyloom = Skyloom::builder().workers(1).log(skyloom::Log::None).start().unwrap();
    let busy = skyloom.spawn(Busy);
    let actor = skyloom.spawn(Actor::default());
    assert_eq!(skyloom.call_blocking(busy, (), 10 * SECOND), Ok(()));
    assert_eq!(skyloom.call_blocking(actor, Do::Count, 10 * SECOND), Ok(1));
    assert_eq!(skyloom.call_blocking(busy, (), 10 * SECOND), Ok(()), "its own messages come through too");
    skyloom.node().kill(busy, ExitReason::Killed);
    skyloom.stop(5 * SECOND).unwrap();
}

#[test]
fn what_a_task_holds_is_dropped_when_its_service_ends() {
    struct Holds(mpsc::Sender<()>);
    impl Service for Holds {
        type Message = ();
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            let held = self.0.clone();
            ctx.task(move |ctx| async move {
                ctx.sleep(1000 * SECOND).await;
                drop(held);
                Ok(())
            });
            let held = self.0.clone();
            ctx.after(1000 * SECOND, move |_, _| drop(held));
            ctx.done()
        }
    }
    let mut sim = Sim::new(1);
    let (held, watch) = mpsc::channel();
    let holds = sim.spawn(Holds(held));
    assert_eq!(sim.call(holds, ()), Ok(()));
    assert_eq!(sim.node().stats().timers, 2);
    sim.node().kill(holds, ExitReason::Killed);
    sim.run();
    assert_eq!(watch.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(sim.node().stats().timers, 0, "their timers too");
    sim.advance(MS);
}

#[test]
fn an_error_of_a_task_is_a_line_of_the_log() {
    struct Fails;
    impl Service for Fails {
        type Message = ();
        fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
            ctx.task(|_| async move { Err("nobody asked, but".into()) });
            Ok(())
        }
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            ctx.later(|_| async move { Err::<(), Error>("nor here".into()) })
        }
    }
    let mut sim = Sim::new(1);
    let lines = log_of(sim.node());
    let fails = sim.spawn(Fails);
    sim.send(fails, ()).unwrap();
    sim.run();
    assert!(lines.try_iter().eq(["error: nobody asked, but", "error: nor here"]));
}
