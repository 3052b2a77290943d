//! One client's bytes to frames, and frames to bytes: the three framings side by side. Pure.

use skyloom_wire::frame::{self, FrameError, Length16, Lines};
use skyloom_wire::http::RequestHead;
use skyloom_wire::websocket::{self, Event, Socket, WsError};

use super::options::{Framing, Settings};
use super::progress::Progress;
use super::refusal::Refusal;
use super::site::{self, Answer, Site};

/// The longest head of a request.
const MAX_HEAD: usize = 8192;

/// What a client's bytes have come to.
#[derive(Debug)]
pub(super) enum Codec {
    Length16(Length16),
    Lines {
        lines: Lines,
        utf8: bool,
    },
    /// A browser that has not said yet what it wants.
    Http {
        head: RequestHead,
        max_frame: usize,
    },
    Web {
        socket: Box<Socket>,
        progress: Progress,
    },
}

/// What to do next for a client.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Pass this on.
    Frame(Vec<u8>),
    /// Send this; now it is a client.
    Upgraded(Vec<u8>),
    /// Send this and close: it only wanted a page.
    Page(Vec<u8>),
    /// Something that concerns nobody else, such as a ping.
    Nothing,
    /// It said goodbye.
    Left,
}

impl Codec {
    pub(super) fn new(settings: &Settings) -> Codec {
        let max_frame = settings.max_frame;
        match settings.framing {
            Framing::Length16 => Codec::Length16(Length16::new(max_frame)),
            Framing::Lines => Codec::Lines { lines: Lines::new(max_frame), utf8: settings.utf8 },
            Framing::WebSocket => Codec::Http { head: RequestHead::new(MAX_HEAD), max_frame },
        }
    }

    /// Whether frames can be written, which is what makes a connection a client.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Codec::Length16(_) | Codec::Lines { .. } => true,
            Codec::Http { .. } => false,
            Codec::Web { socket, .. } => socket.is_open(),
        }
    }

    /// Adds what has arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self {
            Codec::Length16(frames) => frames.push(bytes),
            Codec::Lines { lines, .. } => lines.push(bytes),
            Codec::Http { head, .. } => head.push(bytes),
            Codec::Web { socket, progress } => {
                progress.push(bytes);
                socket.push(bytes);
            }
        }
    }

    /// The next thing to do; `None` until more arrives.
    pub(super) fn next(&mut self, site: &Site) -> Result<Option<Step>, Refusal> {
        match self {
            Codec::Length16(frames) => {
                let frame = frames.next().map_err(Refusal::Frame)?;
                Ok(frame.map(|frame| Step::Frame(frame.to_vec())))
            }
            Codec::Lines { lines, utf8 } => match lines.next().map_err(Refusal::Frame)? {
                None => Ok(None),
                Some(line) if *utf8 && std::str::from_utf8(line).is_err() => Err(Refusal::NotUtf8),
                Some(line) => Ok(Some(Step::Frame(line.to_vec()))),
            },
            Codec::Http { head, max_frame } => {
                let Some(request) = head.next().map_err(site::refuse_bad)? else { return Ok(None) };
                match site.answer(&request)? {
                    Answer::Page(bytes) => Ok(Some(Step::Page(bytes))),
                    Answer::Upgrade(bytes) => {
                        let rest = std::mem::replace(head, RequestHead::new(0)).into_rest();
                        let socket = Box::new(Socket::server(*max_frame));
                        *self = Codec::Web { socket, progress: Progress::default() };
                        // A hasty client has sent its first frames behind its request.
                        self.push(&rest);
                        Ok(Some(Step::Upgraded(bytes)))
                    }
                }
            }
            Codec::Web { socket, .. } => match socket.next().map_err(Refusal::WebSocket)? {
                None => Ok(None),
                Some(Event::Text(text)) => Ok(Some(Step::Frame(text.into_bytes()))),
                Some(Event::Binary(bytes)) => Ok(Some(Step::Frame(bytes))),
                Some(Event::Ping | Event::Pong) => Ok(Some(Step::Nothing)),
                Some(Event::Closed { .. }) => Ok(Some(Step::Left)),
            },
        }
    }

    /// Whether something was begun and not ended, which may take only so long.
    pub(super) fn has_partial(&self) -> bool {
        match self {
            Codec::Length16(frames) => frames.has_partial(),
            Codec::Lines { lines, .. } => lines.has_partial(),
            // Who connects to a web server has begun.
            Codec::Http { .. } => true,
            Codec::Web { progress, .. } => progress.has_partial(),
        }
    }

    /// What the protocol itself wants to say: answers to pings, and goodbyes.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        match self {
            Codec::Web { socket, .. } => socket.take_output(),
            _ => Vec::new(),
        }
    }

    /// How this client is told what is wrong. Length-framed ones are programs: to them a text in
    /// the middle of a stream of frames would be one more riddle.
    pub(super) fn explain(&mut self, refusal: &Refusal) -> Vec<u8> {
        match self {
            Codec::Length16(_) => Vec::new(),
            Codec::Lines { .. } => format!("error: {refusal}\n").into_bytes(),
            Codec::Http { .. } => match refusal {
                Refusal::Http(response, _) => response.encode(),
                other => site::unavailable(other).encode(),
            },
            Codec::Web { socket, .. } => {
                socket.close(refusal.code(), &refusal.to_string());
                socket.take_output()
            }
        }
    }
}

/// Appends one frame as all clients of this gate read it.
pub(super) fn encode(settings: &Settings, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
    match settings.framing {
        Framing::Length16 => frame::length16(frame, out).map_err(Refusal::Frame),
        Framing::Lines => encode_lines(frame, out).map_err(Refusal::Frame),
        Framing::WebSocket if settings.binary => {
            websocket::binary_frame(frame, out);
            Ok(())
        }
        Framing::WebSocket => match std::str::from_utf8(frame) {
            Ok(text) => {
                websocket::text_frame(text, out);
                Ok(())
            }
            Err(_) => Err(Refusal::WebSocket(WsError::NotUtf8)),
        },
    }
}

/// A text of several lines is written as several lines.
fn encode_lines(text: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
    for line in text.strip_suffix(b"\n").unwrap_or(text).split(|&byte| byte == b'\n') {
        frame::line(line.strip_suffix(b"\r").unwrap_or(line), out)?;
    }
    Ok(())
}
