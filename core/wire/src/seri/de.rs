//! Bytes to Rust types.
//!
//! [`One`] reads one value. [`Top`] stands above it and gathers tuples and
//! enums from several values, as Lua gathers parameters.

mod table;
mod row;
mod variant;
mod top;

use serde::de::{Deserialize, Deserializer, Visitor};

use self::table::{Array, Octets, Pairs};
use self::top::Top;
use self::variant::Spread;
use super::{MAX_DEPTH, Reader, SeriError, Token};
use crate::value::integral;

/// Decodes the arguments or results of a Lua call into a Rust value.
///
/// The reverse of [`to_bytes`](super::to_bytes), and as lenient as Lua: values
/// that nobody asked for are ignored and missing ones are `nil`; a float
/// without a fraction is an integer where one is wanted, and an integer is a
/// float; a field that is missing is `None`; a `Vec<u8>` may be a string.
///
/// # Errors
///
/// [`SeriError::Invalid`] if the bytes are not a stream,
/// [`SeriError::TooDeep`], [`SeriError::NotUtf8`], and
/// [`SeriError::Mismatch`], which names the value and field.
///
/// # Examples
/// ```
/// use skyloom_wire::seri;
/// #[derive(serde::Deserialize, Debug, PartialEq)]
/// #[serde(rename_all = "snake_case")]
/// enum Ask { Add(u64), Reset }
///
/// // skynet.call(counter, "lua", "add", 5)
/// let bytes = seri::encode_values(&["add".into(), 5.into()])?;
/// assert_eq!(seri::from_bytes::<Ask>(&bytes)?, Ask::Add(5));
///
/// let bytes = seri::encode_values(&["add".into(), "five".into()])?;
/// assert_eq!(
///     seri::from_bytes::<Ask>(&bytes).unwrap_err().to_string(),
///     "add: expected u64, found a string",
/// );
/// # Ok::<(), seri::SeriError>(())
/// ```
pub fn from_bytes<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, SeriError> {
    T::deserialize(Top { reader: &mut Reader::new(bytes) })
}

/// Reads one value.
struct One<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// How many tables stand around it.
    depth: usize,
}

impl<'r, 'de> One<'r, 'de> {
    fn inside(reader: &'r mut Reader<'de>, depth: usize) -> Result<One<'r, 'de>, SeriError> {
        if depth >= MAX_DEPTH {
            return Err(SeriError::TooDeep);
        }
        Ok(One { reader, depth: depth + 1 })
    }

    fn token(&mut self) -> Result<Token<'de>, SeriError> {
        if self.depth > 0 {
            return self.reader.expect_next();
        }
        // A parameter that was not passed is nil.
        Ok(self.reader.next()?.unwrap_or(Token::Nil))
    }

    fn is_nil(&self) -> bool {
        self.reader.at_nil() || self.depth == 0 && self.reader.remaining() == 0
    }

    /// Shows the visitor what there is; what it did not expect it refuses.
    fn show<V: Visitor<'de>>(self, token: Token<'de>, visitor: V) -> Result<V::Value, SeriError> {
        match token {
            Token::Nil => visitor.visit_unit(),
            Token::Boolean(value) => visitor.visit_bool(value),
            Token::Integer(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Str(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visitor.visit_borrowed_bytes(bytes),
            },
            Token::Table { array } => {
                // Serde wants to know whether it is a list or a map; Lua knows
                // only after a look behind the array. An empty table is a map.
                let mut ahead = *self.reader;
                for _ in 0..array {
                    skip(&mut ahead, self.depth + 1)?;
                }
                if array > 0 && ahead.at_nil() {
                    Array::open(self, array).visit(visitor)
                } else {
                    Pairs::of_all(self, array).visit(visitor)
                }
            }
        }
    }

    fn integer<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Float(number) => match integral(number) {
                Some(number) => visitor.visit_i64(number),
                None => visitor.visit_f64(number),
            },
            token => self.show(token, visitor),
        }
    }

    fn float<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Integer(number) => visitor.visit_f64(number as f64),
            token => self.show(token, visitor),
        }
    }

    fn text<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Str(bytes) => visitor.visit_borrowed_str(utf8(bytes)?),
            token => self.show(token, visitor),
        }
    }

    fn octets<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Str(bytes) => visitor.visit_borrowed_bytes(bytes),
            token => self.show(token, visitor),
        }
    }

    /// A list; `at_least` values are shown even if Lua cut off trailing nils.
    fn list<V: Visitor<'de>>(mut self, at_least: usize, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Table { array } => Array::open(self, array).padded_to(at_least).visit(visitor),
            Token::Str(bytes) => visitor.visit_seq(Octets::new(bytes)),
            token => self.show(token, visitor),
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, SeriError> {
    std::str::from_utf8(bytes).map_err(|e| SeriError::NotUtf8 { valid: e.valid_up_to() })
}

/// Reads over one value.
fn skip(reader: &mut Reader<'_>, depth: usize) -> Result<(), SeriError> {
    let token = reader.expect_next()?;
    skip_rest(token, reader, depth)
}

/// Reads over what belongs to a token that has been read.
fn skip_rest(token: Token<'_>, reader: &mut Reader<'_>, depth: usize) -> Result<(), SeriError> {
    if depth > MAX_DEPTH {
        return Err(SeriError::TooDeep);
    }
    let Token::Table { array } = token else {
        return Ok(());
    };
    for _ in 0..array {
        skip(reader, depth + 1)?;
    }
    loop {
        match reader.expect_next()? {
            Token::Nil => return Ok(()),
            key => skip_rest(key, reader, depth + 1)?,
        }
        skip(reader, depth + 1)?;
    }
}

/// Forwards a family of methods to the one that knows how to read it.
macro_rules! read_as {
    ($reader:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SeriError> {
            self.$reader(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for One<'_, 'de> {
    type Error = SeriError;

    read_as! { integer:
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }
    read_as! { float: deserialize_f32 deserialize_f64 }
    read_as! { text: deserialize_char deserialize_str deserialize_string deserialize_identifier }
    read_as! { octets: deserialize_bytes deserialize_byte_buf }
    read_as! { deserialize_any: deserialize_bool deserialize_unit }

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        let token = self.token()?;
        self.show(token, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        if self.is_nil() {
            self.token()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SeriError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SeriError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SeriError> {
        self.list(0, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, SeriError> {
        self.list(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        self.list(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Table { array } => Pairs::of_all(self, array).visit(visitor),
            token => self.show(token, visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        match self.token()? {
            Token::Table { array } => Pairs::of_fields(self, array)?.visit(visitor),
            token => self.show(token, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        match self.token()? {
            // A name alone is a variant whose content is nil, or has none.
            Token::Str(name) => visitor.visit_enum(Spread::new(name, &mut Reader::new(&[]))?),
            Token::Table { array } => variant::visit_table(self, array, visitor),
            token => self.show(token, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, SeriError> {
        let token = self.token()?;
        skip_rest(token, self.reader, self.depth)?;
        visitor.visit_unit()
    }
}
