//! What may be a nick name, a room's name, and a line. Pure.

use std::fmt;

/// The longest nick name in characters.
pub(crate) const LONGEST_NICK: usize = 20;
/// The longest name of a room in characters.
pub(crate) const LONGEST_ROOM: usize = 24;
/// The longest line in characters.
pub(crate) const LONGEST_TEXT: usize = 1000;

/// What is wrong with what somebody typed, as they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing is left of it.
    Empty(&'static str),
    /// It has more characters than this.
    TooLong(&'static str, usize),
    /// It contains this character.
    Character(&'static str, char),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Empty(what) => write!(f, "{what} needs at least one character"),
            Wrong::TooLong(what, most) => write!(f, "{what} has at most {most} characters"),
            Wrong::Character(what, c) => write!(f, "{what} cannot contain {c:?}"),
        }
    }
}

/// A nick name: letters and digits of any language, and `-`, `_` or `.` between them.
pub(crate) fn nick(text: &str) -> Result<String, Wrong> {
    let what = "a nick name";
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let nick = check(what, text.trim(), LONGEST_NICK, allowed)?;
    match nick.chars().next().filter(|c| !c.is_alphanumeric()) {
        Some(c) => Err(Wrong::Character("the beginning of a nick name", c)),
        None => Ok(nick.to_owned()),
    }
}

/// What makes two nick names the same: their case does not tell people apart.
pub(crate) fn key(nick: &str) -> String {
    nick.chars().flat_map(char::to_lowercase).collect()
}

/// A room's name: as a nick name, in lower case.
pub(crate) fn room(text: &str) -> Result<String, Wrong> {
    let bare = text.trim();
    let bare = bare.strip_prefix('#').unwrap_or(bare);
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    check("a room's name", bare, LONGEST_ROOM, allowed).map(key)
}

/// A line: nothing that moves a terminal's cursor or turns the text round.
pub(crate) fn text(text: &str) -> Result<String, Wrong> {
    let plain = text.replace('\t', " ");
    check("a message", plain.trim(), LONGEST_TEXT, |c| !c.is_control() && !is_deceptive(c)).map(str::to_owned)
}

/// Characters that make what follows look like something else: line separators inside a line, and
/// overrides of the writing direction.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn check<'a>(what: &'static str, text: &'a str, most: usize, allowed: impl Fn(char) -> bool) -> Result<&'a str, Wrong> {
    if text.is_empty() {
        return Err(Wrong::Empty(what));
    }
    if text.chars().count() > most {
        return Err(Wrong::TooLong(what, most));
    }
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(Wrong::Character(what, c)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_digits_of_any_language() {
        for good in ["ann", "Ann-2", "Łukasz", "小明", "a.b_c"] {
            assert_eq!(nick(good), Ok(good.to_owned()));
        }
        for bad in ["", "  ", "a b", "<b>", "a\u{202e}b", "-ann", "..", "a/b", "x".repeat(21).as_str()] {
            assert!(nick(bad).is_err(), "{bad:?}");
        }
        assert_eq!(key("ANN"), key("ann"));
        assert_eq!(room(" #Games "), Ok("games".to_owned()));
    }

    #[test]
    fn lines_cannot_move_a_cursor_or_turn_round() {
        assert_eq!(text("  hello\tworld  "), Ok("hello world".to_owned()));
        assert_eq!(text("<script>alert(1)</script>"), Ok("<script>alert(1)</script>".to_owned()), "shown as text");
        for bad in ["", " ", "\u{1b}[2J", "a\u{0}b", "a\u{9b}b", "a\u{202e}b", "a\nb"] {
            assert!(text(bad).is_err(), "{bad:?}");
        }
        assert_eq!(text(&"ö".repeat(1000)).map(|text| text.chars().count()), Ok(1000));
        assert_eq!(text(&"ö".repeat(1001)), Err(Wrong::TooLong("a message", 1000)));
    }
}
