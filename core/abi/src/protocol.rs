//! What kind of message a message is.

use std::fmt;

/// A message's type: one byte, the numbers below being Skynet's.
///
/// Programs may use any other number for protocols of their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// Plain text; what the logger reads.
    pub const TEXT: Protocol = Protocol(0);
    /// The answer to a request, and a timer that fired.
    pub const RESPONSE: Protocol = Protocol(1);
    /// A package for the subscribers of a channel.
    pub const MULTICAST: Protocol = Protocol(2);
    /// A frame from or for a client of a gate; its session is the client's number.
    pub const CLIENT: Protocol = Protocol(3);
    /// From the kernel to a service: exit notices, the wish to stop.
    pub const SYSTEM: Protocol = Protocol(4);
    /// Messages between nodes.
    pub const HARBOR: Protocol = Protocol(5);
    /// What happened to a socket.
    pub const SOCKET: Protocol = Protocol(6);
    /// A request that will not be answered, and why.
    pub const ERROR: Protocol = Protocol(7);
    /// Skynet's old message queue.
    pub const QUEUE: Protocol = Protocol(8);
    /// Questions of the console.
    pub const DEBUG: Protocol = Protocol(9);
    /// Serialised Lua values: what services usually say to each other.
    pub const LUA: Protocol = Protocol(10);
    /// Calls of `snax` services.
    pub const SNAX: Protocol = Protocol(11);
    /// The trace tag of the next message.
    pub const TRACE: Protocol = Protocol(12);

    const NAMES: [&str; 13] = [
        "text",
        "response",
        "multicast",
        "client",
        "system",
        "harbor",
        "socket",
        "error",
        "queue",
        "debug",
        "lua",
        "snax",
        "trace",
    ];

    /// Its name, if it is one of the numbers above.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.get(usize::from(self.0)).copied()
    }

    /// Whether it ends a request: nobody answers an answer.
    #[must_use]
    pub fn is_answer(self) -> bool {
        matches!(self, Self::RESPONSE | Self::ERROR)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
