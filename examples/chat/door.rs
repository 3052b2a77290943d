//! A door: one service between a gate and the rooms, for all guests who come that way.
//!
//! It turns frames into what a guest wants and news into frames ([`Speech`]), and keeps who is in
//! which room, so that a room tells each door a line once and the gate writes it to many. What a
//! guest asks is done in order: while the answer to one wish is awaited, the next ones wait.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde::Deserialize;
use skyloom::gate::Command;
use skyloom::prelude::*;
use skyloom::wire::Bytes;
use skyloom::{Message, Payload, Protocol, Session};

use super::check;
use super::speech::{Ask, News, Speech};
use super::steps;

/// The protocol of hub and rooms, as the tutorial numbers it.
pub(super) const CHAT: Protocol = Protocol(25);
/// Wishes that may wait for one guest, and rooms that it may be in.
const MOST_WAITING: usize = 128;
const MOST_ROOMS: usize = 20;

/// The service; its gate must have it as its watchdog.
#[derive(Debug)]
pub(crate) struct Door {
    pub(super) speech: Speech,
    gate: Handle,
    hub: Handle,
    pub(super) guests: HashMap<u32, Guest>,
    pub(super) rooms: HashMap<String, Room>,
}

#[derive(Debug, Default)]
pub(super) struct Guest {
    /// What the hub calls it; none until it has said hello.
    pub(super) id: Option<u64>,
    pub(super) nick: String,
    pub(super) rooms: BTreeSet<String>,
    waiting: VecDeque<Wish>,
    /// The answer to one of its wishes is awaited.
    busy: bool,
}

/// What a guest wants, as it said it, or as it is understood already.
#[derive(Debug)]
enum Wish {
    Said(Vec<u8>),
    Understood(Ask),
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) handle: Handle,
    /// Those who are in it through this door.
    pub(super) guests: BTreeSet<u32>,
}

/// What rooms and the hub tell a door, under the chat protocol.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Line(String, u64, String, String, f64, Option<String>),
    Joined(String, String, f64),
    Left(String, String, f64),
    Renamed(String, String, String),
    /// A guest has come back by another connection.
    Replaced(u32, u64),
}

impl Door {
    /// A door of `gate` to the rooms of `hub`.
    pub(crate) fn new(speech: Speech, gate: Handle, hub: Handle) -> Door {
        Door { speech, gate, hub, guests: HashMap::new(), rooms: HashMap::new() }
    }

    pub(super) fn tell(&self, ctx: &Context<Self>, fd: u32, news: &News) {
        self.write(ctx, fd, self.speech.write(news));
    }

    fn write(&self, ctx: &Context<Self>, fd: u32, frame: String) {
        let message = Message {
            source: Some(ctx.handle()),
            session: Session::new(fd),
            protocol: Protocol::CLIENT,
            payload: Payload::from(frame),
        };
        // A gate that has ended takes all guests with it.
        let _ = ctx.post(self.gate, message);
    }

    fn tell_room(&self, ctx: &Context<Self>, room: &str, news: &News) {
        let Some(room) = self.rooms.get(room).filter(|room| !room.guests.is_empty()) else { return };
        let frame = Bytes(self.speech.write(news).into_bytes());
        let _ = ctx.send(self.gate, Command::Multicast(room.guests.iter().copied().collect(), frame));
    }

    pub(super) fn to_room(&self, ctx: &Context<Self>, room: &str, message: impl skyloom::Outgoing) {
        if let Some(room) = self.rooms.get(room) {
            // One that has ended is heard of in `exited`.
            let _ = ctx.send_raw(room.handle, CHAT, skyloom::pack(message));
        }
    }

    pub(super) fn kick(&self, ctx: &Context<Self>, fd: u32, reason: Option<&str>) {
        let _ = ctx.send(self.gate, Command::Kick(fd, reason.map(str::to_owned)));
    }

    /// Somebody is at the gate.
    fn came(&mut self, ctx: &Context<Self>, fd: u32) {
        self.guests.insert(fd, Guest::default());
        if self.speech == Speech::Lines {
            // Nobody at a plain socket begins by introducing themselves.
            let hello = Ask::Hello { nick: format!("guest-{fd}"), token: steps::token() };
            self.wish(ctx, fd, Wish::Understood(hello));
        }
    }

    fn went(&mut self, ctx: &Context<Self>, fd: u32) {
        let Some(guest) = self.guests.remove(&fd) else { return };
        let Some(id) = guest.id else { return };
        for room in &guest.rooms {
            self.left_room(ctx, fd, id, room);
        }
        let _ = ctx.send_raw(self.hub, CHAT, skyloom::pack(("bye", id)));
    }

