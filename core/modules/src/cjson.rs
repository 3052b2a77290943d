//! `cjson` and `cjson.safe`: JSON as users of lua-cjson know it.

use std::sync::Arc;

use mlua::{IntoLua, IntoLuaMulti, LightUserData, Lua, MultiValue, Table, Value};
use parking_lot::Mutex;

use crate::library::{Args, Fault, Library};

mod decode;
mod encode;
mod lexer;

const VERSION: &str = "2.1.0";

/// The address, of nothing, that stands for an empty array.
struct EmptyArray(usize);

/// No pointer has this value, and no key of a payload.
const EMPTY_ARRAY: EmptyArray = EmptyArray(usize::MAX - 0xa);

impl EmptyArray {
    fn light(&self) -> LightUserData {
        LightUserData(std::ptr::without_provenance_mut(self.0))
    }
}

/// What becomes of NaN and infinities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvalidNumbers {
    Refused,
    Written,
    Null,
}

/// The settings of one instance.
#[derive(Debug, Clone, Copy)]
struct Config {
    sparse_convert: bool,
    sparse_ratio: usize,
    sparse_safe: usize,
    encode_max_depth: usize,
    decode_max_depth: usize,
    encode_number_precision: usize,
    encode_keep_buffer: bool,
    encode_invalid_numbers: InvalidNumbers,
    decode_invalid_numbers: bool,
    encode_empty_table_as_object: bool,
    encode_escape_forward_slash: bool,
    decode_array_with_array_mt: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_max_depth: 1000,
            decode_max_depth: 1000,
            encode_number_precision: 14,
            encode_keep_buffer: true,
            encode_invalid_numbers: InvalidNumbers::Refused,
            decode_invalid_numbers: true,
            encode_empty_table_as_object: true,
            encode_escape_forward_slash: true,
            decode_array_with_array_mt: false,
        }
    }
}

/// The settings, shared by the functions of one instance.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Config>>);

impl Shared {
    fn get(&self) -> Config {
        *self.0.lock()
    }

    fn with<R>(&self, change: impl FnOnce(&mut Config) -> R) -> R {
        change(&mut self.0.lock())
    }
}

/// Metatables that say of a table that it is an array.
#[derive(Debug, Clone)]
struct Marks {
    array: Table,
    empty_array: Table,
}

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    instance(lua, false)
}

/// The same, but failures are returned: nil and the text.
pub(crate) fn open_safe(lua: &Lua) -> mlua::Result<Value> {
    instance(lua, true)
}

/// The marks are the same for all instances of a VM.
fn marks(lua: &Lua) -> mlua::Result<Marks> {
    const KEY: &str = "skyloom.cjson";
    if let Ok((array, empty_array)) =
        lua.named_registry_value::<Table>(KEY).and_then(|t| Ok((t.raw_get(1)?, t.raw_get(2)?)))
    {
        return Ok(Marks { array, empty_array });
    }
    let marks = Marks { array: lua.create_table()?, empty_array: lua.create_table()? };
    lua.set_named_registry_value(KEY, lua.create_sequence_from([&marks.array, &marks.empty_array])?)?;
    Ok(marks)
}

fn instance(lua: &Lua, safe: bool) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    let marks = marks(lua)?;
    let shared = Shared::default();
    library.set("_NAME", "cjson")?;
    library.set("_VERSION", VERSION)?;
    library.set("null", Value::NULL)?;
    library.set("empty_array", EMPTY_ARRAY.light())?;
    library.set("empty_array_mt", &marks.empty_array)?;
    library.set("array_mt", &marks.array)?;
    let (config, known) = (shared.clone(), marks.clone());
    library.add("encode", move |lua, args| {
        if args.len() == 0 {
            return Err(Fault::argument(1, "expected 1 argument"));
        }
        let encoded = encode::encode(args.any(1), config.get(), &known);
        answer(lua, safe, encoded.and_then(|text| Ok(Value::String(lua.create_string(text)?))))
    })?;
    let config = shared.clone();
    library.add("decode", move |lua, args| {
        let text = args.string(lua, 1)?;
        answer(lua, safe, decode::decode(lua, &text.as_bytes(), config.get(), &marks))
    })?;
    library.add("new", move |lua, _| Ok(instance(lua, safe)?))?;
    settings(&library, &shared)?;
    Ok(library.finish())
}

/// A value, or what a failure becomes.
fn answer(lua: &Lua, safe: bool, outcome: Result<Value, Fault>) -> Result<MultiValue, Fault> {
    match outcome {
        Err(Fault::Text(text)) if safe => Ok((Value::Nil, text).into_lua_multi(lua)?),
        outcome => Ok(outcome?.into_lua_multi(lua)?),
    }
}

