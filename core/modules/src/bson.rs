//! `bson`: the documents of MongoDB.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlua::{AnyUserData, LightUserData, Lua, Table, UserDataFields, Value};
use skyloom_wire::bson::{BsonError, Document, Element, kind};

use crate::library::{Args, Fault, Library};

mod decode;
mod encode;
mod special;

impl From<BsonError> for Fault {
    fn from(error: BsonError) -> Fault {
        Fault::text(error.to_string())
    }
}

/// A document that a script holds.
struct Held {
    bytes: Vec<u8>,
    /// Where the values begin that can be replaced, once asked for.
    index: Option<HashMap<Vec<u8>, (u8, usize)>>,
}

/// Where numbers begin that stand for documents: no key of a payload is so large, and no pointer so small.
const FIRST_KEY: usize = 1 << 47;

/// Registry field: documents by such numbers; it keeps none of them alive.
const LIGHT: &str = "skyloom.bson";

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    special::add(&library)?;
    methods(&library)?;
    library.add("encode", |lua, args| {
        let bytes = encode::encode(args.table(1)?)?;
        held(lua, bytes)
    })?;
    library.add("encode_order", |lua, args| {
        let bytes = encode::encode_order(lua, args)?;
        held(lua, bytes)
    })?;
    light(&library)?;
    Ok(library.finish())
}

fn held(lua: &Lua, bytes: Vec<u8>) -> Result<AnyUserData, Fault> {
    Ok(lua.create_any_userdata(Held { bytes, index: None })?)
}

/// Documents as light userdata, whose value is no pointer but a number that only this VM knows.
fn light(library: &Library<'_>) -> mlua::Result<()> {
    let lua = library.lua;
    let (known, weak) = (lua.create_table()?, lua.create_table()?);
    weak.raw_set("__mode", "v")?;
    known.set_metatable(Some(weak))?;
    lua.set_named_registry_value(LIGHT, known)?;
    let last = AtomicUsize::new(FIRST_KEY);
    library.add("to_lightuserdata", move |lua, args| {
        let data = held_at(args)?;
        let key = LightUserData(std::ptr::without_provenance_mut(last.fetch_add(1, Ordering::Relaxed)));
        lua.named_registry_value::<Table>(LIGHT)?.raw_set(key, data)?;
        Ok(key)
    })?;
    library.add("decode", |lua, args| match args.any(1) {
        Value::Nil => Ok(None),
        Value::String(text) => decode::decode(lua, &text.as_bytes()).map(Some),
        Value::LightUserData(key) => match lua.named_registry_value::<Table>(LIGHT)?.raw_get(key)? {
            Value::UserData(data) => decode_held(lua, &data).map(Some),
            _ => Err(Fault::argument(1, "this document is gone")),
        },
        _ => decode_held(lua, &held_at(args)?).map(Some),
    })
}

fn decode_held(lua: &Lua, data: &AnyUserData) -> Result<Table, Fault> {
    let held = data.borrow::<Held>().map_err(|_| Fault::argument(1, "bson expected"))?;
    decode::decode(lua, &held.bytes)
}

fn held_at(args: &Args) -> Result<AnyUserData, Fault> {
    match args.any(1) {
        Value::UserData(data) if data.is::<Held>() => Ok(data),
        other => Err(Fault::argument(1, format!("bson expected, got {}", crate::library::kind(&other)))),
    }
}

