//! What guests and the chat say to each other, in two languages: JSON for browsers, plain lines
//! for people with `nc`. Pure.

use serde::{Deserialize, Serialize};

/// A line of a room as it is kept: number, who, what, when, and the sender's own mark.
pub(crate) type Kept = (u64, String, String, f64, Option<String>);

/// What a guest wants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(crate) enum Ask {
    /// To be known by a name; whoever knows the token may take the name over.
    Hello {
        nick: String,
        token: String,
    },
    Nick {
        nick: String,
    },
    /// To be in a room; what came after line `since` of `epoch` is new to the guest.
    Join {
        room: String,
        #[serde(default)]
        since: u64,
        #[serde(default)]
        epoch: String,
    },
    Leave {
        room: String,
    },
    /// `ref` comes back with the line, so that a sender knows its own again.
    Say {
        room: String,
        text: String,
        #[serde(default, rename = "ref")]
        mark: Option<String>,
    },
    Who {
        room: String,
    },
    Rooms,
    /// Older lines than number `before`.
    History {
        room: String,
        before: u64,
    },
    #[serde(skip)]
    Help,
    #[serde(skip)]
    Quit,
    /// Says something where nobody is yet.
    #[serde(skip)]
    SayInLobby {
        text: String,
    },
}

/// What a guest is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "ev", rename_all = "lowercase")]
pub(crate) enum News {
    Welcome {
        nick: String,
    },
    Joined {
        room: String,
        epoch: String,
        people: Vec<String>,
        lines: Vec<Kept>,
        last: u64,
    },
    Left {
        room: String,
    },
    History {
        room: String,
        lines: Vec<Kept>,
    },
    Line {
        room: String,
        id: u64,
        user: String,
        text: String,
        time: f64,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        mark: Option<String>,
    },
    Join {
        room: String,
        user: String,
        time: f64,
    },
    Leave {
        room: String,
        user: String,
        time: f64,
    },
    Renamed {
        room: String,
        from: String,
        to: String,
    },
    Nick {
        nick: String,
    },
    People {
        room: String,
        people: Vec<String>,
    },
    Rooms {
        rooms: Vec<(String, u64)>,
    },
    Help,
    Error {
        about: &'static str,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        mark: Option<String>,
    },
}

impl News {
    /// Something was wrong with what the guest asked.
    pub(crate) fn error(about: &'static str, text: impl Into<String>) -> News {
        News::Error { about, text: text.into(), room: None, mark: None }
    }
}

/// Which of the two languages a door speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// One JSON object a message.
    Json,
    /// A line is said in the room where one is, unless it begins with `/`.
    Lines,
}

impl Speech {
    /// Understands a frame; `None` if there is nothing to do. `room` is where the guest is.
    ///
    /// # Errors
    ///
    /// What to tell the guest instead.
    pub(crate) fn read(self, frame: &str, room: Option<&str>) -> Result<Option<Ask>, News> {
        match self {
            Speech::Json => match serde_json::from_str(frame) {
                Ok(ask) => Ok(Some(ask)),
                Err(error) => Err(News::error("message", format!("not understood: {error}"))),
            },
            Speech::Lines => read_line(frame.trim(), room),
        }
    }

    /// Puts news into words.
    pub(crate) fn write(self, news: &News) -> String {
        match self {
            // All of it is text and numbers, which JSON can always say.
            Speech::Json => serde_json::to_string(news).unwrap_or_default(),
            Speech::Lines => write_line(news),
        }
    }
}

fn read_line(line: &str, room: Option<&str>) -> Result<Option<Ask>, News> {
    let in_room = || {
        let nowhere = || News::error("message", "you are in no room: /join one first");
        room.map(str::to_owned).ok_or_else(nowhere)
    };
    let Some(command) = line.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
        // Two slashes stand for one that is no command.
        let text = line.strip_prefix('/').unwrap_or(line).to_owned();
        return Ok(match room {
            _ if text.is_empty() => None,
            Some(room) => Some(Ask::Say { room: room.to_owned(), text, mark: None }),
            None => Some(Ask::SayInLobby { text }),
        });
    };
    let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    let or_lobby = || if rest.is_empty() { "lobby".to_owned() } else { rest.to_owned() };
    Ok(Some(match word {
        "nick" => Ask::Nick { nick: rest.to_owned() },
        "join" => Ask::Join { room: or_lobby(), since: 0, epoch: String::new() },
        "leave" => Ask::Leave { room: in_room()? },
        "who" => Ask::Who { room: in_room()? },
        "rooms" => Ask::Rooms,
        "help" => Ask::Help,
        "quit" => Ask::Quit,
        other => return Err(News::error("message", format!("there is no command /{other}; try /help"))),
    }))
}

