//! Cuts the text of a schema into words.

use super::SprotoError;

/// A text that is being read.
#[derive(Debug)]
pub(super) struct Words<'a> {
    name: &'a str,
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str, name: &'a str) -> Words<'a> {
        Words { name, text, at: 0 }
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_ascii_start().len();
            self.at += blank;
            if self.peek() != Some(b'#') {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next byte as it is, blanks included.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether nothing follows but blanks and comments.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip();
        self.peek().is_none()
    }

    /// Takes a sign of ASCII, if it is the next.
    pub(super) fn sign(&mut self, sign: u8) -> bool {
        self.skip();
        self.sign_here(sign)
    }

    /// Takes a sign that must follow without a blank.
    pub(super) fn sign_here(&mut self, sign: u8) -> bool {
        let is = self.peek() == Some(sign);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect(&mut self, sign: u8) -> Result<(), SprotoError> {
        if self.sign(sign) { Ok(()) } else { Err(self.error()) }
    }

    /// Takes a name.
    pub(super) fn word(&mut self) -> Result<&'a str, SprotoError> {
        self.skip();
        let word = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Ok(word);
        }
        self.at -= word.len();
        Err(self.error())
    }

    /// Takes the name of a type, with those of the types around it.
    pub(super) fn path_here(&mut self) -> Result<&'a str, SprotoError> {
        let path = self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
        let good =
            path.split('.').all(|word| word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'));
        if good { Ok(path) } else { Err(self.error()) }
    }

    /// Takes the name of a type behind blanks.
    pub(super) fn path(&mut self) -> Result<&'a str, SprotoError> {
        self.skip();
        self.path_here()
    }

    /// Takes letters and digits that may be none.
    pub(super) fn letters_here(&mut self) -> &'a str {
        self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    pub(super) fn number(&mut self) -> Result<u32, SprotoError> {
        self.skip();
        self.run(|byte| byte.is_ascii_digit()).parse().map_err(|_| self.error())
    }

    /// Signs that satisfy a test, which only ASCII does.
    fn run(&mut self, test: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().take_while(|byte| test(*byte)).count();
        self.at += len;
        &rest[..len]
    }

    pub(super) fn error(&self) -> SprotoError {
        let line = self.text[..self.at].bytes().filter(|byte| *byte == b'\n').count() + 1;
        SprotoError::Syntax { name: self.name.into(), line }
    }
}
