//! Documents to tables of Lua.

use mlua::{Lua, Table, Value};
use skyloom_wire::bson::{Document, Element, MAX_DEPTH};

use super::special;
use crate::library::Fault;

pub(super) fn decode(lua: &Lua, bytes: &[u8]) -> Result<Table, Fault> {
    table(lua, bytes, false, 0)
}

fn table(lua: &Lua, bytes: &[u8], array: bool, depth: usize) -> Result<Table, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::text("Too depth while decoding bson"));
    }
    let table = lua.create_table()?;
    let mut document = Document::new(bytes)?;
    let mut index = 0;
    while let Some(entry) = document.next()? {
        let value = match entry.element {
            Element::Document(bytes) => Value::Table(self::table(lua, bytes, false, depth + 1)?),
            Element::Array(bytes) => Value::Table(self::table(lua, bytes, true, depth + 1)?),
            Element::Double(double) => Value::Number(double),
            Element::String(text) => Value::String(lua.create_string(text)?),
            Element::Boolean(boolean) => Value::Boolean(boolean),
            Element::Int32(integer) => Value::Integer(i64::from(integer)),
            Element::Int64(integer) => Value::Integer(integer),
            other => Value::String(lua.create_string(special::tagged(&other).unwrap_or_default())?),
        };
        if array {
            // The keys of an array say nothing that their order does not.
            index += 1;
            table.raw_set(index, value)?;
        } else {
            table.raw_set(lua.create_string(entry.key)?, value)?;
        }
    }
    Ok(table)
}
