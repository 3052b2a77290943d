//! Reads single tokens.

use super::{SeriError, kind};

/// One step of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// `nil`; among the pairs of a table, its end.
    Nil,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A string of any bytes.
    Str(&'a [u8]),
    /// A table opens: `array` values follow, then keys and values in turn
    /// until a key is [`Token::Nil`].
    Table {
        /// How many values stand before the pairs. There are at least so many
        /// bytes left, so it is safe to reserve space for them.
        array: usize,
    },
}

/// Walks a stream token by token, without recursion and without allocation.
///
/// A copy is a bookmark: reading on from it leaves the original where it was.
/// After an error the reader stands somewhere inside the broken token.
///
/// # Examples
/// ```
/// use skyloom_wire::seri::{Reader, Token};
/// let mut reader = Reader::new(&[0x0a, 7, 0x0c, b'x']);
/// assert_eq!(reader.next()?, Some(Token::Integer(7)));
/// assert_eq!(reader.next()?, Some(Token::Str(b"x")));
/// assert_eq!(reader.next()?, None);
/// # Ok::<(), skyloom_wire::seri::SeriError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// How many bytes have not been read.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether the next token is `nil`, without reading it.
    #[inline]
    #[must_use]
    pub fn at_nil(&self) -> bool {
        self.rest.first().is_some_and(|tag| tag & 7 == kind::NIL)
    }

    /// Takes the next token if it is an integer: what most messages consist of, without a look at the rest.
    #[inline(always)]
    pub fn take_integer(&mut self) -> Option<i64> {
        let (&tag, rest) = self.rest.split_first()?;
        if tag & 7 != kind::NUMBER {
            return None;
        }
        let (value, rest) = match tag >> 3 {
            0 => (0, rest),
            1 => rest.split_first_chunk().map(|(bytes, rest)| (i64::from(u8::from_le_bytes(*bytes)), rest))?,
            2 => rest.split_first_chunk().map(|(bytes, rest)| (i64::from(u16::from_le_bytes(*bytes)), rest))?,
            4 => rest.split_first_chunk().map(|(bytes, rest)| (i64::from(i32::from_le_bytes(*bytes)), rest))?,
            6 => rest.split_first_chunk().map(|(bytes, rest)| (i64::from_le_bytes(*bytes), rest))?,
            _ => return None,
        };
        self.rest = rest;
        Some(value)
    }

    /// Takes the next token; `None` at the end.
    ///
    /// An end inside a table is for the caller to notice: only it knows that
    /// more was promised. See [`expect_next`](Reader::expect_next).
    ///
    /// # Errors
    ///
    /// [`SeriError::Invalid`] if the bytes are not a token.
    // Not an `Iterator`: after an error there is no next item.
    #[expect(clippy::should_implement_trait, reason = "yields Result<Option<_>>, as a parser does")]
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Token<'a>>, SeriError> {
        let Some((&tag, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        let cookie = tag >> 3;
        let token = match tag & 7 {
            kind::NIL => Token::Nil,
            kind::BOOLEAN => Token::Boolean(cookie != 0),
            kind::NUMBER => self.number(cookie)?,
            kind::SHORT_STRING => Token::Str(self.bytes(usize::from(cookie))?),
            kind::LONG_STRING => Token::Str(self.long_string(cookie)?),
            kind::TABLE => Token::Table { array: self.array_len(cookie)? },
            kind::POINTER => return Err(self.invalid("a pointer is not accepted")),
            _ => return Err(self.invalid("no such type")),
        };
        Ok(Some(token))
    }

    /// Takes the next token where the stream has promised one.
    ///
    /// # Errors
    ///
    /// [`SeriError::Invalid`] if the bytes are not a token, or are at their end.
    #[inline]
    pub fn expect_next(&mut self) -> Result<Token<'a>, SeriError> {
        match self.next()? {
            Some(token) => Ok(token),
            None => Err(self.invalid("ends inside a table")),
        }
    }

    #[inline]
    fn number(&mut self, cookie: u8) -> Result<Token<'a>, SeriError> {
        Ok(match cookie {
            0 => Token::Integer(0),
            1 => Token::Integer(i64::from(u8::from_le_bytes(self.fixed()?))),
            2 => Token::Integer(i64::from(u16::from_le_bytes(self.fixed()?))),
            4 => Token::Integer(i64::from(i32::from_le_bytes(self.fixed()?))),
            6 => Token::Integer(i64::from_le_bytes(self.fixed()?)),
            8 => Token::Float(f64::from_le_bytes(self.fixed()?)),
            _ => return Err(self.invalid("no such width of a number")),
        })
    }

    fn long_string(&mut self, cookie: u8) -> Result<&'a [u8], SeriError> {
        let len = match cookie {
            2 => u32::from(u16::from_le_bytes(self.fixed()?)),
            4 => u32::from_le_bytes(self.fixed()?),
            _ => return Err(self.invalid("no such width of a string's length")),
        };
        self.bytes(len as usize)
    }

    #[inline]
    fn array_len(&mut self, cookie: u8) -> Result<usize, SeriError> {
        let claimed = if cookie < 31 { usize::from(cookie) } else { self.long_array_len()? };
        // Each value takes a byte at least, and so does the end of the table.
        if claimed >= self.rest.len() {
            return Err(self.invalid("fewer bytes than the table claims values"));
        }
        Ok(claimed)
    }

    fn long_array_len(&mut self) -> Result<usize, SeriError> {
        let len = match self.rest.split_first() {
            Some((&tag, rest)) if tag & 7 == kind::NUMBER => {
                self.rest = rest;
                self.number(tag >> 3)?
            }
            _ => return Err(self.invalid("a table's length is not a number")),
        };
        match len {
            Token::Integer(len) => usize::try_from(len).map_err(|_| self.invalid("a table's length is negative")),
            _ => Err(self.invalid("a table's length is not an integer")),
        }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], SeriError> {
        match self.rest.split_first_chunk() {
            Some((&bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.invalid("ends inside a number")),
        }
    }

    #[inline]
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], SeriError> {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err(self.invalid("ends inside a string")),
        }
    }

    #[cold]
    pub(super) fn invalid(&self, why: &'static str) -> SeriError {
        SeriError::invalid(self.rest.len(), why)
    }
}
