//! Small services that many tests use.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of them")]

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skyloom::kernel::{self, Start};
use skyloom::prelude::*;
use skyloom::{Node, Payload, Protocol, Reply, Session, Spawn, pack};

pub const SECOND: Duration = Duration::from_secs(1);

/// Behaves as it is asked to.
#[derive(Default)]
pub struct Actor {
    pub handled: u64,
    pub kept: Vec<Reply>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Do {
    /// Answers with the number of messages handled so far.
    Count,
    /// Fails.
    Fail,
    /// Panics.
    Panic,
    /// Answers like `Count`, so many milliseconds later.
    Later(u64),
    /// Fails, so many milliseconds later.
    FailLater(u64),
    /// Panics, so many milliseconds later.
    PanicLater(u64),
    /// Keeps the request until `Release`.
    Keep,
    /// Answers everything that was kept.
    Release,
    /// Forgets to answer.
    Forget,
    /// Forgets to answer in a task, so many milliseconds later.
    ForgetLater(u64),
    /// Answers, and then panics while it still holds the request's place.
    AnswerAndPanic,
    /// Ends instead of answering, having answered.
    Exit,
}

impl Service for Actor {
    type Message = Do;

    fn handle(&mut self, ctx: &Context<Self>, what: Do) -> Result<Answer, Error> {
        self.handled += 1;
        let wait = |ms| ctx.sleep(Duration::from_millis(ms));
        match what {
            Do::Count => ctx.reply(self.handled),
            Do::Fail => Err("as you wish".into()),
            Do::Panic => panic!("as you wish"),
            Do::Later(ms) => {
                let wait = wait(ms);
                ctx.later(|ctx| async move {
                    wait.await;
                    Ok(ctx.with(|me| me.handled))
                })
            }
            Do::FailLater(ms) => {
                let wait = wait(ms);
                ctx.later(|_| async move {
                    wait.await;
                    Err::<(), Error>("as you wish".into())
                })
            }
            Do::PanicLater(ms) => {
                let wait = wait(ms);
                ctx.later(|_| async move {
                    wait.await;
                    if true {
                        panic!("as you wish");
                    }
                    Ok(())
                })
            }
            Do::Keep => {
                self.kept.push(ctx.promise());
                ctx.done()
            }
            Do::Release => {
                for reply in self.kept.drain(..) {
                    reply.send(self.handled);
                }
                ctx.done()
            }
            Do::Forget => {
                drop(ctx.promise());
                ctx.done()
            }
            Do::ForgetLater(ms) => {
                let (reply, wait) = (ctx.promise(), wait(ms));
                ctx.task(|_| async move {
                    wait.await;
                    drop(reply);
                    Ok(())
                });
                ctx.done()
            }
            Do::AnswerAndPanic => {
                ctx.promise().send(self.handled);
                panic!("as you wish");
            }
            Do::Exit => {
                ctx.exit();
                ctx.done()
            }
        }
    }
}

/// Sends requests in one burst and passes on whatever comes back.
pub struct Prober {
    pub to: Handle,
    pub requests: Vec<Payload>,
    pub back: Sender<(Session, Result<Payload, CallError>)>,
}

impl kernel::Service for Prober {
    fn start(&mut self, ctx: &mut kernel::Context<'_>) -> Result<Start, skyloom::StartError> {
        for request in self.requests.drain(..) {
            let session = ctx.session(|_| false);
            if let Err(back) = ctx.request(self.to, session, Protocol::LUA, request) {
                self.back.send((session, Err(CallError::Undelivered(back.cause)))).unwrap();
            }
        }
        Ok(Start::Ready)
    }

    fn handle(&mut self, _: &mut kernel::Context<'_>, message: kernel::Envelope) {
        let message = message.open();
        let session = message.session.unwrap();
        let ended = match message.protocol {
            Protocol::RESPONSE => Ok(message.payload),
            _ => Err(message.into_call_error()),
        };
        self.back.send((session, ended)).unwrap();
    }
}

pub type Answers = Receiver<(Session, Result<Payload, CallError>)>;

/// Asks all of `requests` at once; every single message that comes back can be received.
pub fn probe(node: &Node, to: Handle, requests: impl IntoIterator<Item = Do>) -> Answers {
    let (back, answers) = mpsc::channel();
    let requests = requests.into_iter().map(pack).collect();
    node.spawn(Spawn::new("prober", Box::new(Prober { to, requests, back })));
    answers
}

/// Collects the log of a node.
pub struct Log(pub Sender<String>);

impl kernel::Service for Log {
    fn handle(&mut self, _: &mut kernel::Context<'_>, message: kernel::Envelope) {
        let line = String::from_utf8(message.open().payload.into_bytes()).unwrap();
        let _ = self.0.send(line);
    }
}

/// Has a node write its log into a channel.
pub fn log_of(node: &Node) -> Receiver<String> {
    let (said, lines) = mpsc::channel();
    let log = node.spawn(Spawn::new("log", Box::new(Log(said))));
    node.register(&"logger".parse().unwrap(), log).unwrap();
    lines
}

/// Remembers the ends that it hears of.
pub struct Watcher {
    pub target: Handle,
    pub heard: Sender<Exited>,
}

impl Service for Watcher {
    type Message = ();

    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        ctx.monitor(self.target);
        Ok(())
    }

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        ctx.demonitor(self.target);
        ctx.done()
    }

    fn exited(&mut self, _: &Context<Self>, exited: Exited) {
        self.heard.send(exited).unwrap();
    }
}
