//! Tables of Lua to structures.

use mlua::{Lua, ObjectLike, Value};
use skyloom_wire::sproto::{Field, Kind, MAX_DEPTH, Map, Open, Schema, Type, Writer, integers};

use crate::library::{Fault, kind};

pub(super) fn encode(lua: &Lua, schema: &Schema, at: usize, value: &Value) -> Result<Vec<u8>, Fault> {
    if !is_record(value) {
        return Err(Fault::argument(2, format!("table expected, got {}", kind(value))));
    }
    let mut encoding = Encoding { lua, schema, out: Vec::new(), depth: 0 };
    encoding.structure(&schema.types()[at], value)?;
    Ok(encoding.out)
}

struct Encoding<'a> {
    lua: &'a Lua,
    schema: &'a Schema,
    out: Vec<u8>,
    depth: usize,
}

/// Where a value stands, for errors.
#[derive(Clone, Copy)]
struct Place<'a> {
    of: &'a Type,
    field: &'a Field,
    /// Counted from one; zero if the field holds one value.
    index: usize,
}

impl Place<'_> {
    fn is_not(&self, what: &str, value: &Value) -> Fault {
        let Place { of, field, index } = self;
        Fault::text(format!("{}.{}[{index}] is not {what} (Is a {})", of.name(), field.name(), kind(value)))
    }
}

/// Whether a value has fields.
fn is_record(value: &Value) -> bool {
    matches!(value, Value::Table(_) | Value::UserData(_))
}

