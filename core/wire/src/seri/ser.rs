//! Rust types to bytes.
//!
//! [`One`] writes a type as one value. [`Top`] stands above it and spreads
//! tuples and enums over several values, as Lua spreads arguments.

mod table;
mod top;

use serde::ser::{Serialize, Serializer};

use self::table::{Array, Pairs};
use self::top::Top;
use super::{MAX_DEPTH, SeriError, kind, put};

/// Encodes a Rust value as the arguments or results of a Lua call.
///
/// | Rust | Lua |
/// |---|---|
/// | `()`, `struct Unit;` | nothing |
/// | tuple, tuple struct, array `[T; N]` | as many values as it has fields |
/// | `enum`: `Name` | `"Name"` |
/// | `Name(x)` | `"Name", x` |
/// | `Name(x, y)` | `"Name", x, y` |
/// | `Name { a: x }` | `"Name", { a = x }` |
/// | anything else | one value |
///
/// Inside a value: structs and maps are tables, `Vec` and tuples are array
/// tables, `None` and `()` are `nil`, strings, characters and
/// [`Bytes`](crate::Bytes) are strings, an enum is `"Name"` if it has no
/// content and `{ Name = content }` otherwise. A newtype is what it holds. A
/// field that is `nil` is left out, as Lua would do.
///
/// # Errors
///
/// [`SeriError::OutOfRange`] for an integer beyond Lua's,
/// [`SeriError::TooDeep`], [`SeriError::TooLong`], [`SeriError::BadKey`], and
/// what the type itself reports.
///
/// # Examples
/// ```
/// use skyloom_wire::{Value, seri};
/// #[derive(serde::Serialize)]
/// enum Tell { Moved { x: i32 } }
/// let bytes = seri::to_bytes(&Tell::Moved { x: 3 })?;
/// let table = Value::map(vec![("x".into(), Value::Integer(3))]);
/// assert_eq!(seri::decode_values(&bytes)?, ["Moved".into(), table]);
/// # Ok::<(), seri::SeriError>(())
/// ```
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, SeriError> {
    let mut out = Vec::new();
    value.serialize(Top { out: &mut out })?;
    Ok(out)
}

/// Like [`to_bytes`], appended to a vector that can be used again.
///
/// # Errors
///
/// As [`to_bytes`]; `out` is as before then.
pub fn to_vec_into<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), SeriError> {
    let start = out.len();
    value.serialize(Top { out }).inspect_err(|_| out.truncate(start))
}

/// Writes one value.
struct One<'a> {
    out: &'a mut Vec<u8>,
    /// How many tables stand around it.
    depth: usize,
}

impl<'a> One<'a> {
    fn inside(out: &'a mut Vec<u8>, depth: usize) -> Result<One<'a>, SeriError> {
        if depth >= MAX_DEPTH {
            return Err(SeriError::TooDeep);
        }
        Ok(One { out, depth: depth + 1 })
    }
}

/// Whether nothing but a `nil` was written since `start`.
fn is_nil_since(out: &[u8], start: usize) -> bool {
    out.get(start..) == Some(&[kind::NIL])
}

fn lua_integer<T: TryInto<i64>>(value: T) -> Result<i64, SeriError> {
    value.try_into().map_err(|_| SeriError::OutOfRange)
}

impl<'a> Serializer for One<'a> {
    type Ok = ();
    type Error = SeriError;
    type SerializeSeq = Array<'a>;
    type SerializeTuple = Array<'a>;
    type SerializeTupleStruct = Array<'a>;
    type SerializeTupleVariant = Array<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Pairs<'a>;
    type SerializeStructVariant = Pairs<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), SeriError> {
        put::boolean(self.out, value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i16(self, value: i16) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i32(self, value: i32) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_i64(self, value: i64) -> Result<(), SeriError> {
        put::integer(self.out, value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), SeriError> {
        self.serialize_i64(lua_integer(value)?)
    }

    fn serialize_u8(self, value: u8) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_u16(self, value: u16) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_u32(self, value: u32) -> Result<(), SeriError> {
        self.serialize_i64(i64::from(value))
    }

    fn serialize_u64(self, value: u64) -> Result<(), SeriError> {
        self.serialize_i64(lua_integer(value)?)
    }

    fn serialize_u128(self, value: u128) -> Result<(), SeriError> {
        self.serialize_i64(lua_integer(value)?)
    }

    fn serialize_f32(self, value: f32) -> Result<(), SeriError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), SeriError> {
        put::float(self.out, value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), SeriError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), SeriError> {
        put::string(self.out, text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), SeriError> {
        put::string(self.out, bytes)
    }

    fn serialize_none(self) -> Result<(), SeriError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SeriError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SeriError> {
        put::nil(self.out);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SeriError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), SeriError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), SeriError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), SeriError> {
        let start = self.out.len();
        put::table_head(self.out, 0);
        put::string(self.out, variant.as_bytes())?;
        let content = self.out.len();
        value.serialize(One::inside(self.out, self.depth)?)?;
        if is_nil_since(self.out, content) {
            // To Lua `{ Name = nil }` is an empty table: the name alone says
            // the same and survives.
            self.out.truncate(start);
            return put::string(self.out, variant.as_bytes());
        }
        put::table_end(self.out);
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Array<'a>, SeriError> {
        Ok(Array::open(self.out, self.depth, len.unwrap_or(0)))
    }

    fn serialize_tuple(self, len: usize) -> Result<Array<'a>, SeriError> {
        Ok(Array::open(self.out, self.depth, len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Array<'a>, SeriError> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Array<'a>, SeriError> {
        put::table_head(self.out, 0);
        put::string(self.out, variant.as_bytes())?;
        let One { out, depth } = One::inside(self.out, self.depth)?;
        Ok(Array::open(out, depth, len).in_variant())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Pairs<'a>, SeriError> {
        Ok(Pairs::open(self.out, self.depth))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pairs<'a>, SeriError> {
        Ok(Pairs::open(self.out, self.depth))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs<'a>, SeriError> {
        put::table_head(self.out, 0);
        put::string(self.out, variant.as_bytes())?;
        let One { out, depth } = One::inside(self.out, self.depth)?;
        Ok(Pairs::open(out, depth).in_variant())
    }
}
