//! Somebody with a WebSocket: a guest of the chat, or the driver of a browser.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;
use skyloom::wire::websocket::{Event, Handshake, Socket};

use super::LONG;

pub struct WebGuest {
    stream: TcpStream,
    socket: Socket,
    waiting: VecDeque<Value>,
    /// Why the other side closed.
    pub closed: Option<u16>,
}

impl WebGuest {
    pub fn connect(address: SocketAddr, path: &str) -> WebGuest {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut handshake = Handshake::new(&address.to_string(), path, 64 << 20).unwrap();
        stream.write_all(handshake.request()).unwrap();
        let mut buffer = [0; 4096];
        let socket = loop {
            if let Some(socket) = handshake.next().unwrap() {
                break socket;
            }
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "closed in the middle of the handshake");
            handshake.push(&buffer[..count]);
        };
        WebGuest { stream, socket, waiting: VecDeque::new(), closed: None }
    }

    /// With a name, and in a room.
    pub fn enter(address: SocketAddr, nick: &str, room: &str) -> WebGuest {
        let mut guest = WebGuest::connect(address, "/chat");
        guest.say(&serde_json::json!({"do": "hello", "nick": nick, "token": format!("token of {nick}")}));
        guest.hears("welcome");
        guest.say(&serde_json::json!({"do": "join", "room": room}));
        guest.hears("joined");
        guest
    }

    pub fn say(&mut self, message: &Value) {
        self.socket.send_text(&message.to_string()).unwrap();
        self.send();
    }

    /// Sends bytes as they are, whatever the protocol says to that.
    pub fn say_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn send(&mut self) {
        let output = self.socket.take_output();
        // A closed connection is noticed by whoever reads.
        let _ = self.stream.write_all(&output);
    }

    /// The next message; `None` when the other side has closed.
    pub fn next(&mut self) -> Option<Value> {
        let mut buffer = [0; 65536];
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            match self.socket.next().unwrap() {
                Some(Event::Text(text)) => self.waiting.push_back(serde_json::from_str(&text).unwrap()),
                Some(Event::Closed { code }) => self.closed = Some(code),
                Some(_) => self.send(),
                None if self.closed.is_some() => return None,
                None => {
                    let count = self.stream.read(&mut buffer).unwrap();
                    assert!(count > 0, "closed without a close frame");
                    self.socket.push(&buffer[..count]);
                }
            }
        }
    }

    /// Waits for news of this kind.
    pub fn hears(&mut self, kind: &str) -> Value {
        loop {
            let news = self.next().unwrap_or_else(|| panic!("closed before {kind:?}: {:?}", self.closed));
            if news["ev"] == kind {
                return news;
            }
        }
    }

    /// Waits until it is closed; the code.
    pub fn end(&mut self) -> u16 {
        while self.next().is_some() {}
        self.closed.unwrap_or_default()
    }
}
