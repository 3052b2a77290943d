//! `sproto.core`, `sprotoparser`: schemas and structures by them. `sproto` and `sprotoloader` themselves are written in Lua.

use std::sync::Arc;

use mlua::{AnyUserData, IntoLuaMulti, Lua, MultiValue, Table, UserData, Value};
use parking_lot::Mutex;
use skyloom_wire::sproto::{self, Field, Kind, Response, Schema, SprotoError, Type};

use crate::library::{Args, Fault, Library};

mod decode;
mod encode;

impl From<SprotoError> for Fault {
    fn from(error: SprotoError) -> Fault {
        Fault::text(error.to_string())
    }
}

/// Schemas that the services of a node share, by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(Arc<Mutex<[Option<Arc<Schema>>; 16]>>);

impl Slots {
    fn with<R>(&self, index: i64, act: impl FnOnce(&mut Option<Arc<Schema>>) -> R) -> Result<R, Fault> {
        let mut slots = self.0.lock();
        match usize::try_from(index).ok().and_then(|at| slots.get_mut(at)) {
            Some(slot) => Ok(act(slot)),
            None => Err(Fault::text(format!("Invalid global slot index {index}"))),
        }
    }
}

/// A schema that a script holds.
struct Proto(Arc<Schema>);

impl UserData for Proto {}

/// A type that a script holds.
struct ProtoType {
    schema: Arc<Schema>,
    at: usize,
}

impl UserData for ProtoType {}

impl ProtoType {
    fn of(schema: &Arc<Schema>, at: usize) -> ProtoType {
        ProtoType { schema: schema.clone(), at }
    }
}

pub(crate) fn open(lua: &Lua, slots: &Slots) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    schemas(&library, slots)?;
    library.add("encode", |lua, args| {
        // The answer of a protocol that answers nothing is encoded by no type.
        if let Value::LightUserData(_) = args.any(1) {
            return match args.any(2) {
                Value::Nil => Ok(lua.create_string("")?),
                _ => Err(Fault::argument(2, "nil expected")),
            };
        }
        let of = type_at(args)?;
        Ok(lua.create_string(encode::encode(lua, &of.0, of.1, &args.any(2))?)?)
    })?;
    library.add("decode", |lua, args| {
        if let Value::LightUserData(_) = args.any(1) {
            return Ok(MultiValue::new());
        }
        let (schema, at) = type_at(args)?;
        let bytes = args.string(lua, 2)?;
        let (table, used) = decode::decode(lua, &schema, at, &bytes.as_bytes())?;
        Ok((table, used).into_lua_multi(lua)?)
    })?;
    library.add("default", |lua, args| {
        let (schema, at) = type_at(args)?;
        defaults(lua, &schema, &schema.types()[at])
    })?;
    library.add("pack", |lua, args| Ok(lua.create_string(sproto::pack(&args.string(lua, 1)?.as_bytes()))?))?;
    library.add("unpack", |lua, args| Ok(lua.create_string(sproto::unpack(&args.string(lua, 1)?.as_bytes())?)?))?;
    Ok(library.finish())
}

/// `sprotoparser`.
pub(crate) fn open_parser(lua: &Lua) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    library.add("parse", |lua, args| {
        let text = args.string(lua, 1)?;
        let name = if args.is_none_or_nil(2) { "=text".to_owned() } else { args.text(lua, 2)? };
        // A text of which only comments could be something else than ASCII.
        Ok(lua.create_string(sproto::parse(&text.to_string_lossy(), &name)?)?)
    })?;
    Ok(library.finish())
}

fn schemas(library: &Library<'_>, slots: &Slots) -> mlua::Result<()> {
    library.add("newproto", |lua, args| {
        let schema = Schema::from_bytes(&args.string(lua, 1)?.as_bytes())?;
        Ok(lua.create_userdata(Proto(Arc::new(schema)))?)
    })?;
    // Whoever still holds a schema keeps it.
    library.add("deleteproto", |_, _| Ok(()))?;
    library.add("dumpproto", |lua, args| Ok(lua.create_string(dump(&*proto_at(args)?))?))?;
    library.add("querytype", |lua, args| {
        let (schema, name) = (proto_at(args)?, args.text(lua, 2)?);
        Ok(schema.type_index(&name).map(|at| lua.create_userdata(ProtoType::of(&schema, at))).transpose()?)
    })?;
    library.add("protocol", |lua, args| protocol(lua, &proto_at(args)?, args))?;
    let (saved, loaded) = (slots.clone(), slots.clone());
    library.add("saveproto", move |lua, args| {
        let schema = proto_at(args)?;
        saved.with(args.integer_or(lua, 2, 0)?, |slot| *slot = Some(schema))
    })?;
    library.add("loadproto", move |lua, args| {
        let index = args.integer_or(lua, 1, 0)?;
        match loaded.with(index, |slot| slot.clone())? {
            Some(schema) => Ok(lua.create_userdata(Proto(schema))?),
            None => Err(Fault::text(format!("nil sproto at index {index}"))),
        }
    })
}

