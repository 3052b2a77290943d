//! What can be wrong with a stream, or with a value that should become one.

use std::fmt;

use serde::de::{Expected, Unexpected};

/// Why bytes are not values, or values cannot become bytes.
///
/// The texts begin as Skynet's do, so scripts that look for them still find
/// them; what was wrong follows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeriError {
    /// The bytes are not a stream of values.
    Invalid {
        /// How many bytes had not been read yet.
        left: usize,
        /// What was wrong with them.
        why: &'static str,
    },
    /// Tables stand in each other deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooDeep,
    /// A value of this type has no encoding.
    Unsupported(&'static str),
    /// A string longer than its four-byte length can say.
    TooLong(usize),
    /// A table key that no Lua table can have: `nil`, or not a number.
    BadKey(&'static str),
    /// An integer that does not fit Lua's 64 signed bits.
    OutOfRange,
    /// Bytes that Rust wants as text, but which are not UTF-8.
    NotUtf8 {
        /// How many bytes at the start are.
        valid: usize,
    },
    /// A Rust type and the value that should become it do not agree.
    Mismatch(Box<str>),
}

impl SeriError {
    // Out of line, so that the readers' hot paths carry only a jump.
    #[cold]
    pub(super) fn invalid(left: usize, why: &'static str) -> SeriError {
        SeriError::Invalid { left, why }
    }

    /// Says where in a message a disagreement about types arose.
    #[cold]
    pub(super) fn within(self, place: impl fmt::Display) -> SeriError {
        match self {
            SeriError::Mismatch(_) | SeriError::NotUtf8 { .. } => {
                SeriError::Mismatch(format!("{place}: {self}").into())
            }
            other => other,
        }
    }
}

impl fmt::Display for SeriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SeriError::Invalid { left, why } => {
                write!(f, "Invalid serialize stream {left}: {why}")
            }
            SeriError::TooDeep => f.write_str("serialize can't pack too depth table"),
            SeriError::Unsupported(name) => write!(f, "Unsupport type {name} to serialize"),
            SeriError::TooLong(len) => write!(f, "string of {len} bytes exceeds {}", u32::MAX),
            SeriError::BadKey(key) => write!(f, "table key is {key}"),
            SeriError::OutOfRange => f.write_str("integer does not fit 64 signed bits"),
            SeriError::NotUtf8 { valid } => write!(f, "string is not UTF-8 at byte {valid}"),
            SeriError::Mismatch(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for SeriError {}

impl serde::ser::Error for SeriError {
    fn custom<T: fmt::Display>(text: T) -> SeriError {
        SeriError::Mismatch(text.to_string().into())
    }
}

impl serde::de::Error for SeriError {
    fn custom<T: fmt::Display>(text: T) -> SeriError {
        SeriError::Mismatch(text.to_string().into())
    }

    // Serde's own texts speak of units and quote whole strings; ours speak to
    // a Lua programmer and may end in a log.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> SeriError {
        Self::custom(format_args!("expected {expected}, found {}", lua_name(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> SeriError {
        match found {
            Unexpected::Str(_) | Unexpected::Bytes(_) => Self::invalid_type(found, expected),
            _ => Self::custom(format_args!("expected {expected}, found {found}")),
        }
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> SeriError {
        let (name, known) = (shortened(name), known.join(", "));
        Self::custom(format_args!("no variant {name:?} among {known}"))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> SeriError {
        let (name, known) = (shortened(name), known.join(", "));
        Self::custom(format_args!("no field {name:?} among {known}"))
    }
}

fn lua_name(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "nil",
        Unexpected::Seq | Unexpected::Map => "a table",
        _ => "something else",
    }
}

/// The beginning of a name that a peer made up.
fn shortened(name: &str) -> &str {
    const ENOUGH: usize = 40;
    match name.char_indices().nth(ENOUGH) {
        Some((end, _)) => &name[..end],
        None => name,
    }
}