/// What scripts can do with a document.
fn methods(library: &Library<'_>) -> mlua::Result<()> {
    let lua = library.lua;
    let names = lua.create_table()?;
    names.raw_set("decode", library.function("decode", |lua, args| decode_held(lua, &held_at(args)?))?)?;
    names.raw_set(
        "makeindex",
        library.function("makeindex", |_, args| {
            let data = held_at(args)?;
            let mut held = data.borrow_mut::<Held>()?;
            held.index = Some(index(&held.bytes)?);
            drop(held);
            Ok(data)
        })?,
    )?;
    let replace = library.function("newindex", |lua, args| {
        let data = held_at(args)?;
        let key = args.string(lua, 2)?;
        let mut held = data.borrow_mut::<Held>()?;
        let Held { bytes, index } = &mut *held;
        let index = index.as_ref().ok_or_else(|| Fault::text("call makeindex first"))?;
        match index.get(&*key.as_bytes()) {
            Some((kind, at)) => put(lua, *kind, &mut bytes[*at..], args),
            None => Err(cannot(&key.to_string_lossy())),
        }
    })?;
    let size = library.function("len", |_, args| Ok(held_at(args)?.borrow::<Held>()?.bytes.len()))?;
    let text =
        library.function("tostring", |lua, args| Ok(lua.create_string(&held_at(args)?.borrow::<Held>()?.bytes)?))?;
    lua.register_userdata_type::<Held>(|registry| {
        registry.add_meta_field("__name", "bson");
        registry.add_meta_field("__index", names);
        registry.add_meta_field("__newindex", replace);
        registry.add_meta_field("__len", size);
        registry.add_meta_field("__tostring", text);
    })
}

/// Where the values of a document begin whose size no value changes.
fn index(bytes: &[u8]) -> Result<HashMap<Vec<u8>, (u8, usize)>, Fault> {
    let mut index = HashMap::new();
    let mut document = Document::new(bytes)?;
    while let Some(entry) = document.next()? {
        index.insert(entry.key.to_vec(), (entry.element.kind(), entry.at));
    }
    Ok(index)
}

fn cannot(key: &str) -> Fault {
    Fault::text(format!("Can't replace key : {key}"))
}

/// Replaces a value by the third argument.
fn put(lua: &Lua, kind: u8, place: &mut [u8], args: &Args) -> Result<(), Fault> {
    let value = args.any(3);
    match kind {
        kind::DOUBLE => match lua.coerce_number(value)? {
            Some(number) => place[..8].copy_from_slice(&number.to_le_bytes()),
            None => return Err(Fault::argument(3, "number expected")),
        },
        kind::BOOLEAN => place[0] = u8::from(!matches!(value, Value::Nil | Value::Boolean(false))),
        kind::INT32 => match integer(lua, &value)?.map(i32::try_from) {
            Some(Ok(integer)) => place[..4].copy_from_slice(&integer.to_le_bytes()),
            _ => return Err(Fault::text(format!("{} must be a 32bit integer", shown(&value)))),
        },
        kind::INT64 => match integer(lua, &value)? {
            Some(integer) => place[..8].copy_from_slice(&integer.to_le_bytes()),
            None => return Err(Fault::text(format!("{} must be a 64bit integer", shown(&value)))),
        },
        kind::DATE | kind::TIMESTAMP | kind::OBJECT_ID => special(kind, place, &value)?,
        _ => return Err(cannot(&args.string(lua, 2)?.to_string_lossy())),
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    value.to_string().unwrap_or_else(|_| crate::library::kind(value).into())
}

/// An integer, also one whose width was said.
fn integer(lua: &Lua, value: &Value) -> Result<Option<i64>, Fault> {
    if let Value::String(text) = value
        && let Ok(Element::Int64(integer)) = special::element(&text.as_bytes())
    {
        return Ok(Some(integer));
    }
    Ok(lua.coerce_integer(value.clone())?)
}

fn special(kind: u8, place: &mut [u8], value: &Value) -> Result<(), Fault> {
    let mismatch = || Fault::text(format!("Type mismatch, need bson type {kind}"));
    let Value::String(text) = value else { return Err(mismatch()) };
    match special::element(&text.as_bytes())? {
        Element::Date(milliseconds) if kind == kind::DATE => place[..8].copy_from_slice(&milliseconds.to_le_bytes()),
        Element::ObjectId(id) if kind == kind::OBJECT_ID => place[..12].copy_from_slice(&id),
        Element::Timestamp(count, second) if kind == kind::TIMESTAMP => {
            place[..4].copy_from_slice(&count.to_le_bytes());
            place[4..8].copy_from_slice(&second.to_le_bytes());
        }
        _ => return Err(mismatch()),
    }
    Ok(())
}