fn write_line(news: &News) -> String {
    match news {
        News::Welcome { nick } => format!(
            "* Skyloom chat. You are {nick}.\n* Say something to enter the lobby; /nick NAME to introduce yourself, /help for more."
        ),
        News::Joined { room, people, lines, .. } => {
            let mut text: String = lines.iter().map(|line| old_line(line) + "\n").collect();
            text.push_str(&format!("* you are in {room} with {}", names(people)));
            text
        }
        News::History { lines, .. } => lines.iter().map(old_line).collect::<Vec<_>>().join("\n"),
        News::Left { room } => format!("* you left {room}"),
        News::Line { user, text, .. } => format!("<{user}> {text}"),
        News::Join { user, .. } => format!("* {user} joined"),
        News::Leave { user, .. } => format!("* {user} left"),
        News::Renamed { from, to, .. } => format!("* {from} is now {to}"),
        News::Nick { nick } => format!("* you are {nick} now"),
        News::People { people, .. } => format!("* here: {}", names(people)),
        News::Rooms { rooms } => {
            let rooms: Vec<String> = rooms.iter().map(|(room, people)| format!("{room} ({people})")).collect();
            format!("* rooms: {}", rooms.join(", "))
        }
        News::Help => {
            "* /nick NAME  change your name\n* /join ROOM  go to a room, or open it\n* /leave      leave the room\n\
                       * /who        who is here\n* /rooms      all rooms\n* /quit       goodbye"
                .to_owned()
        }
        News::Error { text, .. } => format!("! {text}"),
    }
}

/// A line that was said before the guest came.
fn old_line((_, user, text, time, _): &Kept) -> String {
    // A guest at a plain socket has no time zone.
    let minutes = (*time as u64) / 60;
    format!("[{:02}:{:02} UTC] <{user}> {text}", minutes / 60 % 24, minutes % 60)
}

/// Names, as many as one wants to read.
fn names(people: &[String]) -> String {
    const SHOWN: usize = 20;
    match people.len().checked_sub(SHOWN) {
        None | Some(0) if people.is_empty() => "nobody".to_owned(),
        None | Some(0) => people.join(", "),
        Some(more) => format!("{} and {more} more", people[..SHOWN].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_where_one_is_unless_it_begins_with_a_slash() {
        let say = |room: &str, text: &str| Ask::Say { room: room.into(), text: text.into(), mark: None };
        let read = |line| Speech::Lines.read(line, Some("games"));
        assert_eq!(read("hello "), Ok(Some(say("games", "hello"))));
        assert_eq!(read("//etc"), Ok(Some(say("games", "/etc"))));
        assert_eq!(read("  "), Ok(None));
        assert_eq!(read("/join"), Ok(Some(Ask::Join { room: "lobby".into(), since: 0, epoch: "".into() })));
        assert_eq!(read("/nick  ann"), Ok(Some(Ask::Nick { nick: "ann".into() })));
        assert_eq!(read("/dance"), Err(News::error("message", "there is no command /dance; try /help")));
        assert_eq!(Speech::Lines.read("hi", None), Ok(Some(Ask::SayInLobby { text: "hi".into() })));
        assert!(Speech::Lines.read("/who", None).is_err());
    }

    #[test]
    fn json_is_read_by_its_verb_and_what_is_not_json_is_said_to_be_wrong() {
        let said = Speech::Json.read(r#"{"do":"say","room":"a","text":"x","ref":"k1"}"#, None);
        assert_eq!(said, Ok(Some(Ask::Say { room: "a".into(), text: "x".into(), mark: Some("k1".into()) })));
        for bad in ["", "{", "[]", r#"{"do":"help"}"#, r#"{"do":"say"}"#] {
            assert!(Speech::Json.read(bad, None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn both_languages_say_the_same_line() {
        let line =
            News::Line { room: "a".into(), id: 7, user: "ann".into(), text: "<b>".into(), time: 60.5, mark: None };
        assert_eq!(Speech::Lines.write(&line), "<ann> <b>");
        let json = r#"{"ev":"line","room":"a","id":7,"user":"ann","text":"<b>","time":60.5}"#;
        assert_eq!(Speech::Json.write(&line), json);
    }
}
