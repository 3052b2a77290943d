//! A herd of bots: the service that owns their sockets. There is one for each worker.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use skyloom::net::{Net, SocketEvent, SocketId};
use skyloom::prelude::*;
use skyloom::{Message, Protocol};

use super::bot::{Bot, Heard, Identity, Order};

/// Connections that are being made at once.
const DIALING: usize = 64;
/// How often it looks who is to speak.
const TICK: Duration = Duration::from_millis(5);
/// In microseconds: no line takes longer.
const HOUR: u64 = 3_600_000_000;
/// Complaints that are kept word for word.
const COMPLAINTS: usize = 5;

/// What all bots of a run know.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) run: String,
    pub(super) bots: u32,
    pub(super) rooms: u32,
    pub(super) room: String,
    pub(super) rate: f64,
    pub(super) lines: (String, u16),
    pub(super) web: (String, u16),
    pub(super) via: crate::args::Via,
}

impl Plan {
    /// The room of a bot, and its place among those in it.
    fn place(&self, bot: u32) -> (u32, usize) {
        (bot % self.rooms, (bot / self.rooms) as usize)
    }

    /// How many bots are in the room of this one.
    pub(super) fn company(&self, bot: u32) -> u32 {
        let room = bot % self.rooms;
        self.bots / self.rooms + u32::from(room < self.bots % self.rooms)
    }

    fn room_name(&self, room: u32) -> String {
        if self.rooms == 1 { self.room.clone() } else { format!("{}-{}", self.room, room + 1) }
    }

    fn uses_web(&self, bot: u32) -> bool {
        match self.via {
            crate::args::Via::Lines => false,
            crate::args::Via::Web => true,
            // Not by its number's parity: both kinds are to meet in every room.
            crate::args::Via::Both => (bot / self.rooms) % 2 == 1,
        }
    }
}

/// What the herds tell whoever watches them.
#[derive(Debug)]
pub(super) struct Score {
    pub(super) begun: Instant,
    pub(super) joined: AtomicU32,
    pub(super) gone: AtomicU32,
    /// Lines said by each bot.
    pub(super) said: Vec<AtomicU32>,
    pub(super) heard: AtomicU64,
    pub(super) disorder: AtomicU64,
    /// Microseconds from saying a line to hearing it.
    pub(super) latency: Mutex<Histogram<u64>>,
    pub(super) complaints: Mutex<Vec<String>>,
}

impl Score {
    pub(super) fn new(plan: &Plan) -> Score {
        let latency = Histogram::new_with_bounds(1, HOUR, 3).unwrap_or_else(|_| unreachable!("these are bounds"));
        Score {
            begun: Instant::now(),
            joined: AtomicU32::new(0),
            gone: AtomicU32::new(0),
            said: (0..plan.bots).map(|_| AtomicU32::new(0)).collect(),
            heard: AtomicU64::new(0),
            disorder: AtomicU64::new(0),
            latency: Mutex::new(latency),
            complaints: Mutex::new(Vec::new()),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn complain(&self, text: String) {
        if let Ok(mut complaints) = self.complaints.lock()
            && complaints.len() < COMPLAINTS
        {
            complaints.push(text);
        }
    }
}

/// What a herd is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Wish {
    Talk,
    Hush,
}

/// The service.
#[derive(Debug)]
pub(super) struct Herd {
    net: Net,
    plan: Arc<Plan>,
    score: Arc<Score>,
    /// Those who have no connection yet.
    waiting: VecDeque<u32>,
    dialing: usize,
    bots: HashMap<SocketId, (Bot, Order)>,
    /// Who speaks next, and when.
    turns: BinaryHeap<Reverse<(Duration, SocketId)>>,
    talking: bool,
}

impl Herd {
    pub(super) fn new(net: Net, plan: Arc<Plan>, score: Arc<Score>, bots: VecDeque<u32>) -> Herd {
        Herd {
            net,
            plan,
            score,
            waiting: bots,
            dialing: 0,
            bots: HashMap::new(),
            turns: BinaryHeap::new(),
            talking: false,
        }
    }

    fn dial(&mut self, ctx: &Context<Self>) {
        while self.dialing < DIALING {
            let Some(number) = self.waiting.pop_front() else { return };
            let (room, _) = self.plan.place(number);
            let identity = Identity { run: self.plan.run.clone(), number, room: self.plan.room_name(room) };
            let web = self.plan.uses_web(number);
            let (host, port) = if web { &self.plan.web } else { &self.plan.lines };
            let bot =
                if web { Bot::on_web(identity, &format!("{host}:{port}")) } else { Some(Bot::on_lines(identity)) };
            let id = self.net.connect(ctx.handle(), host, *port);
            let (Some(bot), Ok(id)) = (bot, id) else {
                self.lose(number, "cannot connect");
                continue;
            };
            self.dialing += 1;
            let company = self.plan.company(number) as usize;
            self.bots.insert(id, (bot, Order::new(company)));
        }
    }