    pub(super) fn left_room(&mut self, ctx: &Context<Self>, fd: u32, id: u64, room: &str) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.guests.remove(&fd);
        }
        self.to_room(ctx, room, ("leave", id));
    }

    /// What a room, or the hub, has to say.
    fn told(&mut self, ctx: &Context<Self>, told: Told) {
        match told {
            Told::Line(room, id, user, text, time, mark) => {
                let name = room.clone();
                self.tell_room(ctx, &name, &News::Line { room, id, user, text, time, mark });
            }
            Told::Joined(room, user, time) => {
                self.tell_room(ctx, &room.clone(), &News::Join { room, user, time });
            }
            Told::Left(room, user, time) => {
                self.tell_room(ctx, &room.clone(), &News::Leave { room, user, time });
            }
            Told::Renamed(room, from, to) => {
                self.tell_room(ctx, &room.clone(), &News::Renamed { room, from, to });
            }
            Told::Replaced(fd, id) => {
                if self.guests.get(&fd).is_some_and(|guest| guest.id == Some(id)) {
                    // Not only when the gate says so: the new connection enters the same rooms next.
                    self.went(ctx, fd);
                    self.kick(ctx, fd, Some("replaced"));
                }
            }
        }
    }

    /// A guest sent a frame, or we want something for it.
    fn wish(&mut self, ctx: &Context<Self>, fd: u32, wish: Wish) {
        let Some(guest) = self.guests.get_mut(&fd) else { return };
        if guest.waiting.len() >= MOST_WAITING {
            return self.kick(ctx, fd, Some("too many requests wait for an answer"));
        }
        guest.waiting.push_back(wish);
        self.work(ctx, fd);
    }

    /// Does what a guest wants, until there is something to wait for.
    fn work(&mut self, ctx: &Context<Self>, fd: u32) {
        while let Some(guest) = self.guests.get_mut(&fd).filter(|guest| !guest.busy) {
            let Some(wish) = guest.waiting.pop_front() else { return };
            // Only now: what a line means depends on the room that the lines before it led to.
            let ask = match wish {
                Wish::Said(frame) => understand(self.speech, &frame, guest),
                Wish::Understood(ask) => Ok(Some(ask)),
            };
            if let Err(wrong) = ask.and_then(|ask| ask.map_or(Ok(()), |ask| self.fulfil(ctx, fd, ask))) {
                self.tell(ctx, fd, &wrong);
            }
        }
    }

    fn fulfil(&mut self, ctx: &Context<Self>, fd: u32, ask: Ask) -> Result<(), News> {
        let Some(guest) = self.guests.get_mut(&fd) else { return Ok(()) };
        let hub = self.hub;
        let id = match (&ask, guest.id) {
            (Ask::Hello { .. }, None) => 0,
            (Ask::Hello { .. }, Some(_)) => return Err(News::error("nick", "you said hello before")),
            (_, Some(id)) => id,
            (_, None) => return Err(News::error("nick", "say hello first")),
        };
        match ask {
            Ask::Hello { nick, token } => {
                let nick = check::nick(&nick).map_err(|wrong| News::error("nick", wrong.to_string()))?;
                if !(8..=64).contains(&token.len()) {
                    return Err(News::error("nick", "the token needs 8 to 64 characters"));
                }
                self.begin(ctx, fd, |ctx| steps::hello(ctx, hub, fd, nick, token));
            }
            Ask::Nick { nick } => {
                let nick = check::nick(&nick).map_err(|wrong| News::error("nick", wrong.to_string()))?;
                self.begin(ctx, fd, |ctx| steps::rename(ctx, hub, fd, id, nick));
            }
            Ask::Join { room, since, epoch } => {
                let wrong = |text: String| News::Error { about: "join", text, room: Some(room.clone()), mark: None };
                let name = check::room(&room).map_err(|error| wrong(error.to_string()))?;
                if guest.rooms.contains(&name) && self.speech == Speech::Lines {
                    return Err(wrong(format!("you are in {name} already")));
                }
                if guest.rooms.len() >= MOST_ROOMS {
                    return Err(wrong(format!("{MOST_ROOMS} rooms are enough for one person")));
                }
                let seen = (since, epoch);
                self.begin(ctx, fd, |ctx| steps::join(ctx, hub, fd, id, name, seen));
            }
            Ask::Leave { room } => {
                if guest.rooms.remove(&room) {
                    self.left_room(ctx, fd, id, &room);
                }
                self.tell(ctx, fd, &News::Left { room });
            }
            Ask::Say { room, text, mark } => {
                let wrong =
                    |text: String| News::Error { about: "say", text, room: Some(room.clone()), mark: mark.clone() };
                let text = check::text(&text).map_err(|error| wrong(error.to_string()))?;
                if !guest.rooms.contains(&room) {
                    return Err(wrong(format!("you are not in {room}")));
                }
                if mark.as_ref().is_some_and(|mark| mark.len() > 16) {
                    return Err(wrong("a ref has at most 16 characters".to_owned()));
                }
                self.to_room(ctx, &room, ("say", id, text, mark));
            }
            Ask::SayInLobby { text } => {
                let room = "lobby".to_owned();
                let say = Ask::Say { room: room.clone(), text, mark: None };
                let join = Ask::Join { room, since: 0, epoch: String::new() };
                guest.waiting.push_front(Wish::Understood(say));
                guest.waiting.push_front(Wish::Understood(join));
            }
            Ask::Who { room } => {
                let handle = self.handle_of(fd, &room)?;
                self.begin(ctx, fd, |ctx| steps::who(ctx, handle, fd, room));
            }
            Ask::History { room, before } => {
                let handle = self.handle_of(fd, &room)?;
                self.begin(ctx, fd, |ctx| steps::history(ctx, handle, fd, room, before));
            }
            Ask::Rooms => self.begin(ctx, fd, |ctx| steps::rooms(ctx, hub, fd)),
            Ask::Help => self.tell(ctx, fd, &News::Help),
            Ask::Quit => {
                let rooms =
                    guest.rooms.iter().filter_map(|room| self.rooms.get(room)).map(|room| room.handle).collect();
                self.begin(ctx, fd, |ctx| steps::quit(ctx, rooms, fd));
            }
        }
        Ok(())
    }

    fn handle_of(&self, fd: u32, room: &str) -> Result<Handle, News> {
        let is_in = self.guests.get(&fd).is_some_and(|guest| guest.rooms.contains(room));
        let known = self.rooms.get(room).filter(|_| is_in);
        known.map(|known| known.handle).ok_or_else(|| News::error("room", format!("you are not in {room}")))
    }

    /// Begins something that takes more than one message; the guest's other wishes wait until it ends.
    fn begin<F>(&mut self, ctx: &Context<Self>, fd: u32, steps: impl FnOnce(Context<Self>) -> F)
    where
        F: Future<Output = Result<(), News>> + Send + 'static,
    {
        if let Some(guest) = self.guests.get_mut(&fd) {
            guest.busy = true;
        }
        let steps = steps(ctx.clone());
        ctx.task(move |ctx| async move {
            let ended = steps.await;
            ctx.with(|me| {
                if let Some(guest) = me.guests.get_mut(&fd) {
                    guest.busy = false;
                }
                if let Err(wrong) = ended {
                    me.tell(&ctx, fd, &wrong);
                }
                me.work(&ctx, fd);
            });
            Ok(())
        });
    }
}

