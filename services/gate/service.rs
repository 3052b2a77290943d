//! The gate as a service: carries out what the pure parts decide.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use skyloom_abi::{CallError, Cause, ExitReason, Handle, Message, Payload, Protocol, Session};
use skyloom_kernel::{Context, Service};
use skyloom_net::{Net, SocketEvent, SocketId};
use skyloom_wire::Bytes;

use super::bucket::Bucket;
use super::client::Client;
use super::codec::{Codec, Step, encode};
use super::command::Command;
use super::counts::Counts;
use super::options::{Options, Settings};
use super::refusal::Refusal;
use super::site::Site;
use crate::service::{Outgoing, pack, unpack};

/// How long a client waits whose agent has no room for its frame.
const RETRY: Duration = Duration::from_millis(20);

/// A gate that has not been opened yet; see the [module](super).
pub struct Gate {
    net: Net,
    open: Option<Open>,
    clients: HashMap<SocketId, Client>,
    counts: Counts,
    /// What the sessions of our timers are for.
    alarms: HashMap<Session, Alarm>,
    /// Who must complete something, and until when; the first is due first.
    due: BTreeSet<(Duration, SocketId)>,
    /// When the timer for the first of them fires.
    watch: Option<Duration>,
}

struct Open {
    settings: Settings,
    site: Site,
    owner: Handle,
    listener: Option<SocketId>,
    address: SocketAddr,
}

#[derive(Debug, Clone, Copy)]
enum Alarm {
    Resume(SocketId),
    Due,
}

impl Gate {
    /// A gate over these sockets; it listens when it is told to.
    #[must_use]
    pub fn new(net: Net) -> Gate {
        Gate {
            net,
            open: None,
            clients: HashMap::new(),
            counts: Counts::default(),
            alarms: HashMap::new(),
            due: BTreeSet::new(),
            watch: None,
        }
    }

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
                    self.pump(ctx, id);
                }
            }
            SocketEvent::Backlog { id, bytes } => {
                let limit = self.open.as_ref().map_or(0, |open| open.settings.queue);
                if bytes > limit && self.clients.contains_key(&id) {
                    self.counts.refuse(Refusal::NotReading(bytes).kind());
                    // What waits is what it does not read: there is no use in one more line.
                    let _ = self.net.shutdown(id);
                    self.forget(ctx, id, &Refusal::NotReading(bytes).to_string());
                }
            }
            SocketEvent::Opened { .. } | SocketEvent::Failed { .. } => {}
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

    /// Does what a client's bytes say, as far as they reach and as fast as it may.
    fn pump(&mut self, ctx: &Context<'_>, id: SocketId) {
        let Some(open) = &self.open else { return };
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.held || client.paused {
            return;
        }
        let mut whole = false;
        let outcome = loop {
            if let Some(message) = client.stuck.take() {
                if let Some(wait) = deliver(ctx, client, message) {
                    break wait;
                }
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

    fn ring(&mut self, ctx: &Context<'_>, session: Session) {
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

    /// Ends a client in order: it is told why, and gets what was written for it.
    fn end(&mut self, ctx: &Context<'_>, id: SocketId, why: &Refusal) -> bool {
        let Some(client) = self.clients.get_mut(&id) else { return false };
        self.counts.refuse(why.kind());
        let last_words = match (why, &client.codec) {
            // A line about nothing is noise; a WebSocket's close frame comes in any case.
            (Refusal::Kicked(None), Codec::Lines { .. }) => Vec::new(),
            _ => client.codec.explain(why),
        };
        if !last_words.is_empty() {
            let _ = self.net.write(ctx.near().worker(), id, &last_words);
        }
        let _ = self.net.close(id);
        self.forget(ctx, id, &why.to_string());
        true
    }

    /// Drops what is known of a connection and tells the owner, if it had heard of it.
    fn forget(&mut self, ctx: &Context<'_>, id: SocketId, reason: &str) {
        let Some(client) = self.clients.remove(&id) else { return };
        if let Some(due) = client.due {
            self.due.remove(&(due, id));
        }
        if let Some(open) = self.open.as_ref().filter(|_| client.announced) {
            tell(ctx, open.owner, id, "close", reason.to_owned());
        }
    }

    /// Writes one frame for one client.
    fn write(&mut self, ctx: &Context<'_>, session: Session, payload: Payload) {
        let payload = payload.encoded();
        self.multicast(ctx, &[session.get()], &Bytes(payload.into_bytes()));
    }

    /// Writes one frame for many clients; it is encoded once, because all speak the same framing.
    fn multicast(&mut self, ctx: &Context<'_>, fds: &[u32], frame: &Bytes) {
        let Some(open) = &self.open else { return };
        let mut bytes = Vec::new();
        if let Err(error) = encode(&open.settings, &frame.0, &mut bytes) {
            self.counts.unsent += fds.len() as u64;
            ctx.report(&format!("a frame for {} clients cannot be written: {error}", fds.len()));
            return;
        }
        let near = ctx.near().worker();
        let (clients, net) = (&self.clients, &self.net);
        let is_open = |id: &SocketId| clients.get(id).is_some_and(|client| client.codec.is_open());
        let ids = fds.iter().filter_map(|fd| SocketId::new(*fd).filter(is_open));
        let sent = ids.filter(|id| net.write(near, *id, &bytes).is_ok()).count();
        self.counts.frames_out += sent as u64;
        self.counts.bytes_out += (sent * bytes.len()) as u64;
        self.counts.unsent += (fds.len() - sent) as u64;
    }
}

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

/// Tells the owner. One that has ended hears nothing; its clients notice when they speak.
fn tell(ctx: &Context<'_>, owner: Handle, id: SocketId, what: &str, more: String) {
    let news = ("socket".to_owned(), what.to_owned(), id.get(), more);
    let _ = ctx.send(owner, Protocol::LUA, pack(news));
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
    fn handle(&mut self, ctx: &mut Context<'_>, message: Message) {
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

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.open.as_ref().map(|open| open.address);
        f.debug_struct("Gate").field("at", &at).field("clients", &self.clients.len()).finish()
    }
}
