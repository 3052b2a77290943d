//! What can be wrong with a schema or a structure.

use std::fmt;

/// Why something cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SprotoError {
    /// The bytes are not what the schema says.
    Decode,
    /// The bytes are not packed.
    Unpack,
    /// A structure gets larger than [`MAX_SIZE`](super::MAX_SIZE).
    TooLarge,
    /// The bytes are no schema.
    Bundle(&'static str),
    /// A schema's text is not in the language.
    Syntax {
        /// What the text is called.
        name: String,
        /// Counted from one.
        line: usize,
    },
    /// A schema's text is in the language but means nothing.
    Meaning(String),
}

impl fmt::Display for SprotoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SprotoError::Decode => f.write_str("decode error"),
            SprotoError::Unpack => f.write_str("Invalid unpack stream"),
            SprotoError::TooLarge => write!(f, "object is too large (>{})", super::MAX_SIZE),
            SprotoError::Bundle(why) => write!(f, "not a sproto bundle: {why}"),
            SprotoError::Syntax { name, line } => write!(f, "syntax error at [{name}] line ({line})"),
            SprotoError::Meaning(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for SprotoError {}
