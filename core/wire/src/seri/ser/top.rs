//! The top level: tuples and enums spread over several values.

use serde::ser::{Serialize, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer};

use super::One;
use super::table::{Array, Pairs};
use crate::seri::{SeriError, put};

/// Writes as many values as the type stands for.
pub(super) struct Top<'a> {
    pub(super) out: &'a mut Vec<u8>,
}

impl<'a> Top<'a> {
    fn one(self) -> One<'a> {
        One { out: self.out, depth: 0 }
    }
}

/// Writes values one after the other.
pub(super) struct Row<'a> {
    out: &'a mut Vec<u8>,
}

impl Row<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        value.serialize(One { out: self.out, depth: 0 })
    }
}

/// Hands the scalar types on: at the top they are what they are elsewhere.
macro_rules! as_one_value {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), SeriError> {
            self.one().$method(value)
        }
    )*};
}

impl<'a> Serializer for Top<'a> {
    type Ok = ();
    type Error = SeriError;
    type SerializeSeq = Array<'a>;
    type SerializeTuple = Row<'a>;
    type SerializeTupleStruct = Row<'a>;
    type SerializeTupleVariant = Row<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Pairs<'a>;
    type SerializeStructVariant = Pairs<'a>;

    as_one_value! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
    }

    fn serialize_none(self) -> Result<(), SeriError> {
        self.one().serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SeriError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SeriError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SeriError> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), SeriError> {
        put::string(self.out, variant.as_bytes())
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
        put::string(self.out, variant.as_bytes())?;
        value.serialize(self.one())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Array<'a>, SeriError> {
        self.one().serialize_seq(len)
    }

    fn serialize_tuple(self, _: usize) -> Result<Row<'a>, SeriError> {
        Ok(Row { out: self.out })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Row<'a>, SeriError> {
        Ok(Row { out: self.out })
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Row<'a>, SeriError> {
        put::string(self.out, variant.as_bytes())?;
        Ok(Row { out: self.out })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Pairs<'a>, SeriError> {
        self.one().serialize_map(len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Pairs<'a>, SeriError> {
        self.one().serialize_struct(name, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs<'a>, SeriError> {
        put::string(self.out, variant.as_bytes())?;
        Ok(Pairs::open(self.out, 0))
    }
}

impl SerializeTuple for Row<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        Ok(())
    }
}

impl SerializeTupleStruct for Row<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        Ok(())
    }
}

impl SerializeTupleVariant for Row<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        Ok(())
    }
}
