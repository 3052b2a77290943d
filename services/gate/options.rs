//! How a gate is opened: what may be said, and what it means.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use skyloom_abi::Handle;
use skyloom_wire::Bytes;

/// How a gate cuts what its clients send into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// Two bytes of length, the higher one first, then the frame: what Skynet's gates speak.
    #[default]
    Length16,
    /// Text lines that end in `\n` or `\r\n`.
    Lines,
    /// WebSocket messages; and pages over plain HTTP.
    WebSocket,
}

/// What the owner of a gate says when it opens it; every field may be left out.
///
/// Lua says the same with a table: `skynet.call(gate, "lua", "open", {port = 8888, framing = "lines"})`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where to listen: an IP address; this machine alone (`127.0.0.1`) unless told.
    pub host: String,
    /// At which port; 0 takes a free one, which the answer names.
    pub port: u16,
    /// How frames are cut; [`Framing::Length16`].
    pub framing: Framing,
    /// Who hears of clients; the one who opens the gate.
    pub watchdog: Option<u32>,
    /// Clients at once; 1024, at most 100 000.
    pub max_clients: usize,
    /// Bytes of one frame that a client may send; 65 535, with other framings at most 16 MiB.
    pub max_frame: usize,
    /// Frames per second that are read from one client in the long run; 1000. 0 does not bound them.
    pub rate: f64,
    /// Frames that are read at once from a client that has been quiet; 1000.
    pub burst: u32,
    /// Seconds in which a frame, once begun, or a WebSocket's handshake must be complete; 10.
    pub deadline: f64,
    /// Bytes that may wait for a client that does not read; 1 MiB. It is looked at when they reach
    /// 256 KiB and at each doubling; the node's own bound ([`skyloom_net::Limits::queue`]) holds too.
    pub queue: usize,
    /// Read a client only when it has been forwarded; no.
    pub hold: bool,
    /// Lines must be UTF-8; yes. (WebSocket texts always must.)
    pub utf8: bool,
    /// Write WebSocket messages as binary ones; no.
    pub binary: bool,
    /// Host names besides IP addresses and `localhost` by which browsers may ask a gate that
    /// listens on loopback: it is reached by other names only through a proxy, or a trick.
    pub hosts: Vec<String>,
    /// What plain HTTP answers: path to body. The extension says the type, `/` is HTML.
    pub pages: BTreeMap<String, Bytes>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: "127.0.0.1".into(),
            port: 0,
            framing: Framing::Length16,
            watchdog: None,
            max_clients: 1024,
            max_frame: 65_535,
            rate: 1000.0,
            burst: 1000,
            deadline: 10.0,
            queue: 1 << 20,
            hold: false,
            utf8: true,
            binary: false,
            hosts: Vec::new(),
            pages: BTreeMap::new(),
        }
    }
}

/// An option that cannot be.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionsError {
    key: &'static str,
    found: String,
    expected: &'static str,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate option {} is {}, expected {}", self.key, self.found, self.expected)
    }
}

impl std::error::Error for OptionsError {}

/// Options that have been checked: nobody checks them again.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) framing: Framing,
    pub(super) watchdog: Option<Handle>,
    pub(super) max_clients: usize,
    pub(super) max_frame: usize,
    pub(super) rate: f64,
    pub(super) burst: u32,
    pub(super) deadline: Duration,
    pub(super) queue: usize,
    pub(super) hold: bool,
    pub(super) utf8: bool,
    pub(super) binary: bool,
    pub(super) hosts: Vec<String>,
    pub(super) pages: BTreeMap<String, Bytes>,
}

impl Options {
    pub(super) fn check(self) -> Result<Settings, OptionsError> {
        let wrong =
            |key, found: &dyn fmt::Display, expected| Err(OptionsError { key, found: found.to_string(), expected });
        let watchdog = match self.watchdog {
            None => None,
            Some(bits) => match Handle::new(bits) {
                None => return wrong("watchdog", &bits, "the handle of a service"),
                some => some,
            },
        };
        if !(1..=100_000).contains(&self.max_clients) {
            return wrong("max_clients", &self.max_clients, "1 to 100000");
        }
        match self.framing {
            Framing::Length16 if !(1..=65_535).contains(&self.max_frame) => {
                return wrong("max_frame", &self.max_frame, "1 to 65535 with this framing");
            }
            _ if !(1..=16 << 20).contains(&self.max_frame) => {
                return wrong("max_frame", &self.max_frame, "1 to 16777216");
            }
            _ => {}
        }
        if !(self.rate == 0.0 || (0.01..=1e9).contains(&self.rate)) {
            return wrong("rate", &self.rate, "0, or 0.01 and more frames per second");
        }
        if self.burst == 0 {
            return wrong("burst", &self.burst, "at least 1 frame");
        }
        if !(0.1..=86_400.0).contains(&self.deadline) {
            return wrong("deadline", &self.deadline, "0.1 to 86400 seconds");
        }
        if let Some(path) = self.pages.keys().find(|path| !path.starts_with('/')) {
            return wrong("pages", path, "paths that begin with /");
        }
        Ok(Settings {
            host: self.host,
            port: self.port,
            framing: self.framing,
            watchdog,
            max_clients: self.max_clients,
            max_frame: self.max_frame,
            rate: self.rate,
            burst: self.burst,
            deadline: Duration::from_secs_f64(self.deadline),
            queue: self.queue,
            hold: self.hold,
            utf8: self.utf8,
            binary: self.binary,
            hosts: self.hosts,
            pages: self.pages,
        })
    }
}
