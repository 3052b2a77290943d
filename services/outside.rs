//! Calls from threads that are no service: `main`, tests, foreign code.
//!
//! Answers go to services, so a small one asks in their place and hands over what comes.

use std::time::Duration;

use skyloom_abi::{CallError, Cause, Handle, Message, Payload, Protocol, Value};
use skyloom_kernel::{Near, Node};

use crate::service::{Answer, Context, Error, Service, spawning};

/// Asks in the place of threads that are no service.
struct Outside;

/// What one of them wants asked.
struct Question {
    to: Handle,
    protocol: Protocol,
    payload: Payload,
    timeout: Option<Duration>,
    tell: Tell,
}

/// Hears how it ended, on a worker.
type Tell = Box<dyn FnOnce(Result<Payload, CallError>) + Send>;

impl Value for Question {
    fn encode(&self, _: &mut Vec<u8>) {}
}

impl Service for Outside {
    type Message = ();

    fn handle(&mut self, ctx: &Context<Self>, (): ()) -> Result<Answer, Error> {
        ctx.done()
    }

    fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
        let Ok(question) = message.payload.take::<Question>() else {
            return Err("only threads of this process are asked for here".into());
        };
        let Question { to, protocol, payload, timeout, tell } = *question;
        ctx.task(move |ctx| async move {
            tell(ctx.call_raw(to, protocol, payload, timeout).await);
            Ok(())
        });
        ctx.done()
    }

    fn label(&self) -> String {
        "outside".into()
    }
}

/// Spawns the service that asks.
pub(crate) fn spawn(node: &Node) -> Handle {
    node.spawn(spawning(Outside))
}

/// Has `outside` ask `to`; `tell` hears the end exactly once.
pub(crate) fn ask(
    node: &Node,
    outside: Handle,
    to: Handle,
    protocol: Protocol,
    payload: Payload,
    timeout: Option<Duration>,
    tell: Tell,
) {
    let question = Question { to, protocol, payload, timeout, tell };
    let message = Message::send(None, Protocol::SYSTEM, Payload::value(question));
    if let Err(back) = node.post_near(Near::Outside, outside, message)
        && let Ok(question) = back.message.payload.take::<Question>()
    {
        (question.tell)(Err(CallError::Undelivered(Cause::Unknown)));
    }
}
