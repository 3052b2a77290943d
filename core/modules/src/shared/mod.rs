//! Read-only data that all services of a node share: what `sharedata`, `sharetable`, `datasheet`
//! and `stm` are made of.
//!
//! The data lies once per node, in Rust: a [`store::Store`] maps names to the current version, a
//! [`tree::Tree`] that never changes. A service sees tables whose contents are read from there
//! ([`reader`]); their metatables are written in Lua (`lualib/skynet/sharedata/objects.lua`), because
//! only Lua raises errors as scripts expect them. Nothing here knows services or messages: an update
//! tells nobody, and a reader finds it when it looks.

mod tree;
mod intake;
mod store;
mod place;
mod reader;
mod stm;

use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use self::intake::Rules;
use self::reader::Reader;
use self::store::{Kind, Store};
use crate::library::{Args, Fault, Library};

/// The largest name that data can have.
const MAX_NAME: usize = 4096;

/// The module's loader; all VMs that it is called for share the same data.
pub(crate) fn opener() -> crate::Open {
    let store = Arc::new(Store::default());
    Box::new(move |lua| open(lua, &store))
}

fn open(lua: &Lua, store: &Arc<Store>) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    let reader = Arc::new(Reader::new(lua, Arc::clone(store))?);
    add_owner(&library, store)?;
    add_reader(&library, &reader)?;
    add_fast(&library, &reader)?;
    stm::add(&library, store)?;
    Ok(library.finish())
}

/// What changes the store.
fn add_owner(library: &Library<'_>, store: &Arc<Store>) -> mlua::Result<()> {
    let own = Arc::clone(store);
    library.add("new", move |lua, args| {
        let (kind, name) = (kind(lua, args)?, name(lua, args)?);
        // Before the data is read, which may take long.
        let taken = || Fault::text(format!("'{}' exists already: use update", String::from_utf8_lossy(&name)));
        if own.find(kind, &name).is_some() {
            return Err(taken());
        }
        let tree = data(args)?;
        if own.add(kind, &name, tree) { Ok(()) } else { Err(taken()) }
    })?;
    let own = Arc::clone(store);
    library.add("set", move |lua, args| {
        let (kind, name) = (kind(lua, args)?, name(lua, args)?);
        own.set(kind, &name, data(args)?);
        Ok(())
    })?;
    let own = Arc::clone(store);
    library.add("remove", move |lua, args| Ok(own.remove(kind(lua, args)?, &name(lua, args)?)))?;
    let own = Arc::clone(store);
    library.add("names", move |lua, args| {
        let list = lua.create_table()?;
        for name in own.names(kind(lua, args)?) {
            list.raw_push(lua.create_string(name)?)?;
        }
        Ok(list)
    })
}

/// What a VM does seldom.
fn add_reader(library: &Library<'_>, reader: &Arc<Reader>) -> mlua::Result<()> {
    let own = Arc::clone(reader);
    library.add("dress", move |lua, args| {
        let gone = if args.is_none_or_nil(3) { None } else { Some(args.table(3)?.clone()) };
        own.dress(kind(lua, args)?, args.table(2)?.clone(), gone)
    })?;
    let own = Arc::clone(reader);
    library.add("view", move |lua, args| own.view(lua, kind(lua, args)?, &args.string(lua, 2)?.as_bytes()))?;
    let own = Arc::clone(reader);
    library.add("copy", move |lua, args| Ok(own.copy(lua, args.table(1)?)?))?;
    let own = Arc::clone(reader);
    library.add("place", move |lua, args| Ok(own.place(lua, args.table(1)?)?))?;
    let own = Arc::clone(reader);
    library.add("refresh", move |lua, _| own.refresh(lua))?;
    let own = Arc::clone(reader);
    library.add("update", move |lua, args| own.update(lua, &args.string(lua, 1)?.as_bytes()))?;
    let own = Arc::clone(reader);
    library.add("flush", move |_, _| own.flush())
}

/// Metamethods that run for every access: without the guard, because they raise nothing of their own.
fn add_fast(library: &Library<'_>, reader: &Arc<Reader>) -> mlua::Result<()> {
    let (lua, table) = (library.lua, &library.table);
    let own = Arc::clone(reader);
    table.raw_set("fetch", lua.create_function(move |lua, (object, key)| own.fetch(lua, &object, &key))?)?;
    let own = Arc::clone(reader);
    table.raw_set("step", lua.create_function(move |lua, (object, key)| own.step(lua, &object, &key))?)?;
    let own = Arc::clone(reader);
    // Lua gives `__len` its operand twice.
    table.raw_set("len", lua.create_function(move |_, (object, _): (Table, MultiValue)| own.len(&object))?)?;
    let own = Arc::clone(reader);
    let same = move |_: &Lua, (one, other): (Value, Value)| match (one, other) {
        (Value::Table(one), Value::Table(other)) => own.same(&one, &other),
        _ => Ok(false),
    };
    table.raw_set("same", lua.create_function(same)?)
}

/// The first argument: who shares.
fn kind(lua: &Lua, args: &Args) -> Result<Kind, Fault> {
    match &*args.text(lua, 1)? {
        "data" => Ok(Kind::Data),
        "sheet" => Ok(Kind::Sheet),
        "table" => Ok(Kind::Table),
        _ => Err(Fault::argument(1, "data, sheet or table expected")),
    }
}

/// The second: the name of the data.
fn name(lua: &Lua, args: &Args) -> Result<Vec<u8>, Fault> {
    let name = args.string(lua, 2)?.as_bytes().to_vec();
    if name.len() > MAX_NAME {
        return Err(Fault::argument(2, format!("a name may have {MAX_NAME} bytes")));
    }
    Ok(name)
}

/// The third, and whether it may be a graph.
fn data(args: &Args) -> Result<tree::Tree, Fault> {
    let rules = if matches!(args.any(4), Value::Boolean(true)) { Rules::Graph } else { Rules::Message };
    intake::read(args.table(3)?, rules).map_err(|refused| Fault::text(refused.to_string()))
}

/// The integer that a float is the same key as.
fn whole(value: f64) -> Option<i64> {
    let whole = value as i64;
    // 2^63 is no integer of 64 bits, but becomes one by saturation.
    (whole as f64 == value && value < 9_223_372_036_854_775_808.0).then_some(whole)
}

#[cfg(test)]
mod tests;
