//! Small services that many tests use.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of them")]

use std::sync::mpsc;
use std::time::Duration;

use skyloom_abi::{Handle, Message, Payload, Protocol, Session};
use skyloom_kernel::{Context, Envelope, Node, Service, Spawn, Start, StartError};

/// A service made of two closures.
pub struct Does<S, H> {
    pub start: S,
    pub handle: H,
}

impl<S, H> Service for Does<S, H>
where
    S: FnMut(&mut Context<'_>) + Send,
    H: FnMut(&mut Context<'_>, Message) + Send,
{
    fn start(&mut self, ctx: &mut Context<'_>) -> Result<Start, StartError> {
        (self.start)(ctx);
        Ok(Start::Ready)
    }

    fn handle(&mut self, ctx: &mut Context<'_>, message: Envelope) {
        (self.handle)(ctx, message.open());
    }
}

/// Spawns a service that only handles.
pub fn handler(node: &Node, label: &str, handle: impl FnMut(&mut Context<'_>, Message) + Send + 'static) -> Handle {
    node.spawn(Spawn::new(label, Box::new(Does { start: |_: &mut Context<'_>| {}, handle })))
}

/// Spawns a service that also does something when it starts.
pub fn starter(
    node: &Node,
    label: &str,
    start: impl FnMut(&mut Context<'_>) + Send + 'static,
    handle: impl FnMut(&mut Context<'_>, Message) + Send + 'static,
) -> Handle {
    node.spawn(Spawn::new(label, Box::new(Does { start, handle })))
}

/// Answers every request with its own payload.
pub fn echo(node: &Node) -> Handle {
    handler(node, "echo", |ctx, message| {
        if let Some((to, session)) = message.awaits() {
            ctx.reply(to, session, message.payload);
        }
    })
}

pub fn text(number: u64) -> Payload {
    Payload::from(number.to_string())
}

pub fn number(message: Message) -> u64 {
    String::from_utf8(message.payload.into_bytes()).unwrap().parse().unwrap()
}

pub fn session(number: u32) -> Session {
    Session::new(number).unwrap()
}

/// Sends `payload` from nobody.
pub fn tell(node: &Node, to: Handle, payload: impl Into<Payload>) {
    node.post_near(skyloom_kernel::Near::Outside, to, Message::send(None, Protocol::TEXT, payload.into())).unwrap();
}

/// Waits for `count` items, at most ten seconds in all.
pub fn collect<T>(from: &mpsc::Receiver<T>, count: usize) -> Vec<T> {
    let end = std::time::Instant::now() + Duration::from_secs(10);
    let next = |i| {
        let left = end.saturating_duration_since(std::time::Instant::now());
        from.recv_timeout(left).unwrap_or_else(|_| panic!("item {i} of {count} did not come within ten seconds"))
    };
    (0..count).map(next).collect()
}
