//! How services begin and end, find and watch each other.

mod common;

use std::sync::mpsc;

use common::{Actor, Do, SECOND, Watcher, log_of};
use serde::{Deserialize, Serialize};
use skyloom::prelude::*;
use skyloom::test::Sim;
use skyloom::{Limit, Overflow};

/// Starts, or does not.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Begin {
    Well,
    Badly,
    Panicking,
}

impl Service for Begin {
    type Message = ();

    fn start(&mut self, _: &Context<Self>) -> Result<(), Error> {
        match self {
            Begin::Well => Ok(()),
            Begin::Badly => Err("no port left".into()),
            Begin::Panicking => panic!("no idea"),
        }
    }

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        ctx.done()
    }
}

/// Launches what it is told to.
struct Launcher;

impl Service for Launcher {
    type Message = Begin;

    fn handle(&mut self, ctx: &Context<Self>, begin: Begin) -> Result<Answer, Error> {
        ctx.later(move |ctx| async move {
            let started = ctx.launch(begin).await;
            Ok(started.map_or_else(|error| error.to_string(), |handle| ctx.call_name(handle)))
        })
    }
}

trait CallName {
    fn call_name(&self, handle: Handle) -> String;
}

impl CallName for Context<Launcher> {
    fn call_name(&self, handle: Handle) -> String {
        let services = self.node().services();
        services.into_iter().find(|s| s.handle == handle).map_or_else(String::new, |s| s.label)
    }
}

#[test]
fn who_launches_a_service_hears_how_its_start_went() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed);
        let launcher = sim.spawn(Launcher);
        let mut launch = |begin| sim.call::<String>(launcher, begin).unwrap();
        assert_eq!(launch(Begin::Well), "Begin");
        assert_eq!(launch(Begin::Badly), "no port left");
        assert_eq!(launch(Begin::Panicking), "it ended before it had started: panicked: no idea");
        assert_eq!(sim.node().stats().services, 3, "outside, the launcher, and one of three");
    }
}

#[test]
fn main_hears_how_a_start_went_too() {
    let skyloom = Skyloom::builder().workers(1).log(skyloom::Log::None).start().unwrap();
    assert!(skyloom.spawn_blocking(Begin::Well).is_ok());
    assert_eq!(skyloom.spawn_blocking(Begin::Badly).unwrap_err().to_string(), "no port left");
    skyloom.stop(5 * SECOND).unwrap();
}

#[test]
fn a_monitor_hears_once_who_ended_and_why() {
    let (heard, ends) = mpsc::channel();
    for (how, reason) in [
        (Do::Exit, ExitReason::Finished),
        (Do::Panic, ExitReason::Panicked("as you wish".into())),
        (Do::PanicLater(10), ExitReason::Panicked("as you wish".into())),
    ] {
        let mut sim = Sim::new(1);
        let target = sim.spawn(Actor::default());
        sim.spawn(Watcher { target, heard: heard.clone() });
        sim.spawn(Watcher { target, heard: heard.clone() });
        sim.send(target, how).unwrap();
        sim.advance(SECOND);
        let expected = Exited { handle: target, reason };
        assert_eq!(ends.try_iter().collect::<Vec<_>>(), [expected.clone(), expected]);
    }
}

#[test]
fn a_monitor_of_a_service_that_is_gone_hears_at_once_and_one_that_was_taken_back_never() {
    let (heard, ends) = mpsc::channel();
    let mut sim = Sim::new(1);
    let target = sim.spawn(Actor::default());
    let forgets = sim.spawn(Watcher { target, heard: heard.clone() });
    assert_eq!(sim.call(forgets, ()), Ok(()));
    assert!(sim.node().kill(target, ExitReason::Killed));
    sim.run();
    assert_eq!(ends.try_iter().count(), 0);
    sim.spawn(Watcher { target, heard });
    assert_eq!(ends.try_iter().count(), 1);
}

/// Takes the names it is told to take.
struct Named;

impl Service for Named {
    type Message = String;

    fn handle(&mut self, ctx: &Context<Self>, name: String) -> Result<Answer, Error> {
        ctx.register(&name)?;
        ctx.reply(ctx.lookup(&name) == Some(ctx.handle()))
    }
}

#[test]
fn a_name_belongs_to_the_first_who_takes_it_until_it_ends() {
    let mut sim = Sim::new(1);
    let (first, second) = (sim.spawn(Named), sim.spawn(Named));
    assert_eq!(sim.call(first, ".shop"), Ok(true));
    let taken = format!(".shop is the name of {first}");
    assert_eq!(sim.call::<bool>(second, "shop"), Err(CallError::Refused(taken)));
    let bad = CallError::Refused("a name needs at least one character".into());
    assert_eq!(sim.call::<bool>(second, "."), Err(bad));
    sim.node().kill(first, ExitReason::Killed);
    assert_eq!(sim.node().lookup("shop"), None);
    assert_eq!(sim.call(second, "shop"), Ok(true));
}

/// Passes its requests on.
struct Desk(Handle);

impl Service for Desk {
    type Message = Do;

    fn handle(&mut self, ctx: &Context<Self>, what: Do) -> Result<Answer, Error> {
        ctx.redirect(self.0, what)
    }
}

