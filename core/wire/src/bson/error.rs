//! What can be wrong with a document.

use std::fmt;

/// Why a document cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BsonError {
    /// Fewer bytes than something needs.
    Short {
        /// So many there are.
        have: usize,
        /// So many there must be.
        need: usize,
    },
    /// A length is not one, or something does not end where it must.
    Broken(&'static str),
    /// No value has this type.
    Type(u8),
    /// A text is not UTF-8.
    Utf8,
    /// A key, or a part of a regular expression, holds a zero.
    Zero,
    /// A document gets larger than [`MAX_SIZE`](super::MAX_SIZE).
    TooLarge,
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) documents stand in each other.
    TooDeep,
}

impl fmt::Display for BsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BsonError::Short { have, need } => write!(f, "Invalid bson block ({have}:{need})"),
            BsonError::Broken(what) => write!(f, "Invalid bson block: {what}"),
            BsonError::Type(kind) => write!(f, "Invalid bson type : {kind}"),
            BsonError::Utf8 => f.write_str("Invalid utf8 string"),
            BsonError::Zero => f.write_str("Bson key has a zero byte"),
            BsonError::TooLarge => write!(f, "bson document exceeds {} bytes", super::MAX_SIZE),
            BsonError::TooDeep => f.write_str("Too depth while encoding bson"),
        }
    }
}

impl std::error::Error for BsonError {}
