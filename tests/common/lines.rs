//! Somebody with `nc`.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use super::LONG;

pub struct Guest {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// Every line so far.
    pub heard: Vec<String>,
}

impl Guest {
    pub fn connect(address: SocketAddr) -> Guest {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Guest { stream, reader, heard: Vec::new() }
    }

    /// With a name, and in a room.
    pub fn enter(address: SocketAddr, nick: &str, room: &str) -> Guest {
        let mut guest = Guest::connect(address);
        guest.say(&format!("/nick {nick}"));
        guest.say(&format!("/join {room}"));
        guest.hears("* you are in ");
        guest
    }

    pub fn say(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).unwrap_or_else(|error| panic!("{error} after {:?}", self.heard));
        if count == 0 {
            return None;
        }
        self.heard.push(line.trim_end().to_owned());
        self.heard.last().cloned()
    }

    /// Waits for a line that begins like this.
    pub fn hears(&mut self, beginning: &str) -> String {
        loop {
            match self.next() {
                Some(line) if line.starts_with(beginning) => return line,
                Some(_) => {}
                None => panic!("closed before {beginning:?}, after {:#?}", self.heard),
            }
        }
    }

    /// All that comes until the connection ends.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next()).collect()
    }
}
