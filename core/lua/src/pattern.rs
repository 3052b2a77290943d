//! Lua's patterns, with a bound on the work.
//!
//! A pattern like `.-.-.-x` over a long text runs for hours inside one C function of Lua's own
//! library, where no hook can interrupt it. This matcher counts its steps, asks now and then whether
//! it may go on, and gives up at a limit. What matches, what is captured and what is an error is as
//! in the manual of Lua 5.5, section 6.5.1, in the C locale.

mod class;
#[cfg(test)]
mod tests;

use std::fmt;

use class::{class_end, is_in_set, is_single};

/// Most captures of one pattern.
pub(crate) const MOST_CAPTURES: usize = 32;

/// How deep parts of a pattern may stand in each other.
const DEEPEST: u32 = 200;

/// After so many steps it asks whether it may go on.
const ROUND: u32 = 1 << 20;

/// So many rounds, about a second, are enough for anybody whose text is not huge.
const MOST_ROUNDS: u32 = 1 << 8;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    EndsWithPercent,
    MissingBracket,
    MissingBalance,
    MissingFrontier,
    /// Nothing is open that could be closed here.
    NothingOpen,
    /// No capture, or none that is closed, has this number.
    NoCapture(usize),
    TooManyCaptures,
    Unfinished,
    TooComplex,
    /// The limit of steps is reached.
    TooLong,
    /// Whoever was asked said no.
    Stopped,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::EndsWithPercent => "malformed pattern (ends with '%')",
            Fault::MissingBracket => "malformed pattern (missing ']')",
            Fault::MissingBalance => "malformed pattern (missing arguments to '%b')",
            Fault::MissingFrontier => "missing '[' after '%f' in pattern",
            Fault::NothingOpen => "invalid pattern capture",
            Fault::NoCapture(number) => return write!(f, "invalid capture index %{number}"),
            Fault::TooManyCaptures => "too many captures",
            Fault::Unfinished => "unfinished capture",
            Fault::TooComplex => "pattern too complex",
            Fault::TooLong => "pattern takes too long on this text",
            Fault::Stopped => "the service was killed while this ran",
        })
    }
}

/// One capture, by places in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    /// From here to there.
    Span(usize, usize),
    /// `()`: just where it stood.
    Place(usize),
    /// Opened there and not closed.
    Open(usize),
}

/// Matches one pattern against one text, from place to place.
pub(crate) struct Matcher<'a, G> {
    text: &'a [u8],
    pattern: &'a [u8],
    captures: [Capture; MOST_CAPTURES],
    level: usize,
    depth: u32,
    /// Steps left of this round, and rounds left.
    steps: u32,
    rounds: u32,
    go_on: G,
}