fn userdata(args: &Args, what: &str) -> Result<AnyUserData, Fault> {
    match args.any(1) {
        Value::UserData(data) => Ok(data),
        _ => Err(Fault::argument(1, format!("Need a {what} object"))),
    }
}

fn proto_at(args: &Args) -> Result<Arc<Schema>, Fault> {
    let data = userdata(args, "sproto")?;
    let proto = data.borrow::<Proto>().map_err(|_| Fault::argument(1, "Need a sproto object"))?;
    Ok(proto.0.clone())
}

fn type_at(args: &Args) -> Result<(Arc<Schema>, usize), Fault> {
    let data = userdata(args, "sproto_type")?;
    let of = data.borrow::<ProtoType>().map_err(|_| Fault::argument(1, "Need a sproto_type object"))?;
    Ok((of.schema.clone(), of.at))
}

/// The tag or the name of a protocol, and the types of its two messages.
fn protocol(lua: &Lua, schema: &Arc<Schema>, args: &Args) -> Result<MultiValue, Fault> {
    let by_tag = matches!(args.any(2), Value::Integer(_) | Value::Number(_));
    let protocol = match by_tag {
        true => u16::try_from(args.integer(lua, 2)?).ok().and_then(|tag| schema.protocol_tagged(tag)),
        false => schema.protocol_named(&args.text(lua, 2)?),
    };
    let Some(protocol) = protocol else { return Ok(MultiValue::new()) };
    let held = |at: usize| lua.create_userdata(ProtoType::of(schema, at)).map(Value::UserData);
    let request = protocol.request().map(held).transpose()?.unwrap_or_default();
    let response = match protocol.response() {
        Response::Type(at) => held(at)?,
        Response::Empty => Value::NULL,
        Response::None => Value::Nil,
    };
    Ok(match by_tag {
        true => (protocol.name(), request, response).into_lua_multi(lua)?,
        false => (protocol.tag(), request, response).into_lua_multi(lua)?,
    })
}

/// A table with what each field is if nothing is said of it.
fn defaults(lua: &Lua, schema: &Schema, of: &Type) -> Result<Table, Fault> {
    let table = lua.create_table()?;
    for field in of.fields() {
        let value = match field.kind() {
            Kind::Integer => Value::Integer(0),
            Kind::Decimal(_) | Kind::Double => Value::Number(0.0),
            Kind::Boolean => Value::Boolean(false),
            Kind::String | Kind::Binary => Value::String(lua.create_string("")?),
            Kind::Struct(at) => Value::String(lua.create_string(schema.types()[at].name())?),
        };
        let wrapped = match field.kind() {
            _ if field.is_array() => Some("__array"),
            Kind::Struct(_) => Some("__type"),
            _ => None,
        };
        match wrapped {
            Some(key) => table.raw_set(field.name(), lua.create_table_from([(key, value)])?)?,
            None => table.raw_set(field.name(), value)?,
        }
    }
    Ok(table)
}

/// A schema for people.
fn dump(schema: &Schema) -> String {
    use std::fmt::Write;
    let mut out = format!("=== {} types ===\n", schema.types().len());
    for of in schema.types() {
        // Writing into a string does not fail.
        let _ = writeln!(out, "{}", of.name());
        for field in of.fields() {
            let _ = writeln!(out, "\t{} ({}) {}", field.name(), field.tag(), kind(schema, field));
        }
    }
    let _ = writeln!(out, "=== {} protocol ===", schema.protocols().len());
    let name = |at: usize| schema.types()[at].name();
    for protocol in schema.protocols() {
        let request = protocol.request().map_or("(null)", name);
        let response = match protocol.response() {
            Response::Type(at) => format!(" response:{}", name(at)),
            Response::Empty => " response nil".into(),
            Response::None => String::new(),
        };
        let _ = writeln!(out, "\t{} ({}) request:{request}{response}", protocol.name(), protocol.tag());
    }
    out
}

fn kind(schema: &Schema, field: &Field) -> String {
    let star = if field.is_array() { "*" } else { "" };
    let name = match field.kind() {
        Kind::Integer => "integer".into(),
        Kind::Decimal(digits) => format!("integer({digits})"),
        Kind::Boolean => "boolean".into(),
        Kind::String => "string".into(),
        Kind::Binary => "binary".into(),
        Kind::Double => "double".into(),
        Kind::Struct(at) => schema.types()[at].name().to_owned(),
    };
    format!("{star}{name}")
}
