//! The top level: tuples and enums gathered from several values.

use serde::de::{Deserializer, Visitor};

use super::One;
use super::row::Row;
use super::variant::Spread;
use crate::seri::{Reader, SeriError, Token};

/// Reads as many values as the type stands for.
pub(super) struct Top<'r, 'de> {
    pub(super) reader: &'r mut Reader<'de>,
}

impl<'r, 'de> Top<'r, 'de> {
    fn one(self) -> One<'r, 'de> {
        One { reader: self.reader, depth: 0 }
    }
}

/// Hands a family of methods on: at the top they are what they are elsewhere.
macro_rules! as_one_value {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SeriError> {
            self.one().$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Top<'_, 'de> {
    type Error = SeriError;

    as_one_value! {
        deserialize_any deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_identifier
        deserialize_bytes deserialize_byte_buf
        deserialize_seq deserialize_map deserialize_ignored_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SeriError> {
        if self.reader.at_nil() || self.reader.remaining() == 0 {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SeriError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SeriError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, SeriError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, SeriError> {
        visitor.visit_seq(Row::new(self.reader, len, 0))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        visitor.visit_seq(Row::new(self.reader, len, 0))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        self.one().deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        let mut ahead = *self.reader;
        match ahead.next()? {
            Some(Token::Str(variant)) => visitor.visit_enum(Spread::new(variant, &mut ahead)?),
            // A table of one pair is understood as well; anything else is
            // refused there.
            _ => self.one().deserialize_enum(name, variants, visitor),
        }
    }
}