#[test]
fn a_redirected_request_is_answered_by_the_other_service() {
    let mut sim = Sim::new(1);
    let actor = sim.spawn(Actor::default());
    let desk = sim.spawn(Desk(actor));
    assert_eq!(sim.call(desk, Do::Count), Ok(1));
    assert_eq!(sim.call::<u64>(desk, Do::Fail), Err(CallError::Refused("as you wish".into())));
    sim.node().kill(actor, ExitReason::Killed);
    let gone = format!("message to {actor} not delivered: no such service");
    assert_eq!(sim.call::<u64>(desk, Do::Count), Err(CallError::Refused(gone)));
}

/// Needs a moment to stop.
struct Slow(mpsc::Sender<&'static str>);

impl Service for Slow {
    type Message = ();

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        ctx.done()
    }

    fn stop(&mut self, ctx: &Context<Self>) {
        self.0.send("asked").unwrap();
        ctx.task(|ctx| async move {
            ctx.sleep(std::time::Duration::from_millis(20)).await;
            ctx.with(|me| me.0.send("saved"))?;
            ctx.exit_with(ExitReason::Stopped);
            Ok(())
        });
    }
}

#[test]
fn a_service_may_finish_its_work_before_it_stops() {
    let skyloom = Skyloom::builder().workers(2).log(skyloom::Log::None).start().unwrap();
    let (said, heard) = mpsc::channel();
    skyloom.spawn_blocking(Slow(said)).unwrap();
    skyloom.stop(10 * SECOND).unwrap();
    assert!(heard.iter().eq(["asked", "saved"]));
}

#[test]
fn calls_from_main_end_when_the_node_does() {
    let skyloom = Skyloom::builder().workers(2).log(skyloom::Log::None).start().unwrap();
    let actor = skyloom.spawn(Actor::default());
    let asked = skyloom.clone();
    let call = std::thread::spawn(move || asked.call_blocking::<u64>(actor, Do::Keep, 1000 * SECOND));
    while skyloom.node().services().iter().find(|s| s.handle == actor).unwrap().handled == 0 {
        std::thread::yield_now();
    }
    skyloom.stop(5 * SECOND).unwrap();
    assert_eq!(call.join().unwrap(), Err(CallError::Died));
    assert!(skyloom.call_blocking::<u64>(actor, Do::Count, SECOND).is_err());
}

#[test]
fn a_bad_number_of_workers_and_a_log_that_cannot_be_opened_are_start_errors() {
    for workers in [0, 1025] {
        let error = Skyloom::builder().workers(workers).log(skyloom::Log::None).start().unwrap_err();
        assert_eq!(error.to_string(), format!("{workers} workers: must be 1 to 1024"));
    }
    let log = skyloom::Log::File("/nowhere/at/all.log".into());
    let error = Skyloom::builder().workers(1).log(log).start().unwrap_err();
    assert!(error.to_string().starts_with("cannot open log /nowhere/at/all.log: "), "{error}");
}

/// Takes five messages at most.
struct Small(mpsc::Sender<()>, mpsc::Receiver<()>);

impl Service for Small {
    type Message = ();

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        let _ = self.0.send(());
        let _ = self.1.recv();
        ctx.later(|ctx| async move {
            ctx.sleep(std::time::Duration::from_millis(1)).await;
            Ok(())
        })
    }

    fn limit(&self) -> Option<Limit> {
        Some(Limit { messages: 5, overflow: Overflow::Refuse })
    }
}

#[test]
fn a_full_mailbox_refuses_messages_and_still_lets_wake_ups_in() {
    let skyloom = Skyloom::builder().workers(2).log(skyloom::Log::None).start().unwrap();
    let ((busy, is_busy), (let_go, go)) = (mpsc::channel(), mpsc::channel());
    let small = skyloom.spawn(Small(busy, go));
    let answers = {
        let (back, answers) = mpsc::channel();
        let requests = (0..3).map(|_| skyloom::pack(())).collect();
        skyloom.node().spawn(skyloom::Spawn::new("prober", Box::new(common::Prober { to: small, requests, back })));
        answers
    };
    is_busy.recv().unwrap();
    let sent = (0..10).filter(|_| skyloom.send(small, ()).is_ok()).count();
    assert!(sent < 10, "some do not fit");
    drop(let_go);
    for _ in 0..3 {
        let (_, ended) = answers.recv_timeout(10 * SECOND).unwrap();
        assert!(ended.is_ok() || ended.is_err_and(|e| e == CallError::Undelivered(skyloom::Cause::Full)));
    }
    skyloom.stop(5 * SECOND).unwrap();
}

#[test]
fn a_log_line_names_its_service() {
    struct Says;
    impl Service for Says {
        type Message = String;
        fn handle(&mut self, ctx: &Context<Self>, text: String) -> Result<Answer, Error> {
            ctx.report(&text);
            Err("and this is why".into())
        }
    }
    let mut sim = Sim::new(1);
    let lines = log_of(sim.node());
    let says = sim.spawn(Says);
    sim.send(says, "hello").unwrap();
    sim.run();
    assert!(lines.try_iter().eq(["hello", "error: and this is why"]));
}

#[test]
fn a_log_file_gets_all_lines_with_their_time_and_source() {
    let path = std::env::temp_dir().join(format!("skyloom-log-{}", std::process::id()));
    let skyloom = Skyloom::builder().workers(1).log(skyloom::Log::File(path.clone())).start().unwrap();
    for number in 0..1000 {
        skyloom.node().report(None, &format!("line {number}"));
    }
    skyloom.stop(5 * SECOND).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text.lines().count(), 1000);
    for (number, line) in text.lines().enumerate() {
        assert_eq!(line[20..].trim_start(), format!("[:00000000] line {number}"), "{line}");
    }
}
