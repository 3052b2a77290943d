//! Enums: spread over several values at the top, a table of one pair inside.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::row::Row;
use super::{One, utf8};
use crate::seri::{Reader, SeriError, Token};

/// An empty table.
const EMPTY: &[u8] = &[0x06, 0x00];

/// A variant's name, read already, and its content in the values behind it.
pub(super) struct Spread<'r, 'de> {
    name: &'de str,
    reader: &'r mut Reader<'de>,
}

impl<'r, 'de> Spread<'r, 'de> {
    pub(super) fn new(name: &'de [u8], reader: &'r mut Reader<'de>) -> Result<Self, SeriError> {
        Ok(Spread { name: utf8(name)?, reader })
    }

    fn one(&mut self) -> One<'_, 'de> {
        One { reader: self.reader, depth: 0 }
    }
}

impl<'de> EnumAccess<'de> for Spread<'_, 'de> {
    type Error = SeriError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), SeriError> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<SeriError>::new(self.name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Spread<'_, 'de> {
    type Error = SeriError;

    fn unit_variant(self) -> Result<(), SeriError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, SeriError> {
        seed.deserialize(self.one()).map_err(|e| e.within(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, SeriError> {
        // Lua counts the name as value 1.
        visitor.visit_seq(Row::new(self.reader, len, 1)).map_err(|e| e.within(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        let shown = if self.one().is_nil() {
            // No table at all: a struct that needs no field can still be made.
            let mut empty = Reader::new(EMPTY);
            One { reader: &mut empty, depth: 0 }.deserialize_struct("", fields, visitor)
        } else {
            self.one().deserialize_struct("", fields, visitor)
        };
        shown.map_err(|e| e.within(self.name))
    }
}

/// Shows a table `{ Name = content }`.
pub(super) fn visit_table<'de, V: Visitor<'de>>(
    table: One<'_, 'de>,
    array: usize,
    visitor: V,
) -> Result<V::Value, SeriError> {
    let One { reader, depth } = table;
    let name = match reader.expect_next()? {
        Token::Str(name) if array == 0 => utf8(name)?,
        _ => return Err(not_a_variant()),
    };
    let value = visitor.visit_enum(Content { name, inner: One::inside(reader, depth)? })?;
    match reader.expect_next()? {
        Token::Nil => Ok(value),
        _ => Err(not_a_variant()),
    }
}

fn not_a_variant() -> SeriError {
    SeriError::Mismatch("expected the name of a variant, or a table with it as its only key".into())
}

/// A variant's name, read already, and its content in the next value.
struct Content<'r, 'de> {
    name: &'de str,
    inner: One<'r, 'de>,
}

impl<'de> EnumAccess<'de> for Content<'_, 'de> {
    type Error = SeriError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), SeriError> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<SeriError>::new(self.name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Content<'_, 'de> {
    type Error = SeriError;

    fn unit_variant(self) -> Result<(), SeriError> {
        self.inner.deserialize_ignored_any(serde::de::IgnoredAny).map(drop)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, SeriError> {
        seed.deserialize(self.inner).map_err(|e| e.within(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, SeriError> {
        self.inner.list(len, visitor).map_err(|e| e.within(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SeriError> {
        self.inner.deserialize_struct("", fields, visitor).map_err(|e| e.within(self.name))
    }
}
