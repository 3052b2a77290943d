//! The gate as a service: what it is asked, and what its sockets report.

use std::net::SocketAddr;

use skyloom_abi::{CallError, ExitReason, Handle, Message, Protocol, Session};
use skyloom_kernel::{Context, Envelope, Service};
use skyloom_net::{SocketEvent, SocketId};

use super::bucket::Bucket;
use super::client::Client;
use super::codec::Codec;
use super::command::Command;
use super::options::Options;
use super::refusal::Refusal;
use super::site::Site;
use super::state::{Gate, Open, tell};
use crate::service::{Outgoing, pack, unpack};

impl Gate {
    fn command(&mut self, ctx: &Context<'_>, message: Message) {
        let Message { source, session, payload, .. } = message;
        let asker = source.zip(session);
        let command = match unpack::<Command>(payload) {
            Ok(command) => command,
            Err(error) => return refuse(ctx, asker, error_text(&error)),
        };
        match command {
            Command::Open(options) => match self.open(ctx, source, options) {
                Ok(address) => answer(ctx, asker, (address.ip().to_string(), address.port())),
                Err(text) => refuse(ctx, asker, text),
            },
            Command::Forward(fd, agent) => {
                let agent = agent.map_or(source, Handle::new);
                let Some((id, agent)) = SocketId::new(fd).zip(agent) else {
                    return refuse(ctx, asker, format!("cannot forward client {fd}"));
                };
                let known = self.forward(ctx, id, agent);
                answer(ctx, asker, known);
            }
            Command::Kick(fd, reason) => {
                let why = Refusal::Kicked(reason);
                let known = SocketId::new(fd).is_some_and(|id| self.end(ctx, id, &why));
                answer(ctx, asker, known);
            }
            Command::Multicast(fds, bytes) => {
                self.multicast(ctx, &fds, &bytes);
                answer(ctx, asker, ());
            }
            Command::Close => {
                if let Some(listener) = self.open.as_mut().and_then(|open| open.listener.take()) {
                    let _ = self.net.close(listener);
                }
                answer(ctx, asker, ());
            }
            Command::Stats => {
                self.counts.clients = self.clients.len() as u64;
                answer(ctx, asker, self.counts.clone());
            }
        }
    }

    /// Listens; the error is a line for whoever asked.
    fn open(&mut self, ctx: &Context<'_>, asker: Option<Handle>, options: Options) -> Result<SocketAddr, String> {
        if let Some(open) = &self.open {
            return Err(format!("this gate was opened at {} already", open.address));
        }
        let mut settings = options.check().map_err(|error| error.to_string())?;
        let owner = settings.watchdog.or(asker).ok_or("a gate needs a watchdog")?;
        let me = ctx.handle();
        let backlog = u32::try_from(settings.max_clients.clamp(128, 4096)).unwrap_or(128);
        let (listener, address) =
            self.net.listen(me, &settings.host, settings.port, backlog).map_err(|error| error.to_string())?;
        self.net.start(ctx.near().worker(), listener, me).map_err(|error| error.to_string())?;
        let hosts = address.ip().is_loopback().then(|| std::mem::take(&mut settings.hosts));
        let site = Site { pages: std::mem::take(&mut settings.pages), hosts };
        self.open = Some(Open { settings, site, owner, listener: Some(listener), address });
        Ok(address)
    }

    fn forward(&mut self, ctx: &Context<'_>, id: SocketId, agent: Handle) -> bool {
        let Some(client) = self.clients.get_mut(&id) else { return false };
        client.agent = agent;
        if std::mem::replace(&mut client.held, false) {
            self.pump(ctx, id);
        }
        true
    }

