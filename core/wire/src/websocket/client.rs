//! From a connection to a WebSocket, on the client's side.

use std::fmt;

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::Socket;
use crate::http::{Head, Headers, HttpError};

/// The longest head of a response that is read.
const MAX_HEAD: usize = 8192;

/// Asks a server for a WebSocket and checks its answer.
///
/// # Examples
/// ```
/// use skyloom_wire::http::RequestHead;
/// use skyloom_wire::websocket::{Handshake, upgrade};
/// let mut handshake = Handshake::new("localhost:8000", "/chat", 4096)?;
///
/// // On the server:
/// let mut head = RequestHead::new(8192);
/// head.push(handshake.request());
/// let request = head.next()?.expect("it is whole");
/// let answer = upgrade(&request)?;
///
/// handshake.push(&answer);
/// let socket = handshake.next()?.expect("the answer is whole");
/// assert!(socket.is_open());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Handshake {
    request: Vec<u8>,
    accept: String,
    head: Head,
    limit: usize,
}

/// Why a server's answer does not open a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Host or path hold what cannot stand in a request.
    Address,
    /// The answer is not HTTP, or too long.
    Http(HttpError),
    /// The server answered with this status instead of 101.
    Refused(u16),
    /// The server agreed, but not to what was asked.
    Mismatch(&'static str),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Address => f.write_str("host or path holds a space or control"),
            HandshakeError::Http(_) => f.write_str("server does not answer in HTTP"),
            HandshakeError::Refused(status) => {
                write!(f, "server refuses the websocket with status {status}")
            }
            HandshakeError::Mismatch(header) => write!(f, "server's {header} is not as expected"),
        }
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            HandshakeError::Http(error) => Some(error),
            _ => None,
        }
    }
}

/// A fresh `Sec-WebSocket-Key`, for clients that write the request themselves.
#[must_use]
pub fn new_key() -> String {
    generate_key()
}

impl Handshake {
    /// For a path of a host, and messages of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Address`] if they cannot stand in a request.
    pub fn new(host: &str, path: &str, limit: usize) -> Result<Handshake, HandshakeError> {
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if host.is_empty() || !path.starts_with('/') || !is_plain(host) || !is_plain(path) {
            return Err(HandshakeError::Address);
        }
        let key = new_key();
        let request = format!(
            "GET {path} HTTP/1.1\r\n\
             Host: {host}\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {key}\r\n\r\n"
        );
        Ok(Handshake {
            request: request.into_bytes(),
            accept: derive_accept_key(key.as_bytes()),
            head: Head::new(MAX_HEAD),
            limit,
        })
    }

    /// The bytes to send.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// Adds what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.head.push(bytes);
    }

    /// The open socket, once the answer has arrived whole; what arrived behind
    /// it is pushed into the socket already.
    ///
    /// # Errors
    ///
    /// [`HandshakeError`] if the answer is no, or no answer.
    #[expect(clippy::should_implement_trait, reason = "there is only one socket")]
    pub fn next(&mut self) -> Result<Option<Socket>, HandshakeError> {
        let Some(head) = self.head.next().map_err(HandshakeError::Http)? else { return Ok(None) };
        self.check(&head)?;
        let rest = std::mem::replace(&mut self.head, Head::new(MAX_HEAD)).into_rest();
        let mut socket = Socket::client(self.limit);
        socket.push(&rest);
        Ok(Some(socket))
    }

    fn check(&self, head: &[u8]) -> Result<(), HandshakeError> {
        let mut lines = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut lines);
        match response.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            _ => return Err(HandshakeError::Http(HttpError::Malformed("its head"))),
        }
        match response.code {
            Some(101) => {}
            status => return Err(HandshakeError::Refused(status.unwrap_or_default())),
        }
        let headers = Headers::from_parsed(response.headers);
        if !headers.lists("upgrade", "websocket") {
            return Err(HandshakeError::Mismatch("Upgrade"));
        }
        if !headers.lists("connection", "upgrade") {
            return Err(HandshakeError::Mismatch("Connection"));
        }
        if headers.only("sec-websocket-accept") != Some(&self.accept) {
            return Err(HandshakeError::Mismatch("Sec-WebSocket-Accept"));
        }
        Ok(())
    }
}