impl<'a, G: Fn() -> bool> Matcher<'a, G> {
    /// A matcher that asks `go_on` about every million steps.
    pub(crate) fn new(text: &'a [u8], pattern: &'a [u8], go_on: G) -> Matcher<'a, G> {
        Matcher {
            text,
            pattern,
            captures: [Capture::Place(0); MOST_CAPTURES],
            level: 0,
            depth: 0,
            steps: ROUND,
            // A plain walk takes a few steps for each byte.
            rounds: MOST_ROUNDS + (text.len() / ROUND as usize * 16) as u32,
            go_on,
        }
    }

    /// The captures of the match that was found last.
    pub(crate) fn captures(&self) -> &[Capture] {
        &self.captures[..self.level]
    }

    /// Matches exactly at `place`; returns where the match ends.
    pub(crate) fn match_at(&mut self, place: usize) -> Result<Option<usize>, Fault> {
        (self.level, self.depth) = (0, 0);
        self.go(place, 0)
    }

    /// The first match at `place` or behind it.
    pub(crate) fn find_from(&mut self, place: usize, anchored: bool) -> Result<Option<(usize, usize)>, Fault> {
        let last = if anchored { place } else { self.text.len() };
        for start in place..=last {
            if let Some(end) = self.match_at(start)? {
                return Ok(Some((start, end)));
            }
        }
        Ok(None)
    }

    #[inline]
    fn step(&mut self) -> Result<(), Fault> {
        self.steps -= 1;
        if self.steps == 0 { self.next_round() } else { Ok(()) }
    }

    #[cold]
    fn next_round(&mut self) -> Result<(), Fault> {
        self.steps = ROUND;
        self.rounds -= 1;
        if self.rounds == 0 {
            return Err(Fault::TooLong);
        }
        if (self.go_on)() { Ok(()) } else { Err(Fault::Stopped) }
    }

    /// One level deeper: for what may have to be taken back.
    fn nested(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.depth == DEEPEST {
            return Err(Fault::TooComplex);
        }
        self.depth += 1;
        let matched = self.go(s, p);
        self.depth -= 1;
        matched
    }

    /// Matches the pattern from `p` on against the text from `s` on.
    fn go(&mut self, mut s: usize, mut p: usize) -> Result<Option<usize>, Fault> {
        loop {
            self.step()?;
            let Some(&head) = self.pattern.get(p) else { return Ok(Some(s)) };
            match (head, self.pattern.get(p + 1)) {
                (b'(', Some(b')')) => return self.open(s, p + 2, Capture::Place(s)),
                (b'(', _) => return self.open(s, p + 1, Capture::Open(s)),
                (b')', _) => return self.close(s, p + 1),
                (b'$', None) => return Ok((s == self.text.len()).then_some(s)),
                (b'%', Some(b'b')) => {
                    let Some(end) = self.balanced(s, p + 2)? else { return Ok(None) };
                    (s, p) = (end, p + 4);
                    continue;
                }
                (b'%', Some(b'f')) => {
                    let Some(end) = self.frontier(s, p + 2)? else { return Ok(None) };
                    p = end;
                    continue;
                }
                (b'%', Some(digit @ b'0'..=b'9')) => {
                    let Some(end) = self.again(s, usize::from(digit - b'0'))? else { return Ok(None) };
                    (s, p) = (end, p + 2);
                    continue;
                }
                _ => {}
            }
            let end = class_end(self.pattern, p)?;
            match self.pattern.get(end) {
                Some(b'?') => {
                    if self.is_one(s, p, end)
                        && let Some(matched) = self.nested(s + 1, end + 1)?
                    {
                        return Ok(Some(matched));
                    }
                    p = end + 1;
                }
                Some(b'+') if !self.is_one(s, p, end) => return Ok(None),
                Some(b'+') => return self.as_many(s + 1, p, end),
                Some(b'*') => return self.as_many(s, p, end),
                Some(b'-') => return self.as_few(s, p, end),
                _ if !self.is_one(s, p, end) => return Ok(None),
                _ => (s, p) = (s + 1, end),
            }
        }
    }

    /// Whether the class from `p` to `end` matches what stands at `s`.
    #[inline]
    fn is_one(&self, s: usize, p: usize, end: usize) -> bool {
        self.text.get(s).is_some_and(|&byte| is_single(byte, &self.pattern[p..end]))
    }

    /// `*` and `+`: as often as it goes, then less.
    fn as_many(&mut self, s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        let mut most = s;
        while self.is_one(most, p, end) {
            self.step()?;
            most += 1;
        }
        loop {
            if let Some(matched) = self.nested(most, end + 1)? {
                return Ok(Some(matched));
            }
            if most == s {
                return Ok(None);
            }
            most -= 1;
        }
    }

    /// `-`: not at all, then more.
    fn as_few(&mut self, mut s: usize, p: usize, end: usize) -> Result<Option<usize>, Fault> {
        loop {
            if let Some(matched) = self.nested(s, end + 1)? {
                return Ok(Some(matched));
            }
            if !self.is_one(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, capture: Capture) -> Result<Option<usize>, Fault> {
        let level = self.level;
        *self.captures.get_mut(level).ok_or(Fault::TooManyCaptures)? = capture;
        self.level = level + 1;
        let matched = self.nested(s, p)?;
        if matched.is_none() {
            self.level = level;
        }
        Ok(matched)
    }

    fn close(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let open = |capture: &Capture| matches!(capture, Capture::Open(_));
        let place = self.captures().iter().rposition(open).ok_or(Fault::NothingOpen)?;
        let before = self.captures[place];
        if let Capture::Open(start) = before {
            self.captures[place] = Capture::Span(start, s);
        }
        let matched = self.nested(s, p)?;
        if matched.is_none() {
            self.captures[place] = before;
        }
        Ok(matched)
    }

    /// `%bxy`, whose two bytes stand at `p`: where the balanced text ends.
    fn balanced(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        let [open, close] =
            self.pattern.get(p..p + 2).and_then(|pair| pair.try_into().ok()).ok_or(Fault::MissingBalance)?;
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1_usize;
        for place in s + 1..self.text.len() {
            self.step()?;
            let byte = self.text[place];
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(place + 1));
                }
            } else if byte == open {
                depth += 1;
            }
        }
        Ok(None)
    }

    /// `%f[set]`, whose set stands at `p`: where the pattern goes on.
    fn frontier(&mut self, s: usize, p: usize) -> Result<Option<usize>, Fault> {
        if self.pattern.get(p) != Some(&b'[') {
            return Err(Fault::MissingFrontier);
        }
        let end = class_end(self.pattern, p)?;
        let set = &self.pattern[p..end];
        let before = s.checked_sub(1).map_or(0, |place| self.text[place]);
        let here = self.text.get(s).copied().unwrap_or(0);
        Ok((!is_in_set(before, set) && is_in_set(here, set)).then_some(end))
    }

    /// `%1`: the text of a capture once more.
    fn again(&mut self, s: usize, number: usize) -> Result<Option<usize>, Fault> {
        let capture = number.checked_sub(1).and_then(|index| self.captures().get(index));
        let (start, end) = match capture {
            Some(Capture::Span(start, end)) => (*start, *end),
            // As in Lua, where a place is as long as no text can be.
            Some(Capture::Place(_)) => return Ok(None),
            _ => return Err(Fault::NoCapture(number)),
        };
        let text = &self.text[start..end];
        for _ in 0..text.len() / 16 {
            self.step()?;
        }
        Ok(self.text[s..].starts_with(text).then_some(s + text.len()))
    }
}
