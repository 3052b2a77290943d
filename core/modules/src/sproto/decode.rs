//! Structures to tables of Lua.

use mlua::{Lua, Table, Value};
use skyloom_wire::sproto::{Field, Fields, Item, Kind, MAX_DEPTH, Map, Schema, Slot, SprotoError, Type};

use crate::library::Fault;

/// A table, and how many bytes it took.
pub(super) fn decode(lua: &Lua, schema: &Schema, at: usize, bytes: &[u8]) -> Result<(Table, usize), Fault> {
    let mut decoding = Decoding { lua, schema, depth: 0 };
    let (table, rest) = decoding.structure(&schema.types()[at], bytes)?;
    Ok((table, bytes.len() - rest.len()))
}

struct Decoding<'a> {
    lua: &'a Lua,
    schema: &'a Schema,
    depth: usize,
}

impl Decoding<'_> {
    fn structure<'b>(&mut self, of: &Type, bytes: &'b [u8]) -> Result<(Table, &'b [u8]), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH + 1 {
            return Err(Fault::text("The table is too deep"));
        }
        let table = self.lua.create_table()?;
        let mut fields = Fields::new(bytes)?;
        while let Some((tag, slot)) = fields.next()? {
            // What a newer schema has is passed over.
            if let Some(field) = of.field(tag) {
                table.raw_set(field.name(), self.field(field, slot)?)?;
            }
        }
        self.depth -= 1;
        Ok((table, fields.rest()))
    }

    fn field(&mut self, field: &Field, slot: Slot<'_>) -> Result<Value, Fault> {
        if !field.is_array() {
            return self.value(field.kind(), field.kind().read(slot)?);
        }
        let table = self.lua.create_table()?;
        let mut elements = field.kind().elements(slot)?;
        let mut index = 0;
        while let Some(item) = elements.next()? {
            index += 1;
            match (field.map(), self.value(field.kind(), item)?) {
                (Some(map), Value::Table(element)) => {
                    let (key, value) = self.pair(field, map, element)?;
                    // A number that is none can be no key.
                    table.raw_set(key, value).map_err(|_| SprotoError::Decode)?;
                }
                (_, value) => table.raw_set(index, value)?,
            }
        }
        Ok(Value::Table(table))
    }

    /// What an element of a map is.
    fn pair(&self, field: &Field, map: Map, element: Table) -> Result<(Value, Value), Fault> {
        let get = |tag: u16| match field.kind() {
            Kind::Struct(at) => match self.schema.types()[at].field(u32::from(tag)) {
                Some(field) => element.raw_get(field.name()),
                None => Ok(Value::Nil),
            },
            _ => Ok(Value::Nil),
        };
        let name = field.name();
        match map {
            Map::ByKey(tag) => match get(tag)? {
                Value::Nil => Err(Fault::text(format!("Can't find main index (tag={tag}) in [{name}]"))),
                key => Ok((key, Value::Table(element))),
            },
            Map::Pairs { key, value } => match (get(key)?, get(value)?) {
                (Value::Nil, _) => Err(Fault::text(format!("Can't find key field in [{name}]"))),
                (_, Value::Nil) => Err(Fault::text(format!("Can't find value field in [{name}]"))),
                pair => Ok(pair),
            },
        }
    }

    fn value(&mut self, kind: Kind, item: Item<'_>) -> Result<Value, Fault> {
        Ok(match (kind, item) {
            (Kind::Decimal(digits), Item::Integer(integer)) => {
                Value::Number(integer as f64 / 10_f64.powi(i32::from(digits)))
            }
            (_, Item::Integer(integer)) => Value::Integer(integer),
            (_, Item::Double(double)) => Value::Number(double),
            (_, Item::Boolean(boolean)) => Value::Boolean(boolean),
            (_, Item::Bytes(bytes)) => Value::String(self.lua.create_string(bytes)?),
            (Kind::Struct(at), Item::Struct(bytes)) => {
                let (table, rest) = self.structure(&self.schema.types()[at], bytes)?;
                if !rest.is_empty() {
                    return Err(SprotoError::Decode.into());
                }
                Value::Table(table)
            }
            (_, Item::Struct(_)) => return Err(SprotoError::Decode.into()),
        })
    }
}