fn understand(speech: Speech, frame: &[u8], guest: &Guest) -> Result<Option<Ask>, News> {
    let text = std::str::from_utf8(frame).map_err(|_| News::error("message", "not UTF-8"))?;
    speech.read(text, guest.rooms.first().map(String::as_str))
}

impl Service for Door {
    /// What the gate tells its owner: `"socket"`, what happened, to which client, and more of it.
    type Message = (String, String, u32, String);

    fn handle(&mut self, ctx: &Context<Self>, news: Self::Message) -> Result<Answer, Error> {
        let (_, what, fd, _) = news;
        match what.as_str() {
            "open" => self.came(ctx, fd),
            "close" => self.went(ctx, fd),
            other => return Err(format!("a door knows nothing of {other:?}").into()),
        }
        ctx.done()
    }

    fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
        match message.protocol {
            Protocol::CLIENT => {
                let frame = message.payload.into_bytes();
                if let Some(session) = message.session {
                    self.wish(ctx, session.get(), Wish::Said(frame));
                }
                ctx.done()
            }
            CHAT => {
                self.told(ctx, skyloom::unpack(message.payload)?);
                ctx.done()
            }
            other => Err(format!("a door does not speak protocol {other}").into()),
        }
    }

    /// A room has ended. Its guests stay in the chat; the hub will open it anew for who joins.
    fn exited(&mut self, ctx: &Context<Self>, exited: Exited) {
        let ended = self.rooms.extract_if(|_, room| room.handle == exited.handle);
        for (name, room) in ended.collect::<Vec<_>>() {
            let _ = ctx.send_raw(self.hub, CHAT, skyloom::pack(("lost", name.clone(), exited.handle.get())));
            for fd in room.guests {
                if let Some(guest) = self.guests.get_mut(&fd) {
                    guest.rooms.remove(&name);
                }
                self.tell(ctx, fd, &News::Left { room: name.clone() });
                self.tell(ctx, fd, &News::error("room", format!("the room {name} has ended ({})", exited.reason)));
            }
        }
    }

    fn label(&self) -> String {
        format!("chat door ({})", if self.speech == Speech::Json { "web" } else { "lines" })
    }
}