    fn socket(&mut self, ctx: &Context<'_>, event: SocketEvent) {
        match event {
            SocketEvent::Accepted { id, peer, .. } => self.accept(ctx, id, peer),
            SocketEvent::Data { id, bytes } => {
                self.counts.bytes_in += bytes.len() as u64;
                if let Some(client) = self.clients.get_mut(&id) {
                    client.codec.push(&bytes);
                    self.pump(ctx, id);
                }
            }
            SocketEvent::Closed { id, reason } => {
                if self.open.as_ref().is_some_and(|open| open.listener == Some(id)) {
                    let reason = reason.unwrap_or_else(|| "closed".to_owned());
                    ctx.report(&format!("the gate's listening socket ended: {reason}"));
                } else if let Some(client) = self.clients.get_mut(&id) {
                    client.gone = Some(reason.unwrap_or_else(|| "left".to_owned()));
                    // Nobody wanted its frames so far, and nobody can answer them now.
                    client.held = false;
                    self.pump(ctx, id);
                }
            }
            SocketEvent::Backlog { id, bytes } => {
                let limit = self.open.as_ref().map_or(0, |open| open.settings.queue);
                if bytes >= limit && self.clients.contains_key(&id) {
                    self.counts.refuse(Refusal::NotReading(bytes).kind());
                    // What waits is what it does not read: there is no use in one more line.
                    let _ = self.net.shutdown(id);
                    self.forget(ctx, id, &Refusal::NotReading(bytes).to_string());
                }
            }
            SocketEvent::Opened { .. }
            | SocketEvent::Failed { .. }
            | SocketEvent::Datagram { .. }
            | SocketEvent::Found { .. } => {}
        }
    }

    fn accept(&mut self, ctx: &Context<'_>, id: SocketId, peer: SocketAddr) {
        let Some(open) = &self.open else {
            let _ = self.net.shutdown(id);
            return;
        };
        let (settings, me) = (&open.settings, ctx.handle());
        let mut client = Client {
            peer,
            agent: open.owner,
            codec: Codec::new(settings),
            bucket: Bucket::new(settings.rate, settings.burst, ctx.now()),
            announced: false,
            held: false,
            paused: false,
            stuck: None,
            due: None,
            gone: None,
        };
        self.counts.accepted += 1;
        if self.clients.len() >= settings.max_clients {
            let full = Refusal::Full(settings.max_clients);
            self.counts.refuse(full.kind());
            let _ = self.net.write(ctx.near().worker(), id, &client.codec.explain(&full));
            let _ = self.net.close(id);
            return;
        }
        let hold = settings.hold;
        if client.codec.is_open() {
            client.announced = true;
            client.held = hold;
            tell(ctx, open.owner, id, "open", peer.to_string());
        }
        let held = client.held;
        self.clients.insert(id, client);
        if !held && self.net.start(ctx.near().worker(), id, me).is_ok() {
            self.pump(ctx, id);
        }
    }
}

fn answer(ctx: &Context<'_>, asker: Option<(Handle, Session)>, values: impl Outgoing) {
    if let Some((to, session)) = asker {
        ctx.reply(to, session, pack(values));
    }
}

/// An error and its cause.
fn error_text(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) if !error.to_string().contains(&cause.to_string()) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}

fn refuse(ctx: &Context<'_>, asker: Option<(Handle, Session)>, text: String) {
    match asker {
        Some((to, session)) => {
            ctx.refuse(to, session, CallError::Refused(text));
        }
        None => ctx.report(&text),
    }
}

impl Service for Gate {
    fn handle(&mut self, ctx: &mut Context<'_>, message: Envelope) {
        let message = message.open();
        match message.protocol {
            Protocol::SOCKET => {
                if let Ok(event) = message.payload.take::<SocketEvent>() {
                    self.socket(ctx, *event);
                }
            }
            Protocol::CLIENT => {
                if let Some(session) = message.session {
                    self.write(ctx, session, message.payload);
                }
            }
            Protocol::RESPONSE => {
                if let Some(session) = message.session {
                    self.ring(ctx, session);
                }
            }
            Protocol::LUA => self.command(ctx, message),
            Protocol::ERROR => {}
            other => {
                let asker = message.awaits();
                refuse(ctx, asker, format!("a gate does not speak protocol {other}"));
            }
        }
    }

    fn stop(&mut self, ctx: &mut Context<'_>) {
        let ids: Vec<SocketId> = self.clients.keys().copied().collect();
        for id in ids {
            self.end(ctx, id, &Refusal::Stopping);
        }
        ctx.exit(ExitReason::Stopped);
    }

    fn retire(&mut self, ctx: &mut Context<'_>, _: &ExitReason) {
        self.net.close_all(ctx.handle());
    }
}
