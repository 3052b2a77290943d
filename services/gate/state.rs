//! What a gate knows, and the few things that everything else in it does.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use skyloom_abi::{Handle, Payload, Protocol, Session};
use skyloom_kernel::Context;
use skyloom_net::{Net, NetError, SocketId};
use skyloom_wire::Bytes;

use super::client::Client;
use super::codec::{Codec, encode};
use super::counts::Counts;
use super::options::Settings;
use super::refusal::Refusal;
use super::site::Site;
use crate::service::pack;

/// A gate that has not been opened yet; see the [module](super).
pub struct Gate {
    pub(super) net: Net,
    pub(super) open: Option<Open>,
    pub(super) clients: HashMap<SocketId, Client>,
    pub(super) counts: Counts,
    /// What the sessions of our timers are for.
    pub(super) alarms: HashMap<Session, Alarm>,
    /// Who must complete something, and until when; the first is due first.
    pub(super) due: BTreeSet<(Duration, SocketId)>,
    /// When the timer for the first of them fires.
    pub(super) watch: Option<Duration>,
}

pub(super) struct Open {
    pub(super) settings: Settings,
    pub(super) site: Site,
    pub(super) owner: Handle,
    pub(super) listener: Option<SocketId>,
    pub(super) address: SocketAddr,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Alarm {
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

    /// Ends a client in order: it is told why, and gets what was written for it.
    pub(super) fn end(&mut self, ctx: &Context<'_>, id: SocketId, why: &Refusal) -> bool {
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
    pub(super) fn forget(&mut self, ctx: &Context<'_>, id: SocketId, reason: &str) {
        let Some(client) = self.clients.remove(&id) else { return };
        if let Some(due) = client.due {
            self.due.remove(&(due, id));
        }
        if let Some(open) = self.open.as_ref().filter(|_| client.announced) {
            tell(ctx, open.owner, id, "close", reason.to_owned());
        }
    }

    /// Writes one frame for one client.
    pub(super) fn write(&mut self, ctx: &Context<'_>, session: Session, payload: Payload) {
        let payload = payload.encoded();
        self.multicast(ctx, &[session.get()], &Bytes(payload.into_bytes()));
    }

    /// Writes one frame for many clients; it is encoded once, because all speak the same framing.
    pub(super) fn multicast(&mut self, ctx: &Context<'_>, fds: &[u32], frame: &Bytes) {
        let Some(open) = &self.open else { return };
        let mut bytes = Vec::new();
        if let Err(error) = encode(&open.settings, &frame.0, &mut bytes) {
            self.counts.unsent += fds.len() as u64;
            ctx.report(&format!("a frame for {} clients cannot be written: {error}", fds.len()));
            return;
        }
        let near = ctx.near().worker();
        for fd in fds {
            let id = SocketId::new(*fd).filter(|id| self.clients.get(id).is_some_and(|client| client.codec.is_open()));
            match id.map(|id| self.net.write(near, id, &bytes)) {
                Some(Ok(())) => {
                    self.counts.frames_out += 1;
                    self.counts.bytes_out += bytes.len() as u64;
                }
                refused => {
                    self.counts.unsent += 1;
                    if let Some(Err(NetError::QueueFull { waiting, .. })) = refused {
                        // If the node's policy is to close, its `Closed` is under way.
                        self.counts.refuse(Refusal::NotReading(waiting).kind());
                    }
                }
            }
        }
    }
}

/// Tells the owner. One that has ended hears nothing; its clients notice when they speak.
pub(super) fn tell(ctx: &Context<'_>, owner: Handle, id: SocketId, what: &str, more: String) {
    let news = ("socket".to_owned(), what.to_owned(), id.get(), more);
    let _ = ctx.send(owner, Protocol::LUA, pack(news));
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.open.as_ref().map(|open| open.address);
        f.debug_struct("Gate").field("at", &at).field("clients", &self.clients.len()).finish()
    }
}
