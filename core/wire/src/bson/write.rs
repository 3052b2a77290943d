//! Puts a document together.

use super::element::{Element, kind};
use super::{BsonError, Document, MAX_DEPTH, MAX_SIZE};

/// A document that is being written.
#[derive(Debug, Clone)]
pub struct Writer {
    out: Vec<u8>,
    /// Where the documents begin that are not ended yet.
    open: Vec<usize>,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::new()
    }
}

impl Writer {
    /// An empty document.
    #[must_use]
    pub fn new() -> Writer {
        Writer { out: vec![0; 4], open: vec![0] }
    }

    /// Begins a document in the document; until its [`end`](Writer::end) everything belongs to it.
    ///
    /// # Errors
    ///
    /// [`BsonError::TooDeep`], or if the key is none.
    pub fn document(&mut self, key: &[u8]) -> Result<(), BsonError> {
        self.nested(kind::DOCUMENT, key)
    }

    /// Begins an array in the document; its keys are the caller's matter.
    ///
    /// # Errors
    ///
    /// [`BsonError::TooDeep`], or if the key is none.
    pub fn array(&mut self, key: &[u8]) -> Result<(), BsonError> {
        self.nested(kind::ARRAY, key)
    }

    fn nested(&mut self, kind: u8, key: &[u8]) -> Result<(), BsonError> {
        if self.open.len() > MAX_DEPTH {
            return Err(BsonError::TooDeep);
        }
        self.key(kind, key)?;
        self.open.push(self.out.len());
        self.out.extend_from_slice(&[0; 4]);
        Ok(())
    }

    /// Ends the document that was begun last.
    ///
    /// # Errors
    ///
    /// [`BsonError::TooLarge`].
    pub fn end(&mut self) -> Result<(), BsonError> {
        self.out.push(0);
        let Some(start) = self.open.pop() else { return Err(BsonError::Broken("more ends than beginnings")) };
        let size = size_of(self.out.len() - start)?;
        self.out[start..start + 4].copy_from_slice(&size);
        Ok(())
    }

    /// Ends all documents.
    ///
    /// # Errors
    ///
    /// [`BsonError::TooLarge`].
    pub fn finish(mut self) -> Result<Vec<u8>, BsonError> {
        while !self.open.is_empty() {
            self.end()?;
        }
        Ok(self.out)
    }

    /// Writes an entry.
    ///
    /// # Errors
    ///
    /// If a text or the key is none, or a nested document is not whole.
    pub fn put(&mut self, key: &[u8], element: &Element<'_>) -> Result<(), BsonError> {
        self.key(element.kind(), key)?;
        match *element {
            Element::Double(double) => self.out.extend_from_slice(&double.to_le_bytes()),
            Element::String(text) | Element::Code(text) | Element::Symbol(text) => self.string(text)?,
            Element::Document(bytes) | Element::Array(bytes) => self.whole(bytes)?,
            Element::Binary(subtype, bytes) => {
                self.out.extend_from_slice(&size_of(bytes.len())?);
                self.out.push(subtype);
                self.out.extend_from_slice(bytes);
            }
            Element::ObjectId(id) => self.out.extend_from_slice(&id),
            Element::Boolean(boolean) => self.out.push(u8::from(boolean)),
            Element::Date(value) | Element::Int64(value) => self.out.extend_from_slice(&value.to_le_bytes()),
            Element::Regex(pattern, options) => {
                self.zero_ended(pattern)?;
                self.zero_ended(options)?;
            }
            Element::DbPointer(name, id) => {
                self.string(name)?;
                self.out.extend_from_slice(&id);
            }
            Element::CodeWithScope(code, scope) => {
                let start = self.out.len();
                self.out.extend_from_slice(&[0; 4]);
                self.string(code)?;
                self.whole(scope)?;
                let size = size_of(self.out.len() - start)?;
                self.out[start..start + 4].copy_from_slice(&size);
            }
            Element::Int32(value) => self.out.extend_from_slice(&value.to_le_bytes()),
            Element::Timestamp(count, second) => {
                self.out.extend_from_slice(&count.to_le_bytes());
                self.out.extend_from_slice(&second.to_le_bytes());
            }
            Element::Decimal128(bytes) => self.out.extend_from_slice(&bytes),
            Element::Undefined | Element::Null | Element::MinKey | Element::MaxKey => {}
        }
        if self.out.len() > MAX_SIZE { Err(BsonError::TooLarge) } else { Ok(()) }
    }

    fn key(&mut self, kind: u8, key: &[u8]) -> Result<(), BsonError> {
        self.out.push(kind);
        self.zero_ended(key)
    }

    fn zero_ended(&mut self, text: &[u8]) -> Result<(), BsonError> {
        if text.contains(&0) {
            return Err(BsonError::Zero);
        }
        utf8(text)?;
        self.out.extend_from_slice(text);
        self.out.push(0);
        Ok(())
    }

    fn string(&mut self, text: &[u8]) -> Result<(), BsonError> {
        utf8(text)?;
        self.out.extend_from_slice(&size_of(text.len() + 1)?);
        self.out.extend_from_slice(text);
        self.out.push(0);
        Ok(())
    }

    /// A document as bytes.
    fn whole(&mut self, bytes: &[u8]) -> Result<(), BsonError> {
        if Document::new(bytes)?.size() != bytes.len() {
            return Err(BsonError::Broken("bytes behind a document"));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

fn utf8(text: &[u8]) -> Result<(), BsonError> {
    std::str::from_utf8(text).map(drop).map_err(|_| BsonError::Utf8)
}

fn size_of(size: usize) -> Result<[u8; 4], BsonError> {
    let size = i32::try_from(size).ok().filter(|_| size <= MAX_SIZE);
    size.map(i32::to_le_bytes).ok_or(BsonError::TooLarge)
}
