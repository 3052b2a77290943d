//! Walks a document.

use super::element::{Element, kind};
use super::{BsonError, MAX_SIZE};

/// The smallest document: its length and its end.
const EMPTY: usize = 5;

/// A document that is being read. Nested documents are checked when they are read themselves.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    rest: Reader<'a>,
    size: usize,
}

/// A key and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The name.
    pub key: &'a [u8],
    /// The value.
    pub element: Element<'a>,
    /// Where the value's bytes begin in the document.
    pub at: usize,
}

impl<'a> Document<'a> {
    /// Begins with the bytes of a document; more may follow them.
    ///
    /// # Errors
    ///
    /// If they are fewer than the document claims, or it does not end with a zero.
    pub fn new(bytes: &'a [u8]) -> Result<Document<'a>, BsonError> {
        let (body, _) = split(bytes)?;
        Ok(Document { size: body.len(), rest: Reader(&body[4..body.len() - 1]) })
    }

    /// The number of its bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The next entry.
    ///
    /// # Errors
    ///
    /// If it is none.
    #[allow(clippy::should_implement_trait, reason = "it can fail, and an iterator of results is read past a failure")]
    pub fn next(&mut self) -> Result<Option<Entry<'a>>, BsonError> {
        if self.rest.0.is_empty() {
            return Ok(None);
        }
        let kind = self.rest.fixed::<1>()?[0];
        let key = self.rest.zero_ended()?;
        let at = self.size - 1 - self.rest.0.len();
        let element = self.rest.element(kind)?;
        Ok(Some(Entry { key, element, at }))
    }
}

/// The bytes of a document, and what follows them.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), BsonError> {
    let size = length(&mut Reader(bytes))?;
    if !(EMPTY..=MAX_SIZE).contains(&size) {
        return Err(BsonError::Broken("no such length of a document"));
    }
    let (body, rest) = bytes.split_at_checked(size).ok_or(BsonError::Short { have: bytes.len(), need: size })?;
    if body.last() != Some(&0) {
        return Err(BsonError::Broken("a document does not end with a zero"));
    }
    Ok((body, rest))
}

fn length(reader: &mut Reader<'_>) -> Result<usize, BsonError> {
    let length = i32::from_le_bytes(reader.fixed()?);
    usize::try_from(length).map_err(|_| BsonError::Broken("a negative length"))
}

#[derive(Debug, Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn element(&mut self, kind: u8) -> Result<Element<'a>, BsonError> {
        Ok(match kind {
            kind::DOUBLE => Element::Double(f64::from_le_bytes(self.fixed()?)),
            kind::STRING => Element::String(self.string()?),
            kind::DOCUMENT => Element::Document(self.document()?),
            kind::ARRAY => Element::Array(self.document()?),
            kind::BINARY => {
                let size = length(self)?;
                let subtype = self.fixed::<1>()?[0];
                Element::Binary(subtype, self.bytes(size)?)
            }
            kind::UNDEFINED => Element::Undefined,
            kind::OBJECT_ID => Element::ObjectId(self.fixed()?),
            kind::BOOLEAN => Element::Boolean(self.fixed()? != [0]),
            kind::DATE => Element::Date(i64::from_le_bytes(self.fixed()?)),
            kind::NULL => Element::Null,
            kind::REGEX => Element::Regex(self.zero_ended()?, self.zero_ended()?),
            kind::DB_POINTER => Element::DbPointer(self.string()?, self.fixed()?),
            kind::CODE => Element::Code(self.string()?),
            kind::SYMBOL => Element::Symbol(self.string()?),
            kind::CODE_WITH_SCOPE => self.code_with_scope()?,
            kind::INT32 => Element::Int32(i32::from_le_bytes(self.fixed()?)),
            kind::TIMESTAMP => Element::Timestamp(u32::from_le_bytes(self.fixed()?), u32::from_le_bytes(self.fixed()?)),
            kind::INT64 => Element::Int64(i64::from_le_bytes(self.fixed()?)),
            kind::DECIMAL128 => Element::Decimal128(self.fixed()?),
            kind::MIN_KEY => Element::MinKey,
            kind::MAX_KEY => Element::MaxKey,
            _ => return Err(BsonError::Type(kind)),
        })
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], BsonError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(BsonError::Short { have: self.0.len(), need: N })?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn bytes(&mut self, size: usize) -> Result<&'a [u8], BsonError> {
        let short = BsonError::Short { have: self.0.len(), need: size };
        let (bytes, rest) = self.0.split_at_checked(size).ok_or(short)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn zero_ended(&mut self) -> Result<&'a [u8], BsonError> {
        let end = memchr::memchr(0, self.0).ok_or(BsonError::Broken("a key does not end"))?;
        let text = self.bytes(end)?;
        self.fixed::<1>()?;
        Ok(text)
    }

    fn string(&mut self) -> Result<&'a [u8], BsonError> {
        let size = length(self)?;
        match self.bytes(size)?.split_last() {
            Some((0, text)) => Ok(text),
            _ => Err(BsonError::Broken("a string does not end with a zero")),
        }
    }

    fn document(&mut self) -> Result<&'a [u8], BsonError> {
        let (body, rest) = split(self.0)?;
        self.0 = rest;
        Ok(body)
    }

    fn code_with_scope(&mut self) -> Result<Element<'a>, BsonError> {
        let whole = length(&mut self.clone())?;
        let mut inside = Reader(self.bytes(whole)?);
        inside.fixed::<4>()?;
        let (code, scope) = (inside.string()?, inside.document()?);
        match inside.0 {
            [] => Ok(Element::CodeWithScope(code, scope)),
            _ => Err(BsonError::Broken("code with scope is longer than its parts")),
        }
    }
}
