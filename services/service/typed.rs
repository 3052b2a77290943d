//! Rust values as payloads: handed over as they are in the process, written as Lua values for anybody else.

use std::any::{TypeId, type_name};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use skyloom_abi::{Payload, Value};
use skyloom_wire::seri::{self, SeriError};

/// What can be said to a service: any serde type that owns what it holds.
pub trait Outgoing: Serialize + Send + 'static {}

impl<T: Serialize + Send + 'static> Outgoing for T {}

/// What can be heard from a service: any serde type that owns what it holds.
pub trait Incoming: DeserializeOwned + Send + 'static {}

impl<T: DeserializeOwned + Send + 'static> Incoming for T {}

/// A message that is not what its receiver expects.
#[derive(Debug)]
pub struct Unreadable {
    expected: &'static str,
    cause: SeriError,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}: {}", short(self.expected), self.cause)
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// A value on its way through the process, not serialised unless somebody asks for bytes.
///
/// It brings its encoder along, so that a receiver can take it by type without
/// being able to write that type itself.
struct Typed<T> {
    value: T,
    encode: fn(&T, &mut Vec<u8>),
}

impl<T: Send + 'static> Value for Typed<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.encode)(&self.value, out);
    }
}

fn encode<T: Outgoing>(value: &T, out: &mut Vec<u8>) {
    if let Err(error) = seri::to_vec_into(value, out) {
        log::warn!("{} cannot be said in Lua values: {error}", short(type_name::<T>()));
        // Nothing at all would read as `nil`; this reads as an error.
        out.push(UNREADABLE);
    }
}

/// The tag of a raw pointer, which every reader of the format refuses.
const UNREADABLE: u8 = 3;

/// A payload that carries `value`: not serialised unless its receiver wants another type, or bytes.
///
/// # Examples
/// ```
/// let payload = skyloom::pack(("add", 5));
/// let (word, number): (String, u8) = skyloom::unpack(payload)?;
/// assert_eq!((word.as_str(), number), ("add", 5));
/// # Ok::<(), skyloom::Unreadable>(())
/// ```
#[must_use]
pub fn pack<T: Outgoing>(value: T) -> Payload {
    // Nothing to say needs no box.
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return Payload::EMPTY;
    }
    Payload::value(Typed { value, encode: encode::<T> })
}

/// The value that a payload carries: taken as it is if it is of this very type, else read from Lua values.
///
/// # Errors
///
/// [`Unreadable`] says what was expected and what was found.
pub fn unpack<T: Incoming>(payload: Payload) -> Result<T, Unreadable> {
    let payload = match payload.take::<Typed<T>>() {
        Ok(typed) => return Ok(typed.value),
        Err(payload) => payload.encoded(),
    };
    let bytes = payload.as_bytes().unwrap_or_default();
    seri::from_bytes(bytes).map_err(|cause| Unreadable { expected: type_name::<T>(), cause })
}

/// A type's name without the paths of its modules.
pub(super) fn short(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        out.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    enum Ask {
        #[serde(rename = "add")]
        Add(u64),
    }

    #[test]
    fn names_of_types_lose_their_modules() {
        assert_eq!(short("alloc::vec::Vec<(u8, a::b_c::D<e::F>)>"), "Vec<(u8, D<F>)>");
        assert_eq!(short(type_name::<Ask>()), "Ask");
    }

    #[test]
    fn a_value_that_lua_cannot_hold_reaches_its_own_type_and_is_an_error_for_others() {
        assert_eq!(unpack::<u64>(pack(u64::MAX)).unwrap(), u64::MAX);
        let error = unpack::<f64>(pack(u64::MAX)).unwrap_err().to_string();
        assert!(error.starts_with("expected f64: Invalid serialize stream"), "{error}");
    }

    #[test]
    fn what_is_expected_and_what_came_stand_in_the_error() {
        let error = unpack::<Ask>(pack("sub")).unwrap_err().to_string();
        assert_eq!(error, "expected Ask: no variant \"sub\" among add");
    }
}
