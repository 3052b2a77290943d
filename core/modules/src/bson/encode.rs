//! Tables of Lua to documents.

use mlua::{Function, Lua, Table, Value};
use skyloom_wire::bson::{Element, Writer};

use super::{Held, special};
use crate::library::{Args, Fault, kind};

const HOLE: &str = "Bson array has a hole (nil), Use bson.null instead";

pub(super) fn encode(table: &Table) -> Result<Vec<u8>, Fault> {
    let mut encoding = Encoding { writer: Writer::new() };
    encoding.entries(table)?;
    Ok(encoding.writer.finish()?)
}

/// A document of `key, value, key, value …`, in this order.
pub(super) fn encode_order(lua: &Lua, args: &Args) -> Result<Vec<u8>, Fault> {
    let (pairs, rest) = args.from(1).as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Fault::text("Invalid ordered dict"));
    }
    let mut encoding = Encoding { writer: Writer::new() };
    for (at, [key, value]) in pairs.iter().enumerate() {
        let text = lua.coerce_string(key.clone())?;
        let text = text.ok_or_else(|| Fault::text(format!("Argument {} need a string", at * 2 + 1)))?;
        if value.is_nil() {
            return Err(Fault::text(HOLE));
        }
        encoding.value(&text.as_bytes(), value)?;
    }
    Ok(encoding.writer.finish()?)
}

struct Encoding {
    writer: Writer,
}

impl Encoding {
    /// The entries of a document.
    fn entries(&mut self, table: &Table) -> Result<(), Fault> {
        if let Some(pairs) = metamethod(table, "__pairs")? {
            let (next, state, mut key): (Function, Value, Value) = pairs.call(table)?;
            loop {
                let (found, value): (Value, Value) = next.call((&state, &key))?;
                if found.is_nil() {
                    return Ok(());
                }
                self.entry(&found, &value)?;
                key = found;
            }
        }
        let mut fault = None;
        let walked = table.for_each(|key: Value, value: Value| {
            self.entry(&key, &value).map_err(|found| {
                fault = Some(found);
                mlua::Error::runtime("")
            })
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok(walked?),
        }
    }

    fn entry(&mut self, key: &Value, value: &Value) -> Result<(), Fault> {
        match key {
            Value::String(key) => self.value(&key.as_bytes(), value),
            Value::Integer(_) | Value::Number(_) => Err(Fault::text("Bson dictionary's key can't be number")),
            other => Err(Fault::text(format!("Invalid key type : {}", kind(other)))),
        }
    }

    fn value(&mut self, key: &[u8], value: &Value) -> Result<(), Fault> {
        let element = match value {
            Value::Integer(integer) => match i32::try_from(*integer) {
                Ok(small) => Element::Int32(small),
                Err(_) => Element::Int64(*integer),
            },
            Value::Number(number) => Element::Double(*number),
            Value::Boolean(boolean) => Element::Boolean(*boolean),
            Value::String(text) => return Ok(self.writer.put(key, &special::element(&text.as_bytes())?)?),
            Value::Table(table) => return self.table(key, table),
            Value::UserData(data) => match data.borrow::<Held>() {
                Ok(held) => return Ok(self.writer.put(key, &Element::Document(&held.bytes))?),
                Err(_) => return Err(unknown(value)),
            },
            other => return Err(unknown(other)),
        };
        Ok(self.writer.put(key, &element)?)
    }

    fn table(&mut self, key: &[u8], table: &Table) -> Result<(), Fault> {
        match length(table)? {
            Some(length) => {
                self.writer.array(key)?;
                for at in 1..=length {
                    let value: Value = table.get(at)?;
                    if value.is_nil() {
                        return Err(Fault::text(HOLE));
                    }
                    self.value((at - 1).to_string().as_bytes(), &value)?;
                }
            }
            None => {
                self.writer.document(key)?;
                self.entries(table)?;
            }
        }
        Ok(self.writer.end()?)
    }
}

/// The length of a table that is an array.
fn length(table: &Table) -> Result<Option<i64>, Fault> {
    if let Some(len) = metamethod(table, "__len")? {
        let length: Value = len.call(table)?;
        return match length {
            Value::Integer(length) => Ok(Some(length)),
            other => Err(Fault::text(format!("__len is no integer but a {}", kind(&other)))),
        };
    }
    if table.metatable().is_some_and(|meta| meta.contains_key("__pairs").unwrap_or_default()) {
        return Ok(None);
    }
    let first = table.pairs::<Value, Value>().next().transpose()?;
    let length = i64::try_from(table.raw_len()).unwrap_or_default();
    Ok(match first {
        Some((Value::Integer(key), _)) if (1..=length).contains(&key) => Some(length),
        _ => None,
    })
}

fn metamethod(table: &Table, name: &str) -> Result<Option<Function>, Fault> {
    match table.metatable() {
        Some(meta) => Ok(meta.raw_get(name)?),
        None => Ok(None),
    }
}

fn unknown(value: &Value) -> Fault {
    Fault::text(format!("Invalid value type : {}", kind(value)))
}
