//! One bot: what it says, and what it makes of what it hears. Pure.

use serde::Deserialize;
use skyloom::wire::frame::Lines;
use skyloom::wire::websocket::{Event, Handshake, Socket};

/// Lines of the chat are shorter; what joining brings may be long.
const LONGEST: usize = 1 << 20;

/// Who a bot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// What the names of this run's bots begin with.
    pub(super) run: String,
    /// Its number among all bots.
    pub(super) number: u32,
    pub(super) room: String,
}

/// How it speaks.
#[derive(Debug)]
enum Wire {
    Lines(Lines),
    Shaking(Box<Handshake>),
    Web(Box<Socket>),
}

/// A bot.
#[derive(Debug)]
pub(super) struct Bot {
    pub(super) identity: Identity,
    wire: Wire,
    output: Vec<u8>,
    /// Lines that it has said.
    pub(super) said: u32,
    pub(super) joined: bool,
}

/// What came to a bot's ears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is in its room now.
    Joined,
    /// A bot of this run said its line `number`, at `at` microseconds.
    Line { bot: u32, number: u32, at: u64 },
    /// The chat does not want it.
    Refused(String),
}

/// News in JSON, as far as bots care.
#[derive(Debug, Deserialize)]
#[serde(tag = "ev", rename_all = "lowercase")]
enum News {
    Joined,
    Line {
        user: String,
        text: String,
    },
    Error {
        text: String,
    },
    #[serde(other)]
    Other,
}

impl Bot {
    /// A bot that speaks lines.
    pub(super) fn on_lines(identity: Identity) -> Bot {
        let output = format!("/nick {}\n/join {}\n", identity.nick(), identity.room).into_bytes();
        Bot { identity, wire: Wire::Lines(Lines::new(LONGEST)), output, said: 0, joined: false }
    }

    /// A bot that speaks as a browser does, to `host`; `None` if that cannot be a host.
    pub(super) fn on_web(identity: Identity, host: &str) -> Option<Bot> {
        let handshake = Handshake::new(host, "/chat", LONGEST).ok()?;
        let output = handshake.request().to_vec();
        Some(Bot { identity, wire: Wire::Shaking(Box::new(handshake)), output, said: 0, joined: false })
    }

    /// What it wants to send.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.output);
        if let Wire::Web(socket) = &mut self.wire {
            bytes.extend(socket.take_output());
        }
        bytes
    }

    /// Says its next line, which carries its number and the time.
    pub(super) fn say(&mut self, at: u64) {
        self.said += 1;
        let text = format!("{} {at}", self.said);
        match &mut self.wire {
            Wire::Lines(_) => self.output.extend(format!("{text}\n").into_bytes()),
            Wire::Web(socket) => {
                let say = serde_json::json!({"do": "say", "room": self.identity.room, "text": text});
                // A socket that has been closed is noticed when it is read.
                let _ = socket.send_text(&say.to_string());
            }
            Wire::Shaking(_) => {}
        }
    }

    /// Makes sense of what has arrived; the error is why it cannot go on.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Heard>, String> {
        let mut heard = Vec::new();
        if let Wire::Shaking(handshake) = &mut self.wire {
            handshake.push(bytes);
            let Some(mut socket) = handshake.next().map_err(|error| error.to_string())? else { return Ok(heard) };
            // What arrived behind the answer is in the socket already.
            let token = format!("{}-{:08}", self.identity.run, self.identity.number);
            let hello = serde_json::json!({"do": "hello", "nick": self.identity.nick(), "token": token});
            let join = serde_json::json!({"do": "join", "room": self.identity.room});
            for wish in [hello, join] {
                socket.send_text(&wish.to_string()).map_err(|error| error.to_string())?;
            }
            self.wire = Wire::Web(Box::new(socket));
        } else if let Wire::Web(socket) = &mut self.wire {
            socket.push(bytes);
        }
        match &mut self.wire {
            Wire::Lines(lines) => {
                lines.push(bytes);
                while let Some(line) = lines.next().map_err(|error| error.to_string())? {
                    heard.extend(self.identity.hear_line(&String::from_utf8_lossy(line)));
                }
            }
            Wire::Web(socket) => {
                while let Some(event) = socket.next().map_err(|error| error.to_string())? {
                    match event {
                        Event::Text(text) => heard.extend(self.identity.hear_json(&text)),
                        Event::Closed { code } => return Err(format!("the chat closed the connection ({code})")),
                        _ => {}
                    }
                }
            }
            Wire::Shaking(_) => {}
        }
        self.joined |= heard.contains(&Heard::Joined);
        Ok(heard)
    }
}

