//! Skynet's serialiser: the bytes that Lua services say to each other.
//!
//! A stream is a row of encoded values, without a count and without a header.
//! Three floors, each usable alone: [`put`] and [`Reader`] walk single tokens
//! and build nothing (the Lua host drives them over its own stack);
//! [`encode_values`] and [`decode_values`] handle values of unknown type;
//! [`to_bytes`] and [`from_bytes`] handle Rust types.
//!
//! Byte compatible with Skynet on a little-endian machine, except that a raw
//! pointer (tag 3) is refused: it means nothing outside the process that
//! wrote it, and too much inside.

mod error;
pub mod put;
mod reader;
mod values;
mod ser;
mod de;

pub use de::from_bytes;
pub use error::SeriError;
pub use reader::{Reader, Token};
pub use ser::{to_bytes, to_vec_into};
pub use values::{decode_values, encode_values};

/// How deep an element may stand: 0 is the top level.
///
/// So 33 tables can stand in each other when the innermost is empty, as in
/// Skynet. Encoders and decoders that recurse check it; [`Reader`] does not
/// recurse and leaves it to its caller.
pub const MAX_DEPTH: usize = 32;

/// The low three bits of a tag.
mod kind {
    pub(super) const NIL: u8 = 0;
    pub(super) const BOOLEAN: u8 = 1;
    pub(super) const NUMBER: u8 = 2;
    pub(super) const POINTER: u8 = 3;
    pub(super) const SHORT_STRING: u8 = 4;
    pub(super) const LONG_STRING: u8 = 5;
    pub(super) const TABLE: u8 = 6;
}

/// A tag byte: the kind in the low three bits, the cookie above.
const fn tag(kind: u8, cookie: u8) -> u8 {
    kind | cookie << 3
}