impl Encoding<'_> {
    /// A field of a table, or of a userdata that behaves like one.
    fn get(&self, value: &Value, key: impl mlua::IntoLua) -> Result<Value, Fault> {
        Ok(match value {
            Value::Table(table) if !table.has_metatable() => table.raw_get(key)?,
            Value::Table(table) => table.get(key)?,
            Value::UserData(data) => data.get(key)?,
            _ => Value::Nil,
        })
    }

    fn structure(&mut self, of: &Type, value: &Value) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::text("The table is too deep"));
        }
        let mut writer = Writer::begin(of, &mut self.out);
        for field in of.fields() {
            let value = self.get(value, field.name())?;
            if !value.is_nil() {
                self.field(&mut writer, of, field, &value)?;
            }
        }
        writer.finish(&mut self.out)?;
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, writer: &mut Writer, of: &Type, field: &Field, value: &Value) -> Result<(), Fault> {
        let place = Place { of, field, index: 0 };
        if field.is_array() {
            if !is_record(value) {
                let (of, name, kind) = (of.name(), field.name(), kind(value));
                let what = "should be a table or an userdata with metamethods";
                return Err(Fault::text(format!("{of}.{name}(1) {what} (Is a {kind})")));
            }
            let open = writer.open(field.tag(), &mut self.out);
            self.array(place, value)?;
            return Ok(open.close(&mut self.out)?);
        }
        let tag = field.tag();
        match field.kind() {
            Kind::Integer | Kind::Decimal(_) => {
                let integer = self.integer(place, value)?;
                writer.integer(tag, integer, &mut self.out);
            }
            Kind::Boolean => writer.boolean(tag, boolean(place, value)?, &mut self.out),
            Kind::Double => {
                let double = self.double(place, value)?;
                writer.double(tag, double, &mut self.out);
            }
            Kind::String | Kind::Binary | Kind::Struct(_) => {
                let open = writer.open(tag, &mut self.out);
                self.content(place, value)?;
                open.close(&mut self.out)?;
            }
        }
        Ok(())
    }

    fn array(&mut self, place: Place<'_>, value: &Value) -> Result<(), Fault> {
        match (place.field.map(), place.field.kind()) {
            (Some(Map::ByKey(_)), _) => {
                self.each_pair(value, |this, index, (_, element)| this.element(Place { index, ..place }, &element))
            }
            (Some(Map::Pairs { key, value: held }), Kind::Struct(at)) => {
                let of = &self.schema.types()[at];
                self.each_pair(value, |this, _, pair| this.pair(of, key, held, pair))
            }
            (_, Kind::Integer | Kind::Decimal(_)) => {
                let mut values = Vec::new();
                self.each(value, |this, index, element| {
                    values.push(this.integer(Place { index, ..place }, &element)?);
                    Ok(())
                })?;
                integers(&values, &mut self.out);
                Ok(())
            }
            _ => self.each(value, |this, index, element| this.element(Place { index, ..place }, &element)),
        }
    }

    /// All values from the first index on, until there is none.
    fn each(
        &mut self,
        value: &Value,
        mut act: impl FnMut(&mut Self, usize, Value) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for index in 1.. {
            let element = self.get(value, index)?;
            if element.is_nil() {
                break;
            }
            act(self, index, element)?;
            self.check_size()?;
        }
        Ok(())
    }

    /// All pairs, as `pairs` of Lua sees them.
    fn each_pair(
        &mut self,
        value: &Value,
        mut act: impl FnMut(&mut Self, usize, (Value, Value)) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let pairs: mlua::Function = self.lua.globals().raw_get("pairs")?;
        let (next, state, mut key): (mlua::Function, Value, Value) = pairs.call(value)?;
        for index in 1.. {
            let (found, element): (Value, Value) = next.call((&state, &key))?;
            if found.is_nil() {
                break;
            }
            key = found.clone();
            act(self, index, (found, element))?;
            self.check_size()?;
        }
        Ok(())
    }

    /// A metamethod could go on for ever.
    fn check_size(&self) -> Result<(), Fault> {
        let large = self.out.len() > skyloom_wire::sproto::MAX_SIZE;
        if large { Err(skyloom_wire::sproto::SprotoError::TooLarge.into()) } else { Ok(()) }
    }

    fn pair(&mut self, of: &Type, key: u16, held: u16, (name, value): (Value, Value)) -> Result<(), Fault> {
        let open = Open::begin(&mut self.out);
        let mut writer = Writer::begin(of, &mut self.out);
        for field in of.fields() {
            let value = if field.tag() == key { &name } else { &value };
            debug_assert!(field.tag() == key || field.tag() == held, "a pair has two fields");
            self.field(&mut writer, of, field, value)?;
        }
        writer.finish(&mut self.out)?;
        Ok(open.close(&mut self.out)?)
    }

    fn element(&mut self, place: Place<'_>, value: &Value) -> Result<(), Fault> {
        match place.field.kind() {
            Kind::Boolean => self.out.push(u8::from(boolean(place, value)?)),
            Kind::Double => {
                let double = self.double(place, value)?;
                if place.index == 1 {
                    self.out.push(8);
                }
                self.out.extend_from_slice(&double.to_le_bytes());
            }
            _ => {
                let open = Open::begin(&mut self.out);
                self.content(place, value)?;
                open.close(&mut self.out)?;
            }
        }
        Ok(())
    }

    /// A string or a structure.
    fn content(&mut self, place: Place<'_>, value: &Value) -> Result<(), Fault> {
        match (place.field.kind(), value) {
            (Kind::Struct(at), value) if is_record(value) => self.structure(&self.schema.types()[at], value),
            (Kind::Struct(_), _) => Err(place.is_not("a table", value)),
            (_, Value::String(text)) => {
                self.out.extend_from_slice(&text.as_bytes());
                Ok(())
            }
            (Kind::Binary, _) => Err(place.is_not("a string", value)),
            _ => Err(place.is_not("a string", value)),
        }
    }

    fn integer(&self, place: Place<'_>, value: &Value) -> Result<i64, Fault> {
        if let Kind::Decimal(digits) = place.field.kind() {
            let number = self.lua.coerce_number(value.clone())?.ok_or_else(|| place.is_not("a number", value))?;
            let scaled = (number * 10_f64.powi(i32::from(digits))).round();
            // Both bounds are floats; the upper one is no integer any more.
            if scaled >= i64::MIN as f64 && scaled < i64::MAX as f64 {
                return Ok(scaled as i64);
            }
            return Err(place.is_not("in the range of an integer", value));
        }
        match value {
            Value::Integer(integer) => Ok(*integer),
            Value::Number(_) | Value::String(_) => {
                self.lua.coerce_integer(value.clone())?.ok_or_else(|| place.is_not("an integer", value))
            }
            _ => Err(place.is_not("an integer", value)),
        }
    }

    fn double(&self, place: Place<'_>, value: &Value) -> Result<f64, Fault> {
        self.lua.coerce_number(value.clone())?.ok_or_else(|| place.is_not("a number", value))
    }
}

fn boolean(place: Place<'_>, value: &Value) -> Result<bool, Fault> {
    value.as_boolean().ok_or_else(|| place.is_not("a boolean", value))
}
