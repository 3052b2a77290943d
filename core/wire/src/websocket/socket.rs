//! An open WebSocket.

use std::fmt;
use std::io::{self, Read, Write};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Utf8Bytes};

use super::WsError;
use super::frame::{binary_frame, text_frame};
use crate::frame::buffer::Buffer;

/// What a connection reads at once; each has such a buffer, so it is small.
const READ: usize = 4096;

/// The longest reason that fits a close frame.
const MAX_REASON: usize = 123;

/// What the peer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It sent a text message.
    Text(String),
    /// It sent a binary message.
    Binary(Vec<u8>),
    /// It wanted to know whether we are there; the answer is in the output.
    Ping,
    /// It answered a ping, or just says that it is there.
    Pong,
    /// It closed, or agreed to close. Nothing comes after this: send the
    /// output and close the connection.
    Closed {
        /// Why, as a number of RFC 6455; 1005 if it did not say.
        code: u16,
    },
}

/// Both directions of a WebSocket, between bytes and messages.
///
/// # Examples
/// ```
/// use skyloom_wire::websocket::{Event, Socket};
/// let (mut server, mut client) = (Socket::server(1000), Socket::client(1000));
/// client.send_text("hello")?;
/// server.push(&client.take_output());
/// assert_eq!(server.next()?, Some(Event::Text("hello".into())));
/// assert_eq!(server.next()?, None);
/// # Ok::<(), skyloom_wire::websocket::WsError>(())
/// ```
pub struct Socket {
    context: WebSocketContext,
    pipe: Pipe,
    role: Role,
    state: State,
    farewell: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// We have said goodbye and wait for the peer's.
    Closing,
    /// Nothing more is read or written.
    Closed,
}

impl Socket {
    /// The server's side, for messages of at most `limit` bytes.
    #[must_use]
    pub fn server(limit: usize) -> Socket {
        Socket::new(Role::Server, limit)
    }

    /// The client's side, for messages of at most `limit` bytes.
    #[must_use]
    pub fn client(limit: usize) -> Socket {
        Socket::new(Role::Client, limit)
    }

    /// As a server, takes messages without a mask, too.
    ///
    /// RFC 6455 wants a server to refuse them: the mask protects proxies that
    /// do not know WebSocket. Skynet's own clients leave it out.
    #[must_use]
    pub fn accept_unmasked(mut self) -> Socket {
        self.context.set_config(|config| config.accept_unmasked_frames = true);
        self
    }

    fn new(role: Role, limit: usize) -> Socket {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            // Whatever is written is in the output at once.
            .write_buffer_size(0)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let context = WebSocketContext::new(role, Some(config));
        Socket { context, pipe: Pipe::default(), role, state: State::Open, farewell: String::new() }
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != State::Closed {
            self.pipe.input.push(bytes);
        }
    }

    /// The next event; `None` until more arrives.
    ///
    /// # Errors
    ///
    /// [`WsError`] once; after it there are no more events. The peer's close
    /// frame is in the output then.
    #[expect(clippy::should_implement_trait, reason = "yields Result<Option<_>>, as a parser does")]
    pub fn next(&mut self) -> Result<Option<Event>, WsError> {
        while self.state != State::Closed {
            let message = match self.context.read(&mut self.pipe) {
                Ok(message) => message,
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::WouldBlock => {
                    self.pipe.input.relax();
                    return Ok(None);
                }
                Err(error) => return Err(self.fail(error)),
            };
            let event = match message {
                Message::Close(frame) => return Ok(Some(self.closed(frame))),
                // Who was told to go is not listened to any more.
                _ if self.state == State::Closing => continue,
                Message::Text(text) => Event::Text(text.as_str().to_owned()),
                Message::Binary(bytes) => Event::Binary(bytes.into()),
                Message::Ping(_) => Event::Ping,
                Message::Pong(_) => Event::Pong,
                // Only ever written, never read.
                Message::Frame(_) => continue,
            };
            return Ok(Some(event));
        }
        Ok(None)
    }

    fn closed(&mut self, frame: Option<CloseFrame>) -> Event {
        // Puts the answering close frame into the output. It reports the end
        // of the connection, which is no news.
        let _ = self.context.flush(&mut self.pipe);
        self.end();
        let Some(frame) = frame else { return Event::Closed { code: 1005 } };
        self.farewell = frame.reason.as_str().to_owned();
        Event::Closed { code: frame.code.into() }
    }

    fn fail(&mut self, error: Error) -> WsError {
        let error = WsError::from_tungstenite(error);
        self.close(error.code(), &error.to_string());
        self.end();
        error
    }

    fn end(&mut self) {
        self.state = State::Closed;
        self.pipe.input = Buffer::default();
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`WsError::Closed`] after the end of the conversation.
    pub fn send_text(&mut self, text: &str) -> Result<(), WsError> {
        self.check_open()?;
        match self.role {
            Role::Server => text_frame(text, &mut self.pipe.output),
            Role::Client => self.write(Message::text(text))?,
        }
        Ok(())
    }

    /// Sends a binary message.
    ///
    /// # Errors
    ///
    /// [`WsError::Closed`] after the end of the conversation.
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), WsError> {
        self.check_open()?;
        match self.role {
            Role::Server => binary_frame(bytes, &mut self.pipe.output),
            Role::Client => self.write(Message::binary(bytes.to_vec()))?,
        }
        Ok(())
    }

    /// Asks the peer whether it is there; it answers with [`Event::Pong`].
    ///
    /// # Errors
    ///
    /// [`WsError::Closed`] after the end of the conversation.
    pub fn ping(&mut self) -> Result<(), WsError> {
        self.check_open()?;
        self.write(Message::Ping(Default::default()))
    }

    fn write(&mut self, message: Message) -> Result<(), WsError> {
        self.context.write(&mut self.pipe, message).map_err(WsError::from_tungstenite)
    }

    fn check_open(&self) -> Result<(), WsError> {
        if self.is_open() { Ok(()) } else { Err(WsError::Closed) }
    }

    /// Says goodbye. The peer's goodbye arrives as [`Event::Closed`]; a peer
    /// that does not answer is for a deadline of the caller's.
    ///
    /// A code that must not be sent becomes 1000, a reason longer than 123
    /// bytes is cut.
    pub fn close(&mut self, code: u16, reason: &str) {
        if self.state != State::Open {
            return;
        }
        self.state = State::Closing;
        let code = Some(CloseCode::from(code)).filter(|code| code.is_allowed());
        let end = reason.floor_char_boundary(MAX_REASON);
        let frame = CloseFrame { code: code.unwrap_or(CloseCode::Normal), reason: Utf8Bytes::from(&reason[..end]) };
        // The output takes everything; what could fail here is a socket.
        let _ = self.context.close(&mut self.pipe, Some(frame));
    }

    /// Why the peer closed, in its own words.
    #[must_use]
    pub fn farewell(&self) -> &str {
        &self.farewell
    }

    /// The bytes to send, which are the caller's from now on.
    #[must_use]
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pipe.output)
    }

    /// Whether messages can be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether the connection has no more use, once the output is sent.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Closed
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("role", &self.role).field("state", &self.state).finish()
    }
}

/// The stream that tungstenite reads and writes: two buffers.
#[derive(Default)]
struct Pipe {
    input: Buffer,
    output: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = into.len().min(self.input.pending().len());
        if len == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        into[..len].copy_from_slice(self.input.take(len, 0, 0));
        Ok(len)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
