//! The road of what clients send: as far as it has arrived, and as fast as they may.

use std::time::Duration;

use skyloom_abi::{Cause, Message, Payload, Protocol, Session};
use skyloom_kernel::Context;
use skyloom_net::SocketId;

use super::client::Client;
use super::codec::Step;
use super::refusal::Refusal;
use super::state::{Alarm, Gate, tell};

/// How long a client waits whose agent has no room for its frame.
const RETRY: Duration = Duration::from_millis(20);

/// Why `pump` stopped.
enum Pause {
    /// There is nothing more just now.
    No,
    /// The client must wait.
    For(Duration),
    /// It is to be forwarded first.
    Held,
    /// It has what it wanted.
    Left,
    /// It, or what it sent, is not wanted.
    Refused(Refusal),
}

impl Gate {
    /// Does what a client's bytes say, as far as they reach and as fast as it may.
    pub(super) fn pump(&mut self, ctx: &Context<'_>, id: SocketId) {
        let Some(open) = &self.open else { return };
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.held || client.paused {
            return;
        }
        let mut whole = false;
        let outcome = loop {
            if let Some(message) = client.stuck.take()
                && let Some(wait) = deliver(ctx, client, message)
            {
                break wait;
            }
            if let Some(wait) = client.bucket.wait(ctx.now()) {
                self.counts.slowed += 1;
                break Pause::For(wait);
            }
            let step = client.codec.next(&open.site);
            if !matches!(step, Ok(None)) {
                client.bucket.take();
                whole = true;
            }
            match step {
                Ok(None) => break Pause::No,
                Ok(Some(Step::Nothing)) => {}
                Ok(Some(Step::Frame(frame))) => {
                    self.counts.frames_in += 1;
                    client.stuck = Some(Message {
                        source: Some(ctx.handle()),
                        session: Session::new(id.get()),
                        protocol: Protocol::CLIENT,
                        payload: Payload::from(frame),
                    });
                }
                Ok(Some(Step::Upgraded(answer))) => {
                    let _ = self.net.write(ctx.near().worker(), id, &answer);
                    client.announced = true;
                    client.held = open.settings.hold;
                    tell(ctx, open.owner, id, "open", client.peer.to_string());
                    if client.held {
                        break Pause::Held;
                    }
                }
                Ok(Some(Step::Page(answer))) => {
                    self.counts.pages += 1;
                    let _ = self.net.write(ctx.near().worker(), id, &answer);
                    break Pause::Left;
                }
                Ok(Some(Step::Left)) => break Pause::Left,
                Err(refusal) if refusal.is_final() => break Pause::Refused(refusal),
                Err(refusal) => {
                    self.counts.refuse(refusal.kind());
                    let _ = self.net.write(ctx.near().worker(), id, &client.codec.explain(&refusal));
                }
            }
        };
        let output = client.codec.take_output();
        if !output.is_empty() {
            let _ = self.net.write(ctx.near().worker(), id, &output);
        }
        self.settle(ctx, id, outcome, whole);
    }

    /// Acts on how `pump` ended.
    fn settle(&mut self, ctx: &Context<'_>, id: SocketId, outcome: Pause, whole: bool) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        match outcome {
            Pause::No => match client.gone.take() {
                Some(reason) => {
                    let _ = self.net.close(id);
                    return self.forget(ctx, id, &reason);
                }
                None => {
                    // Nothing happens if it is being read already.
                    let _ = self.net.start(ctx.near().worker(), id, ctx.handle());
                }
            },
            Pause::For(wait) => {
                client.paused = true;
                let _ = self.net.pause(id);
                self.alarm(ctx, wait, Alarm::Resume(id));
            }
            Pause::Held => {
                let _ = self.net.pause(id);
            }
            Pause::Left => {
                let _ = self.net.close(id);
                return self.forget(ctx, id, "left");
            }
            Pause::Refused(refusal) => {
                self.end(ctx, id, &refusal);
                return;
            }
        }
        self.mind(ctx, id, whole);
    }

    /// Sets, keeps or lifts the deadline of what a client has begun.
    fn mind(&mut self, ctx: &Context<'_>, id: SocketId, whole: bool) {
        let Some(open) = &self.open else { return };
        let Some(client) = self.clients.get_mut(&id) else { return };
        // While we do not read it, it cannot finish.
        let begun = client.codec.has_partial() && !client.paused && !client.held;
        let due = match client.due {
            _ if !begun => None,
            Some(due) if !whole => Some(due),
            _ => Some(ctx.now() + open.settings.deadline),
        };
        if due == client.due {
            return;
        }
        if let Some(old) = std::mem::replace(&mut client.due, due) {
            self.due.remove(&(old, id));
        }
        if let Some(due) = due {
            self.due.insert((due, id));
        }
        self.watch_first(ctx);
    }

    /// Has a timer fire when the first deadline passes. One that is lifted leaves its timer, which
    /// then finds nothing due and looks for the next.
    fn watch_first(&mut self, ctx: &Context<'_>) {
        let Some((first, _)) = self.due.first().copied() else { return };
        if self.watch.is_none_or(|watch| watch > first) {
            self.watch = Some(first);
            self.alarm(ctx, first.saturating_sub(ctx.now()) + Duration::from_millis(1), Alarm::Due);
        }
    }

    fn alarm(&mut self, ctx: &Context<'_>, after: Duration, alarm: Alarm) {
        let session = ctx.session(|session| self.alarms.contains_key(&session));
        self.alarms.insert(session, alarm);
        ctx.timeout(session, after);
    }

    pub(super) fn ring(&mut self, ctx: &Context<'_>, session: Session) {
        match self.alarms.remove(&session) {
            Some(Alarm::Resume(id)) => {
                if let Some(client) = self.clients.get_mut(&id) {
                    client.paused = false;
                    self.pump(ctx, id);
                }
            }
            Some(Alarm::Due) => {
                self.watch = None;
                while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due <= ctx.now()) {
                    self.due.remove(&(due, id));
                    let after = self.open.as_ref().map_or(Duration::ZERO, |open| open.settings.deadline);
                    self.end(ctx, id, &Refusal::Unfinished(after));
                }
                self.watch_first(ctx);
            }
            None => {}
        }
    }
}

/// Passes a frame on to the client's agent; says what stands in the way.
fn deliver(ctx: &Context<'_>, client: &mut Client, message: Message) -> Option<Pause> {
    match ctx.post(client.agent, message) {
        Ok(()) => None,
        Err(undelivered) if undelivered.cause == Cause::Full => {
            client.stuck = Some(undelivered.message);
            Some(Pause::For(RETRY))
        }
        Err(_) => Some(Pause::Refused(Refusal::NoAgent)),
    }
}
