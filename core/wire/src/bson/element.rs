//! The values of a document.

/// The bytes that stand for types.
pub mod kind {
    #![allow(missing_docs, reason = "they are called what bsonspec.org calls them")]
    pub const DOUBLE: u8 = 1;
    pub const STRING: u8 = 2;
    pub const DOCUMENT: u8 = 3;
    pub const ARRAY: u8 = 4;
    pub const BINARY: u8 = 5;
    pub const UNDEFINED: u8 = 6;
    pub const OBJECT_ID: u8 = 7;
    pub const BOOLEAN: u8 = 8;
    pub const DATE: u8 = 9;
    pub const NULL: u8 = 10;
    pub const REGEX: u8 = 11;
    pub const DB_POINTER: u8 = 12;
    pub const CODE: u8 = 13;
    pub const SYMBOL: u8 = 14;
    pub const CODE_WITH_SCOPE: u8 = 15;
    pub const INT32: u8 = 16;
    pub const TIMESTAMP: u8 = 17;
    pub const INT64: u8 = 18;
    pub const DECIMAL128: u8 = 19;
    pub const MAX_KEY: u8 = 127;
    pub const MIN_KEY: u8 = 255;
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Element<'a> {
    /// A float.
    Double(f64),
    /// A text.
    String(&'a [u8]),
    /// The bytes of a document.
    Document(&'a [u8]),
    /// The bytes of a document whose keys are `0`, `1` and so on.
    Array(&'a [u8]),
    /// Any bytes, and what they are.
    Binary(u8, &'a [u8]),
    /// An old word for null.
    Undefined,
    /// A key that nobody else makes.
    ObjectId([u8; 12]),
    /// True or false.
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
    /// Nothing.
    Null,
    /// A pattern and its options.
    Regex(&'a [u8], &'a [u8]),
    /// A name and a key.
    DbPointer(&'a [u8], [u8; 12]),
    /// JavaScript.
    Code(&'a [u8]),
    /// An old kind of text.
    Symbol(&'a [u8]),
    /// JavaScript, and the bytes of a document.
    CodeWithScope(&'a [u8], &'a [u8]),
    /// A small integer.
    Int32(i32),
    /// A count within a second, and the second since 1970.
    Timestamp(u32, u32),
    /// An integer.
    Int64(i64),
    /// A decimal number, as its bytes.
    Decimal128([u8; 16]),
    /// Smaller than all others.
    MinKey,
    /// Larger than all others.
    MaxKey,
}

impl Element<'_> {
    /// The byte that stands for its type.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self {
            Element::Double(_) => kind::DOUBLE,
            Element::String(_) => kind::STRING,
            Element::Document(_) => kind::DOCUMENT,
            Element::Array(_) => kind::ARRAY,
            Element::Binary(..) => kind::BINARY,
            Element::Undefined => kind::UNDEFINED,
            Element::ObjectId(_) => kind::OBJECT_ID,
            Element::Boolean(_) => kind::BOOLEAN,
            Element::Date(_) => kind::DATE,
            Element::Null => kind::NULL,
            Element::Regex(..) => kind::REGEX,
            Element::DbPointer(..) => kind::DB_POINTER,
            Element::Code(_) => kind::CODE,
            Element::Symbol(_) => kind::SYMBOL,
            Element::CodeWithScope(..) => kind::CODE_WITH_SCOPE,
            Element::Int32(_) => kind::INT32,
            Element::Timestamp(..) => kind::TIMESTAMP,
            Element::Int64(_) => kind::INT64,
            Element::Decimal128(_) => kind::DECIMAL128,
            Element::MinKey => kind::MIN_KEY,
            Element::MaxKey => kind::MAX_KEY,
        }
    }
}