/// The functions that read and change settings.
fn settings(library: &Library<'_>, shared: &Shared) -> mlua::Result<()> {
    let config = shared.clone();
    library.add("encode_sparse_array", move |lua, args| {
        let convert = boolean(args, 1)?;
        let (ratio, safe) = (between(lua, args, 2, 0, MOST)?, between(lua, args, 3, 0, MOST)?);
        Ok(config.with(|config| {
            config.sparse_convert = convert.unwrap_or(config.sparse_convert);
            config.sparse_ratio = ratio.unwrap_or(config.sparse_ratio);
            config.sparse_safe = safe.unwrap_or(config.sparse_safe);
            (config.sparse_convert, config.sparse_ratio, config.sparse_safe)
        }))
    })?;
    number(library, shared, "encode_max_depth", 1, MOST, |config| &mut config.encode_max_depth)?;
    number(library, shared, "decode_max_depth", 1, MOST, |config| &mut config.decode_max_depth)?;
    number(library, shared, "encode_number_precision", 1, 17, |config| &mut config.encode_number_precision)?;
    switch(library, shared, "encode_keep_buffer", |config| &mut config.encode_keep_buffer)?;
    switch(library, shared, "decode_invalid_numbers", |config| &mut config.decode_invalid_numbers)?;
    switch(library, shared, "encode_empty_table_as_object", |config| &mut config.encode_empty_table_as_object)?;
    switch(library, shared, "encode_escape_forward_slash", |config| &mut config.encode_escape_forward_slash)?;
    switch(library, shared, "decode_array_with_array_mt", |config| &mut config.decode_array_with_array_mt)?;
    let config = shared.clone();
    library.add("encode_invalid_numbers", move |lua, args| {
        let wanted = match args.any(1) {
            Value::String(text) if *text.as_bytes() == b"null"[..] => Some(InvalidNumbers::Null),
            _ => boolean(args, 1)?.map(|on| if on { InvalidNumbers::Written } else { InvalidNumbers::Refused }),
        };
        let now = config.with(|config| {
            config.encode_invalid_numbers = wanted.unwrap_or(config.encode_invalid_numbers);
            config.encode_invalid_numbers
        });
        Ok(match now {
            InvalidNumbers::Refused => Value::Boolean(false),
            InvalidNumbers::Written => Value::Boolean(true),
            InvalidNumbers::Null => "null".into_lua(lua)?,
        })
    })
}

/// The largest that a setting can be.
const MOST: i64 = i32::MAX as i64;

fn number(
    library: &Library<'_>,
    shared: &Shared,
    name: &'static str,
    least: i64,
    most: i64,
    field: fn(&mut Config) -> &mut usize,
) -> mlua::Result<()> {
    let config = shared.clone();
    library.add(name, move |lua, args| {
        let wanted = between(lua, args, 1, least, most)?;
        Ok(config.with(|config| {
            let field = field(config);
            *field = wanted.unwrap_or(*field);
            *field
        }))
    })
}

fn switch(
    library: &Library<'_>,
    shared: &Shared,
    name: &'static str,
    field: fn(&mut Config) -> &mut bool,
) -> mlua::Result<()> {
    let config = shared.clone();
    library.add(name, move |_, args| {
        let wanted = boolean(args, 1)?;
        Ok(config.with(|config| {
            let field = field(config);
            *field = wanted.unwrap_or(*field);
            *field
        }))
    })
}

fn boolean(args: &Args, at: usize) -> Result<Option<bool>, Fault> {
    match args.any(at) {
        Value::Nil => Ok(None),
        Value::Boolean(on) => Ok(Some(on)),
        Value::String(text) if *text.as_bytes() == b"on"[..] => Ok(Some(true)),
        Value::String(text) if *text.as_bytes() == b"off"[..] => Ok(Some(false)),
        _ => Err(Fault::argument(at, "expected a boolean")),
    }
}

fn between(lua: &Lua, args: &Args, at: usize, least: i64, most: i64) -> Result<Option<usize>, Fault> {
    if args.is_none_or_nil(at) {
        return Ok(None);
    }
    let number = args.integer(lua, at)?;
    let wrong = || Fault::argument(at, format!("expected integer between {least} and {most}"));
    if (least..=most).contains(&number) { usize::try_from(number).map(Some).map_err(|_| wrong()) } else { Err(wrong()) }
}
