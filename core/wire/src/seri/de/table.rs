//! A table as a list, and as pairs.

use serde::de::value::{BorrowedStrDeserializer, I64Deserializer};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{One, skip, skip_rest, utf8};
use crate::seri::{Reader, SeriError, Token};

/// Shows a table's values at 1, 2, 3 and so on.
pub(super) struct Array<'r, 'de> {
    reader: &'r mut Reader<'de>,
    depth: usize,
    /// How many values without a key are still to come.
    left: usize,
    /// The key of the value shown last.
    index: usize,
    /// Up to this key there is a value, if only `nil`.
    padded_to: usize,
}

impl<'r, 'de> Array<'r, 'de> {
    pub(super) fn open(table: One<'r, 'de>, array: usize) -> Array<'r, 'de> {
        Array { reader: table.reader, depth: table.depth, left: array, index: 0, padded_to: 0 }
    }

    pub(super) fn padded_to(self, len: usize) -> Array<'r, 'de> {
        Array { padded_to: len, ..self }
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        let value = visitor.visit_seq(&mut self)?;
        for _ in 0..self.left {
            skip(self.reader, self.depth + 1)?;
        }
        skip_pairs(self.reader, self.depth)?;
        Ok(value)
    }

    /// Reads on behind the array part. A table that came through `__pairs`
    /// has all its values there, in order.
    fn stands_at_next(&mut self) -> Result<bool, SeriError> {
        while !self.reader.at_nil() {
            let key = self.reader.expect_next()?;
            match key {
                Token::Integer(key) if usize::try_from(key) == Ok(self.index + 1) => {
                    return Ok(true);
                }
                Token::Integer(key) if key > 0 => {
                    let hole = format!("a list with {key} but without {}", self.index + 1);
                    return Err(SeriError::Mismatch(hole.into()));
                }
                key => {
                    skip_rest(key, self.reader, self.depth + 1)?;
                    skip(self.reader, self.depth + 1)?;
                }
            }
        }
        Ok(false)
    }

    /// Where among the pairs the value of this key stands: Lua moves what is
    /// behind a hole out of the array part.
    fn find(&self, wanted: usize) -> Result<Option<Reader<'de>>, SeriError> {
        let mut ahead = *self.reader;
        while !ahead.at_nil() {
            let key = ahead.expect_next()?;
            if matches!(key, Token::Integer(key) if usize::try_from(key) == Ok(wanted)) {
                return Ok(Some(ahead));
            }
            skip_rest(key, &mut ahead, self.depth + 1)?;
            skip(&mut ahead, self.depth + 1)?;
        }
        Ok(None)
    }
}

impl<'de> SeqAccess<'de> for Array<'_, 'de> {
    type Error = SeriError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, SeriError> {
        let shown = if self.left > 0 {
            self.left -= 1;
            seed.deserialize(One::inside(self.reader, self.depth)?)
        } else if self.padded_to > 0 {
            if self.index == self.padded_to {
                return Ok(None);
            }
            match self.find(self.index + 1)? {
                Some(mut value) => seed.deserialize(One::inside(&mut value, self.depth)?),
                None => seed.deserialize(One { reader: &mut Reader::new(&[]), depth: 0 }),
            }
        } else if self.stands_at_next()? {
            seed.deserialize(One::inside(self.reader, self.depth)?)
        } else {
            return Ok(None);
        };
        self.index += 1;
        shown.map(Some).map_err(|e| e.within(format_args!("[{}]", self.index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// Reads over pairs up to and with the end of their table.
fn skip_pairs(reader: &mut Reader<'_>, depth: usize) -> Result<(), SeriError> {
    skip_rest(Token::Table { array: 0 }, reader, depth)
}

/// Shows a table's keys and values.
pub(super) struct Pairs<'r, 'de> {
    reader: &'r mut Reader<'de>,
    depth: usize,
    /// How many values without a key are still to come.
    left: usize,
    /// The key of the last of those.
    index: i64,
    /// Whether a pair is of interest only if its key is text.
    fields: bool,
    /// The key shown last, to name it in an error.
    key: Token<'de>,
}

impl<'r, 'de> Pairs<'r, 'de> {
    /// All pairs, beginning with those at 1, 2, 3.
    pub(super) fn of_all(table: One<'r, 'de>, array: usize) -> Pairs<'r, 'de> {
        let One { reader, depth } = table;
        Pairs { reader, depth, left: array, index: 0, fields: false, key: Token::Nil }
    }

    /// The fields of a struct. What stands at other keys is not for it: serde
    /// would take the key 1 for "the field at place 1".
    pub(super) fn of_fields(table: One<'r, 'de>, array: usize) -> Result<Self, SeriError> {
        let One { reader, depth } = table;
        for _ in 0..array {
            skip(reader, depth + 1)?;
        }
        Ok(Pairs { reader, depth, left: 0, index: 0, fields: true, key: Token::Nil })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        let value = visitor.visit_map(&mut self)?;
        for _ in 0..self.left {
            skip(self.reader, self.depth + 1)?;
        }
        skip_pairs(self.reader, self.depth)?;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Pairs<'_, 'de> {
    type Error = SeriError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, SeriError> {
        while self.left > 0 {
            self.left -= 1;
            self.index += 1;
            // A pair whose value is nil is no pair, here and below.
            if self.reader.at_nil() {
                self.reader.expect_next()?;
                continue;
            }
            self.key = Token::Integer(self.index);
            return seed.deserialize(I64Deserializer::<SeriError>::new(self.index)).map(Some);
        }
        while !self.reader.at_nil() {
            let mut start = *self.reader;
            self.key = self.reader.expect_next()?;
            skip_rest(self.key, self.reader, self.depth + 1)?;
            if !self.reader.at_nil() {
                match self.key {
                    Token::Str(key) if self.fields && utf8(key).is_ok() => {
                        let key = BorrowedStrDeserializer::<SeriError>::new(utf8(key)?);
                        return seed.deserialize(key).map(Some);
                    }
                    _ if self.fields => {}
                    _ => {
                        return seed.deserialize(One::inside(&mut start, self.depth)?).map(Some);
                    }
                }
            }
            skip(self.reader, self.depth + 1)?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, SeriError> {
        let shown = seed.deserialize(One::inside(self.reader, self.depth)?);
        shown.map_err(|e| match self.key {
            Token::Str(key) => e.within(String::from_utf8_lossy(key)),
            Token::Integer(key) => e.within(format_args!("[{key}]")),
            _ => e,
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// Shows the bytes of a string as numbers, for a `Vec<u8>`.
pub(super) struct Octets<'de> {
    bytes: std::slice::Iter<'de, u8>,
}

impl<'de> Octets<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Octets<'de> {
        Octets { bytes: bytes.iter() }
    }
}

impl<'de> SeqAccess<'de> for Octets<'de> {
    type Error = SeriError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, SeriError> {
        let Some(&byte) = self.bytes.next() else {
            return Ok(None);
        };
        seed.deserialize(serde::de::value::U8Deserializer::<SeriError>::new(byte)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.bytes.len())
    }
}
