//! Every request is answered exactly once, however its handler ends.

mod common;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use common::{Actor, Do, SECOND, log_of, probe};
use skyloom::prelude::*;
use skyloom::test::Sim;
use skyloom::unpack;

/// Asks one thing under fifty seeds: exactly one answer must come, and be this one.
fn one_answer(what: Do, expected: Result<u64, CallError>) {
    for seed in 0..50 {
        let mut sim = Sim::new(seed);
        let actor = sim.spawn(Actor::default());
        let answers = probe(sim.node(), actor, [what]);
        sim.advance(10 * SECOND);
        let seen: Vec<_> = answers.try_iter().map(|(_, ended)| ended.map(|p| unpack(p).unwrap())).collect();
        assert_eq!(seen, std::slice::from_ref(&expected), "{what:?} under seed {seed}");
    }
}

fn refused(text: &str) -> Result<u64, CallError> {
    Err(CallError::Refused(text.into()))
}

#[test]
fn an_answer_given_at_once_comes_once() {
    one_answer(Do::Count, Ok(1));
}

#[test]
fn an_error_of_a_handler_is_the_answer() {
    one_answer(Do::Fail, refused("as you wish"));
}

#[test]
fn a_panic_of_a_handler_answers_that_the_service_died() {
    one_answer(Do::Panic, Err(CallError::Died));
}

#[test]
fn an_answer_given_later_comes_once() {
    one_answer(Do::Later(0), Ok(1));
    one_answer(Do::Later(500), Ok(1));
}

#[test]
fn an_error_that_comes_later_is_the_answer() {
    one_answer(Do::FailLater(500), refused("as you wish"));
}

#[test]
fn a_panic_that_comes_later_answers_that_the_service_died() {
    one_answer(Do::PanicLater(0), Err(CallError::Died));
    one_answer(Do::PanicLater(500), Err(CallError::Died));
}

#[test]
fn a_forgotten_request_is_refused() {
    one_answer(Do::Forget, refused("the request was dropped without an answer"));
    one_answer(Do::ForgetLater(500), refused("the request was dropped without an answer"));
}

#[test]
fn a_panic_after_the_answer_adds_no_second_one() {
    one_answer(Do::AnswerAndPanic, Ok(1));
}

#[test]
fn a_service_that_ends_answers_the_request_that_ended_it() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed);
        let actor = sim.spawn(Actor::default());
        assert_eq!(sim.call(actor, Do::Exit), Ok(()));
        assert!(!sim.node().is_alive(actor));
        let gone = CallError::Undelivered(skyloom::Cause::Unknown);
        assert_eq!(sim.call::<u64>(actor, Do::Count), Err(gone));
    }
}

#[test]
fn kept_requests_are_answered_in_the_service_s_own_time() {
    let mut sim = Sim::new(1);
    let actor = sim.spawn(Actor::default());
    let answers = probe(sim.node(), actor, [Do::Keep; 10]);
    sim.advance(10 * SECOND);
    assert_eq!(answers.try_iter().count(), 0);
    assert_eq!(sim.call(actor, Do::Release), Ok(()));
    assert!(answers.try_iter().map(|(_, ended)| unpack::<u64>(ended.unwrap()).unwrap()).eq([11; 10]));
}

#[test]
fn a_panic_ends_its_service_alone_and_its_callers_hear_of_it() {
    for seed in 0..50 {
        let mut sim = Sim::new(seed);
        let lines = log_of(sim.node());
        let (broken, whole) = (sim.spawn(Actor::default()), sim.spawn(Actor::default()));
        let begun = [Do::Keep, Do::Later(500), Do::ForgetLater(500), Do::Keep];
        let answers = probe(sim.node(), broken, begun.into_iter().chain([Do::Panic, Do::Count, Do::Count]));
        sim.advance(SECOND);
        let ends: Vec<_> = answers.try_iter().map(|(_, ended)| ended.map(drop)).collect();
        assert_eq!(ends, vec![Err(CallError::Died); 7], "under seed {seed}");
        assert_eq!(sim.call(whole, Do::Count), Ok(1));
        assert!(lines.try_iter().eq(["error: Actor panicked: as you wish"]));
    }
}

#[test]
fn a_killed_service_answers_a_thousand_queued_and_a_hundred_begun_requests_within_100_ms() {
    // Other programs share the machine: one of three attempts must do.
    let fastest = (0..3).map(|_| kill_under_load()).min().unwrap();
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

/// Blocks in its handler until it is let go.
struct Blocks(Actor, mpsc::Sender<()>, mpsc::Receiver<()>);

impl Service for Blocks {
    type Message = u32;

    fn handle(&mut self, ctx: &Context<Self>, number: u32) -> Result<Answer, Error> {
        match number {
            0..50 => {
                self.0.kept.push(ctx.promise());
                ctx.done()
            }
            50..100 => ctx.later(|ctx| async move {
                ctx.sleep(1000 * SECOND).await;
                Ok(())
            }),
            _ => {
                self.1.send(()).unwrap();
                let _ = self.2.recv();
                ctx.done()
            }
        }
    }
}

fn kill_under_load() -> Duration {
    let skyloom = Skyloom::builder().workers(2).log(skyloom::Log::None).start().unwrap();
    let ((blocked, is_blocked), (let_go, go)) = (mpsc::channel(), mpsc::channel());
    let victim = skyloom.spawn(Blocks(Actor::default(), blocked, go));
    let (back, answers) = mpsc::channel();
    let requests = (0..1101u32).map(skyloom::pack).collect();
    skyloom.node().spawn(skyloom::Spawn::new("prober", Box::new(common::Prober { to: victim, requests, back })));
    is_blocked.recv().unwrap();
    while skyloom.node().services().iter().find(|s| s.handle == victim).unwrap().mailbox < 1000 {
        std::thread::yield_now();
    }
    let killed = Instant::now();
    assert!(skyloom.node().kill(victim, ExitReason::Killed));
    let_go.send(()).unwrap();
    let (mut died, mut answered) = (0, 0);
    for _ in 0..1101 {
        match answers.recv_timeout(10 * SECOND).expect("each request is answered").1 {
            Err(CallError::Died) => died += 1,
            other => {
                assert!(other.is_ok());
                answered += 1;
            }
        }
    }
    let took = killed.elapsed();
    assert_eq!((died, answered), (1100, 1), "the handler that was running finished its message");
    skyloom.stop(5 * SECOND).unwrap();
    assert!(answers.try_recv().is_err(), "nothing is answered twice");
    took
}

#[test]
fn calls_under_fire_all_end_exactly_once() {
    let skyloom = Skyloom::builder().workers(4).log(skyloom::Log::None).start().unwrap();
    let what = [Do::Count, Do::Later(1), Do::Fail, Do::Later(20), Do::Keep, Do::Forget, Do::ForgetLater(3)];
    let victims: Vec<_> = (0..8).map(|_| skyloom.spawn(Actor::default())).collect();
    let probes: Vec<_> =
        victims.iter().map(|to| probe(skyloom.node(), *to, what.into_iter().cycle().take(2000))).collect();
    for victim in victims {
        skyloom.node().kill(victim, ExitReason::Killed);
    }
    for answers in &probes {
        let mut sessions: Vec<_> = (0..2000).map(|_| answers.recv_timeout(10 * SECOND).unwrap().0).collect();
        sessions.sort_unstable();
        sessions.dedup();
        assert_eq!(sessions.len(), 2000);
    }
    skyloom.stop(5 * SECOND).unwrap();
    assert!(probes.iter().all(|answers| answers.try_recv().is_err()));
}
