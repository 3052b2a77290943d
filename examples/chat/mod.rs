//! A chat: rooms, nick names, history; for browsers and for people with `nc`.
//!
//! What it shows: services in Lua and in Rust talking to each other over a protocol of their own,
//! gates with two framings, and one line of chat going through all of it:
//!
//! ```text
//! browser -> gate (WebSocket) -> door (Rust: JSON, checks) -> room (Lua: numbers it, keeps it)
//!                                                               |
//! nc      <- gate (lines)     <- door (Rust: plain lines)    <--+--> door -> gate -> browsers
//! ```
//!
//! `hub.lua` knows rooms and names, `room.lua` is one room; both understand what the tutorial's
//! `chat_message_hub.lua` does. How to run it: `skyloom demo chat`. It prints its addresses.

mod check;
mod speech;
mod door;
mod steps;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use skyloom::gate::{Command, Framing, Gate, Options};
use skyloom::lua::Settings;
use skyloom::net::Limits;
use skyloom::wire::Bytes;
use skyloom::{Builder, Error, Handle, Skyloom, Spawn};

use door::Door;
use speech::Speech;

#[cfg(test)]
mod tests;

/// The page; the binary brings it along.
const PAGES: [(&str, &str); 4] = [
    ("/", include_str!("page/index.html")),
    ("/app.js", include_str!("page/app.js")),
    ("/style.css", include_str!("page/style.css")),
    ("/icon.svg", include_str!("page/icon.svg")),
];
const HUB: &str = include_str!("hub.lua");
const ROOM: &str = include_str!("room.lua");

/// Clients at each gate.
const MOST_CLIENTS: usize = 8192;
/// Bytes that may wait for a guest who does not read, beyond what the system itself keeps for it;
/// then it is dropped.
const MOST_UNREAD: usize = 128 << 10;
/// How long anything may take that is done before the first guest comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to let guests in; a port of 0 takes a free one.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// An IP address of this machine.
    pub(crate) host: String,
    /// For browsers.
    pub(crate) web: u16,
    /// For `nc`.
    pub(crate) lines: u16,
}

/// Where guests come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doors {
    /// For browsers.
    pub(crate) web: SocketAddr,
    /// For `nc`.
    pub(crate) lines: SocketAddr,
}

/// What the chat wants of the node that it runs on.
pub(crate) fn configure(builder: Builder) -> Builder {
    // Whoever finds only built-in services is not confused by files that lie around.
    let settings = Settings { services: String::new(), modules: String::new(), ..Settings::default() };
    builder
        .sockets(Limits { connections: 2 * MOST_CLIENTS + 64, queue: MOST_UNREAD, ..Limits::default() })
        .lua(settings)
        .lua_with(|lua| lua.builtin("chat_hub", HUB).builtin("chat_room", ROOM))
}

/// Starts the chat.
///
/// # Errors
///
/// A port that is taken, or an address that is not ours, first of all.
pub(crate) fn start(skyloom: &Skyloom, place: &Place) -> Result<Doors, Error> {
    let hub = skyloom.spawn_lua("chat_hub", &[])?;
    // Nobody types faster than this, and the page's requests are few.
    let common = Options {
        host: place.host.clone(),
        max_clients: MOST_CLIENTS,
        rate: 20.0,
        burst: 60,
        queue: MOST_UNREAD,
        ..Options::default()
    };
    let pages: BTreeMap<_, _> = PAGES.iter().map(|(path, body)| ((*path).to_owned(), Bytes((*body).into()))).collect();
    let web = Options { port: place.web, framing: Framing::WebSocket, max_frame: 16 << 10, pages, ..common.clone() };
    let lines = Options { port: place.lines, framing: Framing::Lines, max_frame: 4096, ..common };
    Ok(Doors { web: open(skyloom, hub, Speech::Json, web)?, lines: open(skyloom, hub, Speech::Lines, lines)? })
}

/// A gate and its door.
fn open(skyloom: &Skyloom, hub: Handle, speech: Speech, mut options: Options) -> Result<SocketAddr, Error> {
    let label = if speech == Speech::Json { "gate (web)" } else { "gate (lines)" };
    let gate = skyloom.node().spawn(Spawn::new(label, Box::new(Gate::new(skyloom.net().clone()))));
    let door = skyloom.spawn_blocking(Door::new(speech, gate, hub))?;
    options.watchdog = Some(door.get());
    let (host, port): (IpAddr, u16) = skyloom.call_blocking(gate, Command::Open(options), PATIENCE)?;
    Ok(SocketAddr::new(host, port))
}
