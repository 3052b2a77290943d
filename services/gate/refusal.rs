//! Why a client, or one of its frames, is refused.

use std::fmt;
use std::time::Duration;

use skyloom_wire::frame::FrameError;
use skyloom_wire::http::Response;
use skyloom_wire::websocket::WsError;

/// What was wrong. Its text is told to the client and to the gate's owner, its kind is counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// As many clients are here as may be.
    Full(usize),
    /// A frame is too long.
    Frame(FrameError),
    /// A line is not UTF-8.
    NotUtf8,
    /// WebSocket: too long, not UTF-8, or against the protocol; the close frame says so already.
    WebSocket(WsError),
    /// Plain HTTP: a bad request, or one for something that is not there. With its answer.
    Http(Box<Response>, String),
    /// A frame or handshake was begun and not ended.
    Unfinished(Duration),
    /// It does not read what is written for it.
    NotReading(usize),
    /// Its agent is no more.
    NoAgent,
    /// A service said so, perhaps with a reason.
    Kicked(Option<String>),
    /// The gate stops.
    Stopping,
}

impl Refusal {
    /// The name under which it is counted.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Refusal::Full(_) => "full",
            Refusal::Frame(_) | Refusal::WebSocket(WsError::TooLarge { .. }) => "too_large",
            Refusal::NotUtf8 | Refusal::WebSocket(WsError::NotUtf8) => "not_utf8",
            Refusal::WebSocket(_) => "protocol",
            Refusal::Http(..) => "http",
            Refusal::Unfinished(_) => "unfinished",
            Refusal::NotReading(_) => "not_reading",
            Refusal::NoAgent => "no_agent",
            Refusal::Kicked(_) => "kicked",
            Refusal::Stopping => "stopping",
        }
    }

    /// Whether the connection ends with it; else only this frame is refused.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Refusal::NotUtf8)
    }

    /// The code of a WebSocket's close frame.
    pub(super) fn code(&self) -> u16 {
        match self {
            Refusal::Full(_) => 1013,
            Refusal::Frame(_) => 1009,
            Refusal::NotUtf8 => 1007,
            Refusal::WebSocket(error) => error.code(),
            Refusal::Http(..) => 1002,
            Refusal::Unfinished(_) | Refusal::NotReading(_) => 1008,
            Refusal::NoAgent => 1011,
            Refusal::Kicked(_) => 1000,
            Refusal::Stopping => 1001,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Full(limit) => write!(f, "there are {limit} clients already, try later"),
            Refusal::Frame(error) => error.fmt(f),
            Refusal::NotUtf8 => f.write_str("line is not UTF-8"),
            Refusal::WebSocket(error) => error.fmt(f),
            Refusal::Http(_, text) => f.write_str(text),
            Refusal::Unfinished(after) => {
                write!(f, "nothing whole arrived within {} s", after.as_secs_f64())
            }
            Refusal::NotReading(bytes) => write!(f, "{bytes} bytes wait unread"),
            Refusal::NoAgent => f.write_str("the service behind this gate has ended"),
            Refusal::Kicked(text) => f.write_str(text.as_deref().unwrap_or("kicked")),
            Refusal::Stopping => f.write_str("the server is stopping"),
        }
    }
}
