//! Values that Lua has no type for: strings of a zero, the byte of a type, and a body.

use mlua::{Lua, LuaString, MultiValue, Value};
use skyloom_wire::bson::{BsonError, Element, kind};

use crate::crypt::{hex, random, unhex};
use crate::library::{Args, Fault, Library};

/// The string for a value; nothing for a value that Lua has a type for.
pub(super) fn tagged(element: &Element<'_>) -> Option<Vec<u8>> {
    let mut out = vec![0, element.kind()];
    match *element {
        Element::Binary(subtype, bytes) => {
            out.push(subtype);
            out.extend_from_slice(bytes);
        }
        Element::ObjectId(id) => out.extend_from_slice(&id),
        // Seconds of 32 bits: what is before 1970 or after 2106 comes out wrong, as in Skynet.
        Element::Date(milliseconds) => {
            out.extend_from_slice(&(milliseconds.div_euclid(1000) as u32).to_le_bytes());
        }
        Element::Regex(pattern, options) => {
            for part in [pattern, options] {
                out.extend_from_slice(part);
                out.push(0);
            }
        }
        Element::Timestamp(count, second) => {
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(&second.to_le_bytes());
        }
        Element::DbPointer(name, id) => {
            out.extend_from_slice(name);
            out.push(0);
            out.extend_from_slice(&id);
        }
        Element::Code(text) | Element::Symbol(text) => out.extend_from_slice(text),
        Element::CodeWithScope(code, scope) => {
            out.extend_from_slice(code);
            out.push(0);
            out.extend_from_slice(scope);
        }
        Element::Int64(number) => out.extend_from_slice(&number.to_le_bytes()),
        Element::Decimal128(bytes) => out.extend_from_slice(&bytes),
        Element::Undefined => out[1] = kind::NULL,
        Element::Null | Element::MinKey | Element::MaxKey => {}
        _ => return None,
    }
    Some(out)
}

/// What a string stands for; a string that is too short to be special is a text.
pub(super) fn element(text: &[u8]) -> Result<Element<'_>, Fault> {
    let [0, tag, body @ ..] = text else { return Ok(Element::String(text)) };
    let zero = |text: &'_ [u8]| text.iter().position(|byte| *byte == 0);
    Ok(match *tag {
        kind::BINARY => match body {
            [subtype, bytes @ ..] => Element::Binary(*subtype, bytes),
            [] => return Err(Fault::text("Invalid binary")),
        },
        kind::OBJECT_ID => Element::ObjectId(sized(body, "Invalid object id")?),
        kind::DATE => Element::Date(i64::from(u32::from_le_bytes(sized(body, "Invalid date")?)) * 1000),
        kind::NULL => Element::Null,
        kind::REGEX => match zero(body).map(|end| (&body[..end], &body[end + 1..])) {
            Some((pattern, [options @ .., 0])) => Element::Regex(pattern, options),
            _ => return Err(Fault::text("Invalid regex")),
        },
        kind::DB_POINTER => match zero(body).map(|end| (&body[..end], &body[end + 1..])) {
            Some((name, id)) => Element::DbPointer(name, sized(id, "Invalid dbpointer")?),
            None => return Err(Fault::text("Invalid dbpointer")),
        },
        kind::CODE => Element::Code(body),
        kind::SYMBOL => Element::Symbol(body),
        kind::CODE_WITH_SCOPE => match zero(body) {
            Some(end) => Element::CodeWithScope(&body[..end], &body[end + 1..]),
            None => return Err(Fault::text("Invalid code with scope")),
        },
        kind::TIMESTAMP => {
            let bytes: [u8; 8] = sized(body, "Invalid timestamp")?;
            let number = u64::from_le_bytes(bytes);
            Element::Timestamp(number as u32, (number >> 32) as u32)
        }
        kind::INT64 => Element::Int64(i64::from_le_bytes(sized(body, "Invalid int64")?)),
        kind::DECIMAL128 => Element::Decimal128(sized(body, "Invalid decimal128")?),
        kind::MIN_KEY => Element::MinKey,
        kind::MAX_KEY => Element::MaxKey,
        other => return Err(Fault::text(format!("Invalid subtype {other}"))),
    })
}

fn sized<const N: usize>(body: &[u8], what: &str) -> Result<[u8; N], Fault> {
    body.try_into().map_err(|_| Fault::text(what))
}