    fn lose(&self, number: u32, why: &str) {
        self.score.gone.fetch_add(1, Relaxed);
        self.score.complain(format!("bot {number} is gone: {why}"));
    }

    fn socket(&mut self, ctx: &Context<Self>, event: SocketEvent) {
        let id = event.socket();
        match event {
            SocketEvent::Opened { .. } => {
                self.dialing = self.dialing.saturating_sub(1);
                self.send(ctx, id);
                self.dial(ctx);
            }
            SocketEvent::Data { bytes, .. } => self.read(ctx, id, &bytes),
            SocketEvent::Failed { text, .. } => {
                self.dialing = self.dialing.saturating_sub(1);
                self.drop_bot(id, &text);
                self.dial(ctx);
            }
            SocketEvent::Closed { reason, .. } => {
                self.drop_bot(id, reason.as_deref().unwrap_or("the chat closed the connection"));
            }
            SocketEvent::Accepted { .. }
            | SocketEvent::Backlog { .. }
            | SocketEvent::Datagram { .. }
            | SocketEvent::Found { .. } => {}
        }
    }

    fn drop_bot(&mut self, id: SocketId, why: &str) {
        let _ = self.net.close(id);
        if let Some((bot, _)) = self.bots.remove(&id) {
            self.lose(bot.identity.number, why);
        }
    }

    fn send(&mut self, ctx: &Context<Self>, id: SocketId) {
        if let Some((bot, _)) = self.bots.get_mut(&id) {
            let bytes = bot.take_output();
            if !bytes.is_empty() {
                let _ = self.net.write(ctx.worker(), id, &bytes);
            }
        }
    }

    fn read(&mut self, ctx: &Context<Self>, id: SocketId, bytes: &[u8]) {
        let Some((bot, order)) = self.bots.get_mut(&id) else { return };
        let (score, plan, was_in) = (&self.score, &self.plan, bot.joined);
        let heard = match bot.read(bytes) {
            Ok(heard) => heard,
            Err(why) => return self.drop_bot(id, &why),
        };
        if bot.joined && !was_in {
            score.joined.fetch_add(1, Relaxed);
        }
        let now = score.now();
        let mut lines = 0;
        let mut latency = score.latency.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for heard in heard {
            match heard {
                Heard::Line { bot: from, number, at } => {
                    lines += 1;
                    let (room, place) = plan.place(from);
                    if plan.place(bot.identity.number).0 != room || !order.is_next(place, number) {
                        score.disorder.fetch_add(1, Relaxed);
                        score.complain(format!(
                            "bot {} did not expect line {number} of bot {from}",
                            bot.identity.number
                        ));
                    }
                    latency.saturating_record(now.saturating_sub(at));
                }
                Heard::Refused(why) => score.complain(format!("bot {}: {why}", bot.identity.number)),
                Heard::Joined => {}
            }
        }
        drop(latency);
        score.heard.fetch_add(lines, Relaxed);
        self.send(ctx, id);
    }

    /// Gives every bot a first turn somewhere in the first round, so that they do not all speak at once.
    fn talk(&mut self, ctx: &Context<Self>) {
        let (now, round) = (ctx.now(), Duration::from_secs_f64(1.0 / self.plan.rate));
        let count = self.bots.len().max(1) as u32;
        let ids = self.bots.keys().copied().enumerate();
        self.turns = ids.map(|(at, id)| Reverse((now + round * at as u32 / count, id))).collect();
        self.talking = true;
        self.tick(ctx);
    }

    fn tick(&mut self, ctx: &Context<Self>) {
        if !self.talking {
            return;
        }
        let round = Duration::from_secs_f64(1.0 / self.plan.rate);
        while let Some(&Reverse((due, id))) = self.turns.peek().filter(|turn| turn.0.0 <= ctx.now()) {
            self.turns.pop();
            let Some((bot, _)) = self.bots.get_mut(&id) else { continue };
            bot.say(self.score.now());
            self.score.said[bot.identity.number as usize].store(bot.said, Relaxed);
            self.send(ctx, id);
            self.turns.push(Reverse((due + round, id)));
        }
        ctx.after(TICK, |me, ctx| me.tick(ctx));
    }
}

impl Service for Herd {
    type Message = Wish;

    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        self.dial(ctx);
        Ok(())
    }

    fn handle(&mut self, ctx: &Context<Self>, order: Wish) -> Result<Answer, Error> {
        match order {
            Wish::Talk => self.talk(ctx),
            Wish::Hush => self.talking = false,
        }
        ctx.done()
    }

    fn raw(&mut self, ctx: &Context<Self>, message: Message) -> Result<Answer, Error> {
        if message.protocol == Protocol::SOCKET
            && let Ok(event) = message.payload.take::<SocketEvent>()
        {
            self.socket(ctx, *event);
        }
        ctx.done()
    }
}
