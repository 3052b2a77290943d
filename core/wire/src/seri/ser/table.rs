//! The two kinds of table: an array, and pairs.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::{One, is_nil_since};
use crate::seri::{Reader, SeriError, Token, put};

/// Writes values without keys.
pub(super) struct Array<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    head: usize,
    first: usize,
    promised: usize,
    count: usize,
    in_variant: bool,
}

impl<'a> Array<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>, depth: usize, promised: usize) -> Array<'a> {
        let head = out.len();
        put::table_head(out, promised);
        let first = out.len();
        Array { out, depth, head, first, promised, count: 0, in_variant: false }
    }

    /// It is the content of a variant, whose table it closes too.
    pub(super) fn in_variant(self) -> Array<'a> {
        Array { in_variant: true, ..self }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.count += 1;
        value.serialize(One::inside(self.out, self.depth)?)
    }

    fn close(self) -> Result<(), SeriError> {
        if self.count != self.promised {
            // The length stands in front and was not known, or was wrong.
            let mut head = Vec::new();
            put::table_head(&mut head, self.count);
            self.out.splice(self.head..self.first, head);
        }
        close(self.out, self.in_variant);
        Ok(())
    }
}

/// Writes keys and values in turn.
pub(super) struct Pairs<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    /// Where the key began whose value is to come.
    key: usize,
    in_variant: bool,
}

impl<'a> Pairs<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>, depth: usize) -> Pairs<'a> {
        put::table_head(out, 0);
        Pairs { out, depth, key: 0, in_variant: false }
    }

    /// It is the content of a variant, whose table it closes too.
    pub(super) fn in_variant(self) -> Pairs<'a> {
        Pairs { in_variant: true, ..self }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SeriError> {
        self.key = self.out.len();
        key.serialize(One::inside(self.out, self.depth)?)?;
        let mut written = Reader::new(&self.out[self.key..]);
        match written.next()? {
            Some(Token::Nil) => Err(SeriError::BadKey("nil")),
            Some(Token::Float(number)) if number.is_nan() => Err(SeriError::BadKey("NaN")),
            _ => Ok(()),
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        let start = self.out.len();
        value.serialize(One::inside(self.out, self.depth)?)?;
        if is_nil_since(self.out, start) {
            self.out.truncate(self.key);
        }
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), SeriError> {
        self.key = self.out.len();
        put::string(self.out, name.as_bytes())?;
        self.value(value)
    }

    fn close(self) -> Result<(), SeriError> {
        close(self.out, self.in_variant);
        Ok(())
    }
}

fn close(out: &mut Vec<u8>, in_variant: bool) {
    put::table_end(out);
    if in_variant {
        put::table_end(out);
    }
}

impl SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeTuple for Array<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeTupleStruct for Array<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeTupleVariant for Array<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.push(value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SeriError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SeriError> {
        self.value(value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeStruct for Pairs<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), SeriError> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}

impl SerializeStructVariant for Pairs<'_> {
    type Ok = ();
    type Error = SeriError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), SeriError> {
        self.field(name, value)
    }

    fn end(self) -> Result<(), SeriError> {
        self.close()
    }
}