/// Adds what makes such strings, and what takes them apart.
pub(super) fn add(library: &Library<'_>) -> mlua::Result<()> {
    for (name, element) in [("null", Element::Null), ("minkey", Element::MinKey), ("maxkey", Element::MaxKey)] {
        library.set(name, library.lua.create_string(tagged(&element).unwrap_or_default())?)?;
    }
    library.add("date", |lua, args| {
        // The lower half of the number, as Skynet takes it.
        string(lua, &Element::Date(i64::from(args.integer(lua, 1)? as u32) * 1000))
    })?;
    library.add("timestamp", |lua, args| {
        let (second, count) = (args.integer(lua, 1)?, args.integer_or(lua, 2, 0)?);
        string(lua, &Element::Timestamp(count as u32, second as u32))
    })?;
    library.add("int64", |lua, args| string(lua, &Element::Int64(args.integer(lua, 1)?)))?;
    library.add("binary", |lua, args| string(lua, &Element::Binary(0, &args.string(lua, 1)?.as_bytes())))?;
    library.add("regex", |lua, args| {
        let (pattern, options) = (args.string(lua, 1)?, args.any(2));
        let options = if options.is_nil() { lua.create_string("")? } else { args.string(lua, 2)? };
        let (pattern, options) = (pattern.as_bytes(), options.as_bytes());
        if pattern.contains(&0) || options.contains(&0) {
            return Err(BsonError::Zero.into());
        }
        string(lua, &Element::Regex(&pattern, &options))
    })?;
    let ids = Ids::new();
    library.add("objectid", move |lua, args| {
        if args.is_none_or_nil(1) {
            return string(lua, &Element::ObjectId(ids.as_ref().map_err(|e| Fault::text(e.clone()))?.next()));
        }
        let text = args.string(lua, 1)?;
        let id = unhex(&text.as_bytes()).and_then(|id| id.try_into().ok());
        let id = id.ok_or_else(|| Fault::text(format!("Invalid objectid {}", text.to_string_lossy())))?;
        string(lua, &Element::ObjectId(id))
    })?;
    library.add("type", kind_of)
}

fn string(lua: &Lua, element: &Element<'_>) -> Result<LuaString, Fault> {
    Ok(lua.create_string(tagged(element).unwrap_or_default())?)
}

/// The name of a value's type, and what is in it.
fn kind_of(lua: &Lua, args: &Args) -> Result<MultiValue, Fault> {
    let (name, first, second) = parts(lua, args)?;
    let mut values = vec![Value::String(lua.create_string(name)?), first, second];
    while values.last().is_some_and(Value::is_nil) {
        values.pop();
    }
    Ok(MultiValue::from_vec(values))
}

fn parts(lua: &Lua, args: &Args) -> Result<(&'static str, Value, Value), Fault> {
    let value = args.any(1);
    if args.len() == 0 {
        return Err(Fault::text("Invalid type no value"));
    }
    let name = match &value {
        Value::Integer(_) | Value::Number(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Table(_) => "table",
        Value::Nil => "nil",
        Value::String(text) => return special_kind(lua, &text.as_bytes(), &value),
        other => return Err(Fault::text(format!("Invalid type {}", crate::library::kind(other)))),
    };
    Ok((name, value, Value::Nil))
}

fn special_kind(lua: &Lua, text: &[u8], value: &Value) -> Result<(&'static str, Value, Value), Fault> {
    let made = |bytes: &[u8]| lua.create_string(bytes).map(Value::String);
    let integer = |number: u32| Value::Integer(i64::from(number));
    Ok(match element(text)? {
        Element::Binary(subtype, bytes) => ("binary", made(bytes)?, integer(u32::from(subtype))),
        Element::ObjectId(id) => ("objectid", made(&hex(&id))?, Value::Nil),
        Element::Date(milliseconds) => ("date", Value::Integer(milliseconds / 1000), Value::Nil),
        Element::Null => ("nil", Value::Nil, Value::Nil),
        Element::Regex(pattern, options) => ("regex", made(pattern)?, made(options)?),
        Element::Timestamp(count, second) => ("timestamp", integer(second), integer(count)),
        Element::Int64(number) => ("int64", Value::Integer(number), Value::Nil),
        Element::MinKey => ("minkey", Value::Nil, Value::Nil),
        Element::MaxKey => ("maxkey", Value::Nil, Value::Nil),
        Element::DbPointer(name, id) => ("dbpointer", made(name)?, made(&hex(&id))?),
        Element::Code(code) => ("code", made(code)?, Value::Nil),
        Element::Symbol(text) => ("symbol", made(text)?, Value::Nil),
        Element::CodeWithScope(code, scope) => ("codewithscope", made(code)?, made(scope)?),
        Element::Decimal128(bytes) => ("decimal128", made(&bytes)?, Value::Nil),
        _ => ("string", value.clone(), Value::Nil),
    })
}

/// Makes object ids that nobody else makes.
struct Ids {
    /// Stands for the host, then for the process.
    place: [u8; 5],
    count: std::sync::atomic::AtomicU32,
}

impl Ids {
    fn new() -> Result<Ids, String> {
        // Drawn for each VM: the VMs of a process count on their own.
        let bytes: [u8; 7] = random().map_err(|fault| match fault {
            Fault::Text(text) => text,
            _ => "no random bytes".into(),
        })?;
        let [a, b, c, d, e, f, g] = bytes;
        let count = u32::from_le_bytes([f, g, e, 0]).into();
        let [p, q, ..] = std::process::id().to_le_bytes();
        Ok(Ids { place: [a, b, c, d ^ p, e ^ q], count })
    }

    fn next(&self) -> [u8; 12] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let [.., t0, t1, t2, t3] = now.as_secs().to_be_bytes();
        let count = self.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let [_, c0, c1, c2] = count.to_be_bytes();
        let [a, b, c, d, e] = self.place;
        [t0, t1, t2, t3, a, b, c, d, e, c0, c1, c2]
    }
}
