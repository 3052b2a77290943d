//! A string of any bytes inside a typed message.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// Bytes that are one Lua string.
///
/// A plain `Vec<u8>` in a message is written as a table of numbers, since
/// serde takes it for any other vector; it *reads* a string as well.
///
/// # Examples
/// ```
/// use skyloom_wire::{Bytes, seri};
/// let packed = seri::to_bytes(&Bytes(vec![0xff, 0x00]))?;
/// assert_eq!(packed, [0x14, 0xff, 0x00]);
/// assert_eq!(seri::from_bytes::<Bytes>(&packed)?.0, [0xff, 0x00]);
/// # Ok::<(), seri::SeriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        deserializer.deserialize_byte_buf(Collect)
    }
}

struct Collect;

impl Visitor<'_> for Collect {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string of bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        Ok(Bytes(text.as_bytes().to_vec()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Bytes, E> {
        Ok(Bytes(text.into_bytes()))
    }
}
