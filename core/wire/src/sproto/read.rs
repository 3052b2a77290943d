//! Takes a structure apart.

use super::SprotoError;
use super::SprotoError::Decode;
use super::schema::Kind;

/// What the head of a structure says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<'a> {
    /// A small number stands in the head itself.
    Small(u16),
    /// These bytes.
    Data(&'a [u8]),
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item<'a> {
    /// Of an integer, or of a decimal before the point is set.
    Integer(i64),
    /// Of a double.
    Double(f64),
    /// Of a boolean.
    Boolean(bool),
    /// Of a string or a binary.
    Bytes(&'a [u8]),
    /// The bytes of a structure, which has no more of them than it needs.
    Struct(&'a [u8]),
}

/// Walks the fields of a structure, in the order of their tags.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    words: &'a [[u8; 2]],
    data: &'a [u8],
    tag: u32,
}

impl<'a> Fields<'a> {
    /// Begins with the bytes of a structure; more may follow them.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Decode`] if the bytes end in the head.
    pub fn new(bytes: &'a [u8]) -> Result<Fields<'a>, SprotoError> {
        let (count, rest) = bytes.split_first_chunk().ok_or(Decode)?;
        let size = usize::from(u16::from_le_bytes(*count)) * 2;
        let (words, data) = rest.split_at_checked(size).ok_or(Decode)?;
        Ok(Fields { words: words.as_chunks().0, data, tag: 0 })
    }

    /// The next field's tag and what it holds.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Decode`] if the bytes end in a field.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and an iterator of results is read past a failure")]
    pub fn next(&mut self) -> Result<Option<(u32, Slot<'a>)>, SprotoError> {
        while let Some((word, rest)) = self.words.split_first() {
            self.words = rest;
            let word = u16::from_le_bytes(*word);
            if word % 2 == 1 {
                self.tag += u32::from(word / 2) + 1;
                continue;
            }
            let tag = self.tag;
            self.tag += 1;
            let slot = match word {
                0 => Slot::Data(block(&mut self.data)?),
                _ => Slot::Small(word / 2 - 1),
            };
            return Ok(Some((tag, slot)));
        }
        Ok(None)
    }

    /// What follows the structure, once all fields are taken.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.data
    }
}

/// Takes bytes that stand behind their number.
fn block<'a>(data: &mut &'a [u8]) -> Result<&'a [u8], SprotoError> {
    let (size, rest) = data.split_first_chunk().ok_or(Decode)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).map_err(|_| Decode)?;
    let (bytes, rest) = rest.split_at_checked(size).ok_or(Decode)?;
    *data = rest;
    Ok(bytes)
}

impl Kind {
    /// The value of a field that holds one.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Decode`] if it holds something else.
    pub fn read(self, slot: Slot<'_>) -> Result<Item<'_>, SprotoError> {
        Ok(match (self, slot) {
            (Kind::Integer | Kind::Decimal(_), Slot::Small(small)) => Item::Integer(i64::from(small)),
            (Kind::Boolean, Slot::Small(small)) => Item::Boolean(small != 0),
            (Kind::Integer | Kind::Decimal(_), Slot::Data(bytes)) => Item::Integer(integer(bytes)?),
            (Kind::Double, Slot::Data(bytes)) => Item::Double(double(bytes)?),
            (Kind::String | Kind::Binary, Slot::Data(bytes)) => Item::Bytes(bytes),
            (Kind::Struct(_), Slot::Data(bytes)) => Item::Struct(bytes),
            _ => return Err(Decode),
        })
    }

    /// The values of a field that holds many.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Decode`] if it holds one.
    pub fn elements(self, slot: Slot<'_>) -> Result<Elements<'_>, SprotoError> {
        let Slot::Data(mut rest) = slot else { return Err(Decode) };
        let mut width = 0;
        if matches!(self, Kind::Integer | Kind::Decimal(_) | Kind::Double)
            && let Some((first, behind)) = rest.split_first()
        {
            width = usize::from(*first);
            rest = behind;
            let known = width == 8 || (width == 4 && self != Kind::Double);
            if !known || rest.len() % width != 0 {
                return Err(Decode);
            }
        }
        Ok(Elements { kind: self, width, rest })
    }
}

/// Walks the elements of an array.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    kind: Kind,
    width: usize,
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// The next element.
    ///
    /// # Errors
    ///
    /// [`SprotoError::Decode`] if the bytes end in it.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and an iterator of results is read past a failure")]
    pub fn next(&mut self) -> Result<Option<Item<'a>>, SprotoError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self.kind {
            Kind::Integer | Kind::Decimal(_) => Item::Integer(integer(self.take(self.width)?)?),
            Kind::Double => Item::Double(double(self.take(self.width)?)?),
            Kind::Boolean => Item::Boolean(self.take(1)? != [0]),
            Kind::String | Kind::Binary => Item::Bytes(block(&mut self.rest)?),
            Kind::Struct(_) => Item::Struct(block(&mut self.rest)?),
        }))
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], SprotoError> {
        let (bytes, rest) = self.rest.split_at_checked(size).ok_or(Decode)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn integer(bytes: &[u8]) -> Result<i64, SprotoError> {
    if let Ok(four) = bytes.try_into() {
        return Ok(i64::from(i32::from_le_bytes(four)));
    }
    bytes.try_into().map(i64::from_le_bytes).map_err(|_| Decode)
}

fn double(bytes: &[u8]) -> Result<f64, SprotoError> {
    bytes.try_into().map(f64::from_le_bytes).map_err(|_| Decode)
}
