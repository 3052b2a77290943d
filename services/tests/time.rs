//! Deadlines, sleep and timers, in virtual time.

mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::{Actor, Do, SECOND};
use skyloom::prelude::*;
use skyloom::test::Sim;

/// Asks `Later(.0)` with a deadline of `.1` milliseconds.
struct Impatient(Handle);

impl Service for Impatient {
    type Message = (u64, u64);

    fn handle(&mut self, ctx: &Context<Self>, (takes, patience): (u64, u64)) -> Result<Answer, Error> {
        let actor = self.0;
        ctx.later(move |ctx| async move {
            let call = ctx.call::<u64>(actor, Do::Later(takes)).timeout(Duration::from_millis(patience));
            let ended = match call.await {
                Ok(_) => "answered",
                Err(CallError::TimedOut) => "timed out",
                Err(_) => "failed",
            };
            Ok((ended, ctx.now().as_millis() as u64))
        })
    }
}

#[test]
fn a_call_ends_with_its_answer_or_at_its_deadline_whichever_is_first() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed);
        let actor = sim.spawn(Actor::default());
        let impatient = sim.spawn(Impatient(actor));
        let ended = |(what, when): (&str, u64)| Ok((what.to_owned(), when));
        assert_eq!(sim.call(impatient, (500u64, 1000u64)), ended(("answered", 500)));
        assert_eq!(sim.call(impatient, (1000u64, 300u64)), ended(("timed out", 800)));
        assert_eq!(sim.call(impatient, (5u64, 0u64)), ended(("timed out", 800)));
        assert_eq!(sim.node().stats().late, 0);
        sim.advance(2 * SECOND);
        assert_eq!(sim.node().stats().late, 2, "both answers came after their deadlines");
        assert_eq!(sim.node().stats().timers, 0, "no deadline outlives its call");
    }
}

#[test]
fn sleep_lasts_as_long_as_it_was_told_to() {
    struct Sleeps;
    impl Service for Sleeps {
        type Message = Vec<u64>;
        fn handle(&mut self, ctx: &Context<Self>, times: Vec<u64>) -> Result<Answer, Error> {
            ctx.later(|ctx| async move {
                let mut woken = Vec::new();
                for time in times {
                    ctx.sleep(Duration::from_millis(time)).await;
                    woken.push(ctx.now().as_millis() as u64);
                }
                Ok(woken)
            })
        }
    }
    let mut sim = Sim::new(1);
    let sleeps = sim.spawn(Sleeps);
    assert_eq!(sim.call(sleeps, vec![1u64, 0, 10, 3_600_000]), Ok(vec![1u64, 1, 11, 3_600_011]));
}

/// Writes down when its timers fire.
struct Alarms(mpsc::Sender<(&'static str, u64)>);

impl Service for Alarms {
    type Message = ();

    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        let set = |name: &'static str, ms| {
            ctx.after(Duration::from_millis(ms), move |me: &mut Alarms, ctx| {
                me.0.send((name, ctx.now().as_millis() as u64)).unwrap();
            })
        };
        set("third", 30);
        set("first", 10);
        let cancelled = set("cancelled", 20);
        set("second", 20);
        let too_late = set("at once", 0);
        assert!(cancelled.cancel());
        ctx.after(Duration::from_millis(15), move |me, ctx| {
            assert!(!too_late.cancel(), "it has fired");
            me.0.send(("before", 15)).unwrap();
            ctx.after(Duration::from_millis(5), |me, _| me.0.send(("nested", 20)).unwrap());
        });
        Ok(())
    }

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        ctx.done()
    }
}

#[test]
fn timers_fire_in_their_order_unless_they_are_cancelled() {
    let mut sim = Sim::new(1);
    let (rang, heard) = mpsc::channel();
    sim.spawn(Alarms(rang));
    sim.advance(SECOND);
    let expected = [("at once", 0), ("first", 10), ("before", 15), ("second", 20), ("nested", 20), ("third", 30)];
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), expected);
    assert_eq!(sim.node().stats().timers, 0);
    assert_eq!(sim.node().stats().late, 0, "a cancelled timer is no late answer");
}

#[test]
fn a_flood_of_messages_does_not_keep_a_real_timer_from_firing() {
    /// Sends itself a message for every message, for ever.
    struct Flood(mpsc::Sender<()>);
    impl Service for Flood {
        type Message = ();
        fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
            ctx.after(Duration::from_millis(20), |me, ctx| {
                me.0.send(()).unwrap();
                ctx.exit();
            });
            self.handle(ctx, ()).map(drop)
        }
        fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
            ctx.send(ctx.handle(), ())?;
            ctx.done()
        }
    }
    let skyloom = Skyloom::builder().workers(1).log(skyloom::Log::None).start().unwrap();
    let (rang, heard) = mpsc::channel();
    skyloom.spawn(Flood(rang));
    heard.recv_timeout(10 * SECOND).expect("the timer fires");
    skyloom.stop(5 * SECOND).unwrap();
}
