//! A small world for tests: sockets, their pollers, and a door that remembers what came through it.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::collections::HashMap;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use skyloom_abi::{Cause, Door, Driver, Handle, Message, Protocol, Undelivered};
use skyloom_net::{Limits, Net, Poller, SocketEvent, SocketId};

/// How long anything may take before a test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Where events go: every service is there, unless it was said to be gone or full.
#[derive(Default)]
pub(crate) struct Mailboxes {
    events: Mutex<Vec<(Handle, SocketEvent)>>,
    unwilling: Mutex<HashMap<Handle, Cause>>,
}

pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) pollers: Vec<Poller>,
    pub(crate) door: Mailboxes,
}

/// The service with this number.
pub(crate) fn service(number: u32) -> Handle {
    Handle::new(number).expect("services count from 1")
}

impl Mailboxes {
    /// From now on nothing can be delivered to `service`.
    pub(crate) fn refuse(&self, service: Handle, cause: Cause) {
        self.unwilling.lock().unwrap().insert(service, cause);
    }

    /// From now on everything is delivered to `service` again.
    pub(crate) fn welcome(&self, service: Handle) {
        self.unwilling.lock().unwrap().remove(&service);
    }

    /// Takes out all events.
    pub(crate) fn take(&self) -> Vec<(Handle, SocketEvent)> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}

impl Door for Mailboxes {
    fn post(&self, to: Handle, message: Message) -> Result<(), Undelivered> {
        assert_eq!(message.protocol, Protocol::SOCKET);
        assert_eq!((message.source, message.session), (None, None));
        if let Some(cause) = self.unwilling.lock().unwrap().get(&to) {
            return Err(Undelivered { to, message, cause: *cause });
        }
        let event = message.payload.take::<SocketEvent>().expect("sockets post events");
        self.events.lock().unwrap().push((to, *event));
        Ok(())
    }
}

impl World {
    pub(crate) fn new(workers: usize, limits: Limits) -> World {
        let (net, pollers) = Net::new(workers, limits).expect("the system gives pollers");
        World { net, pollers, door: Mailboxes::default() }
    }

    /// A world with one worker and the usual limits.
    pub(crate) fn small() -> World {
        World::new(1, Limits::default())
    }

    /// One round of all workers: look into the poller, end a turn.
    pub(crate) fn round(&mut self) {
        let share = Duration::from_millis(if self.pollers.len() > 1 { 1 } else { 5 });
        for poller in &mut self.pollers {
            poller.drive(Some(share), &self.door);
            poller.remote().flush(&self.door);
        }
    }

    /// One round; how many bytes it read from `id`.
    pub(crate) fn round_reads(&mut self, id: SocketId) -> usize {
        self.round();
        data_of(&self.door.take(), id).len()
    }

    /// Goes round until `done` finds what it waits for among the events since the last call.
    pub(crate) fn until<T>(&mut self, mut done: impl FnMut(&[(Handle, SocketEvent)]) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut seen = Vec::new();
        loop {
            seen.extend(self.door.take());
            if let Some(found) = done(&seen) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain; saw {seen:?}");
            self.round();
        }
    }

    /// Goes round until `done`, whatever happens meanwhile.
    pub(crate) fn until_true(&mut self, mut done: impl FnMut(&Net) -> bool) {
        let net = self.net.clone();
        let begun = Instant::now();
        while !done(&net) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain; saw {:?}", self.door.take());
            self.round();
        }
    }

    /// The next event that `pick` picks; those before it are forgotten.
    pub(crate) fn next<T>(&mut self, pick: impl Fn(&SocketEvent) -> Option<T>) -> T {
        self.until(|events| events.iter().find_map(|(_, event)| pick(event)))
    }

    /// Goes round until nothing happens any more, and returns what did.
    pub(crate) fn settle(&mut self) -> Vec<(Handle, SocketEvent)> {
        let mut seen = Vec::new();
        let mut quiet = 0;
        while quiet < 10 {
            self.round();
            let more = self.door.take();
            quiet = if more.is_empty() { quiet + 1 } else { 0 };
            seen.extend(more);
        }
        seen
    }

    /// A listener of `owner` on loopback that accepts.
    pub(crate) fn listen(&mut self, owner: Handle) -> (SocketId, SocketAddr) {
        let (id, address) = self.net.listen(owner, "", 0, 0).expect("loopback has a free port");
        self.net.start(Some(0), id, owner).expect("a listener can be started");
        (id, address)
    }

    /// A peer that connected to `address`, and the socket that it was accepted as.
    pub(crate) fn peer(&mut self, address: SocketAddr) -> (TcpStream, SocketId) {
        let peer = TcpStream::connect(address).expect("somebody listens");
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let here = peer.local_addr().unwrap();
        let id = self.next(|event| match event {
            SocketEvent::Accepted { id, peer, .. } if *peer == here => Some(*id),
            _ => None,
        });
        (peer, id)
    }

    /// As `peer`, and it is read for `owner`.
    pub(crate) fn started_peer(&mut self, address: SocketAddr, owner: Handle) -> (TcpStream, SocketId) {
        let (peer, id) = self.peer(address);
        self.net.start(Some(0), id, owner).expect("an accepted socket can be started");
        (peer, id)
    }

    /// Goes round until `count` bytes were read from `id`, and returns them.
    pub(crate) fn read(&mut self, id: SocketId, count: usize) -> Vec<u8> {
        let bytes = self.until(|events| {
            let bytes = data_of(events, id);
            (bytes.len() >= count).then_some(bytes)
        });
        assert_eq!(bytes.len(), count, "more was read than was sent");
        bytes
    }

    /// Goes round until `id` has ended; its reason.
    pub(crate) fn closed(&mut self, id: SocketId) -> Option<String> {
        self.next(|event| match event {
            SocketEvent::Closed { id: closed, reason } if *closed == id => Some(reason.clone()),
            _ => None,
        })
    }
}

/// All that was read from `id`.
pub(crate) fn data_of(events: &[(Handle, SocketEvent)], id: SocketId) -> Vec<u8> {
    let mut all = Vec::new();
    for (_, event) in events {
        if let SocketEvent::Data { id: from, bytes } = event
            && *from == id
        {
            assert!(!bytes.is_empty(), "an event without bytes");
            all.extend_from_slice(bytes);
        }
    }
    all
}

/// How often the end of `id` was told.
pub(crate) fn ends_of(events: &[(Handle, SocketEvent)], id: SocketId) -> usize {
    events.iter().filter(|(_, event)| event.is_last() && event.socket() == id).count()
}

/// Reads what is there without waiting for more; `None` at the end of the stream.
pub(crate) fn read_some(peer: &mut TcpStream) -> Option<Vec<u8>> {
    peer.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 256 << 10];
    let read = peer.read(&mut buffer);
    peer.set_nonblocking(false).unwrap();
    match read {
        Ok(0) => None,
        Ok(count) => Some(buffer[..count].to_vec()),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(Vec::new()),
        Err(error) => panic!("a peer could not read: {error}"),
    }
}

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

/// Bytes of which each piece shows where it belongs.
pub(crate) fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect()
}