impl Identity {
    fn nick(&self) -> String {
        format!("{}-{}", self.run, self.number)
    }

    fn hear_line(&self, line: &str) -> Option<Heard> {
        if let Some(said) = line.strip_prefix('<') {
            let (user, text) = said.split_once("> ")?;
            return self.hear(user, text);
        }
        if let Some(why) = line.strip_prefix("! ").or_else(|| line.strip_prefix("error: ")) {
            return Some(Heard::Refused(why.to_owned()));
        }
        line.starts_with("* you are in ").then_some(Heard::Joined)
    }

    fn hear_json(&self, text: &str) -> Option<Heard> {
        match serde_json::from_str(text).ok()? {
            News::Joined => Some(Heard::Joined),
            News::Line { user, text } => self.hear(&user, &text),
            News::Error { text } => Some(Heard::Refused(text)),
            News::Other => None,
        }
    }

    /// A line of another bot of this run; people may talk there too.
    fn hear(&self, user: &str, text: &str) -> Option<Heard> {
        let bot = user.strip_prefix(&self.run)?.strip_prefix('-')?.parse().ok()?;
        let (number, at) = text.split_once(' ')?;
        Some(Heard::Line { bot, number: number.parse().ok()?, at: at.parse().ok()? })
    }
}

/// What one listener has heard of each of the bots in its room.
#[derive(Debug, Clone, Default)]
pub(super) struct Order(Vec<u32>);

impl Order {
    /// For a room of so many bots.
    pub(super) fn new(bots: usize) -> Order {
        Order(vec![0; bots])
    }

    /// Notes line `number` of the bot at `place`; false if it is not the next one.
    pub(super) fn is_next(&mut self, place: usize, number: u32) -> bool {
        let Some(last) = self.0.get_mut(place) else { return false };
        let next = *last + 1 == number;
        *last = (*last).max(number);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot() -> Bot {
        Bot::on_lines(Identity { run: "b1".into(), number: 7, room: "bots".into() })
    }

    #[test]
    fn a_bot_introduces_itself_and_numbers_its_lines() {
        let mut bot = bot();
        assert_eq!(bot.take_output(), b"/nick b1-7\n/join bots\n");
        bot.say(5);
        bot.say(6);
        assert_eq!(bot.take_output(), b"1 5\n2 6\n");
    }

    #[test]
    fn a_bot_hears_its_own_kind_and_nobody_else() {
        let mut bot = bot();
        let text = b"* you are in bots with b1-7\n<ann> 1 2\n<b1-3> 4 99\n* ann left\n! no\n<b1-3> 5";
        let line = Heard::Line { bot: 3, number: 4, at: 99 };
        assert_eq!(bot.read(text), Ok(vec![Heard::Joined, line, Heard::Refused("no".into())]));
        assert_eq!(bot.read(b" 100\n"), Ok(vec![Heard::Line { bot: 3, number: 5, at: 100 }]));
    }

    #[test]
    fn a_lost_a_repeated_and_an_early_line_are_noticed() {
        let mut order = Order::new(2);
        assert!(order.is_next(0, 1) && order.is_next(0, 2) && order.is_next(1, 1));
        assert!(!order.is_next(0, 4), "3 is missing");
        assert!(!order.is_next(0, 3), "3 comes late");
        assert!(!order.is_next(1, 1), "1 comes twice");
        assert!(order.is_next(0, 5));
        assert!(!order.is_next(9, 1), "nobody there");
    }
}
