//! Lua's tables into trees, with every refusal naming the place in the data.

use std::collections::HashMap;
use std::fmt;

use mlua::{Function, Table, Value as Lua};

use super::tree::{Builder, Key, MAX_BYTES, ROOT, TooLarge, Tree, Value};
use crate::library::kind;

/// Tables inside tables beyond this are taken for a mistake.
pub(crate) const MAX_DEPTH: usize = 200;

/// What may be in the data.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rules {
    /// What a message may have: a table that stands in two places becomes two, metatables may say
    /// what there is to see, and no functions.
    Message,
    /// What the data of `sharetable` may have: circles, functions without upvalues, no metatables.
    Graph,
}

/// Why a table cannot be shared.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A value or a key of this type.
    Type {
        what: &'static str,
        place: String,
    },
    NanKey(String),
    Upvalues(String),
    InC(String),
    Metatable(String),
    Circle {
        from: String,
        to: String,
    },
    TooDeep(String),
    TooLarge,
    /// A metamethod failed.
    Lua(mlua::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Type { what, place } => write!(f, "cannot share a {what} at [{place}]"),
            Refused::NanKey(place) => write!(f, "cannot share a table with nan as a key at [{place}]"),
            Refused::Upvalues(place) => write!(f, "Invalid function with upvalue at [{place}]"),
            Refused::InC(place) => write!(f, "cannot share a function that is not written in Lua at [{place}]"),
            Refused::Metatable(place) => write!(f, "Can't share metatable at [{place}]"),
            Refused::Circle { from, to } => {
                write!(f, "cannot share a table that contains itself: [{from}] is [{to}] again")
            }
            Refused::TooDeep(place) => write!(f, "cannot share tables nested deeper than {MAX_DEPTH} at [{place}]"),
            Refused::TooLarge => write!(f, "cannot share more than {MAX_BYTES} bytes under one name"),
            Refused::Lua(error) => write!(f, "cannot share a table whose metatable fails: {error}"),
        }
    }
}

impl From<TooLarge> for Refused {
    fn from(_: TooLarge) -> Refused {
        Refused::TooLarge
    }
}

impl From<mlua::Error> for Refused {
    fn from(error: mlua::Error) -> Refused {
        Refused::Lua(error)
    }
}

/// Copies a table into a tree of its own.
pub(crate) fn read(table: &Table, rules: Rules) -> Result<Tree, Refused> {
    let mut intake = Intake { builder: Builder::new(), rules, above: Vec::new(), known: HashMap::new() };
    intake.enter(table, ROOT)?;
    Ok(intake.builder.finish())
}

struct Intake {
    builder: Builder,
    rules: Rules,
    /// The tables that contain the one at hand, by address, with their numbers.
    above: Vec<(usize, u32)>,
    /// Tables and functions of a graph that were met before.
    known: HashMap<usize, Value>,
}

impl Intake {
    fn enter(&mut self, table: &Table, id: u32) -> Result<(), Refused> {
        let address = table.to_pointer() as usize;
        if self.above.len() >= MAX_DEPTH {
            return Err(Refused::TooDeep(self.builder.place(id)));
        }
        self.above.push((address, id));
        if matches!(self.rules, Rules::Graph) {
            self.known.insert(address, Value::Table(id));
        }
        let mut pairs = Vec::new();
        match self.iterator(table, id)? {
            None => {
                for pair in table.pairs::<Lua, Lua>() {
                    let (key, value) = pair?;
                    pairs.push(self.pair(id, &key, &value)?);
                }
            }
            Some(iterator) => {
                let (step, state, mut control): (Function, Lua, Lua) = iterator.call(table)?;
                loop {
                    let (key, value): (Lua, Lua) = step.call((&state, &control))?;
                    if key.is_nil() {
                        break;
                    }
                    // An iterator need not end.
                    if pairs.len() * size_of::<(Key, Value)>() > MAX_BYTES {
                        return Err(Refused::TooLarge);
                    }
                    pairs.push(self.pair(id, &key, &value)?);
                    control = key;
                }
            }
        }
        self.builder.fill(id, pairs)?;
        self.above.pop();
        Ok(())
    }

    /// What the table's metatable has under `__pairs`.
    fn iterator(&self, table: &Table, id: u32) -> Result<Option<Function>, Refused> {
        match (table.metatable(), self.rules) {
            (None, _) => Ok(None),
            (Some(_), Rules::Graph) => Err(Refused::Metatable(self.builder.place(id))),
            (Some(meta), Rules::Message) => Ok(meta.raw_get("__pairs")?),
        }
    }

    fn pair(&mut self, id: u32, key: &Lua, value: &Lua) -> Result<(Key, Value), Refused> {
        let key = self.key(id, key)?;
        Ok((key, self.value(id, key, value)?))
    }

    fn key(&mut self, id: u32, key: &Lua) -> Result<Key, Refused> {
        Ok(match key {
            Lua::Integer(key) => Key::Integer(*key),
            Lua::Number(key) if key.is_nan() => return Err(Refused::NanKey(self.builder.place(id))),
            Lua::Number(key) => match super::whole(*key) {
                Some(key) => Key::Integer(key),
                None => Key::Number(*key),
            },
            Lua::Boolean(key) => Key::Boolean(*key),
            Lua::String(key) => Key::Text(self.builder.text(&key.as_bytes())?),
            other => {
                let place = self.builder.place(id);
                return Err(Refused::Type { what: of_key(kind(other)), place });
            }
        })
    }

    fn value(&mut self, id: u32, key: Key, value: &Lua) -> Result<Value, Refused> {
        let is_graph = matches!(self.rules, Rules::Graph);
        Ok(match value {
            Lua::Boolean(value) => Value::Boolean(*value),
            Lua::Integer(value) => Value::Integer(*value),
            Lua::Number(value) => Value::Number(*value),
            Lua::String(value) => Value::Text(self.builder.text(&value.as_bytes())?),
            Lua::LightUserData(value) if is_graph => Value::Light(value.0 as usize),
            Lua::Table(table) => self.table(id, key, table)?,
            Lua::Function(function) if is_graph => self.function(id, key, function)?,
            other => {
                let place = self.at(id, key);
                return Err(Refused::Type { what: kind(other), place });
            }
        })
    }

    fn table(&mut self, id: u32, key: Key, table: &Table) -> Result<Value, Refused> {
        let address = table.to_pointer() as usize;
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        if let Some((_, above)) = self.above.iter().find(|(other, _)| *other == address) {
            return Err(Refused::Circle { from: self.at(id, key), to: self.builder.place(*above) });
        }
        let child = self.builder.table(id, key)?;
        self.enter(table, child)?;
        Ok(Value::Table(child))
    }

    fn function(&mut self, id: u32, key: Key, function: &Function) -> Result<Value, Refused> {
        let address = function.to_pointer() as usize;
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        let info = function.info();
        if info.what == "C" {
            return Err(Refused::InC(self.at(id, key)));
        }
        if info.num_upvalues > 0 {
            return Err(Refused::Upvalues(self.at(id, key)));
        }
        let shared = Value::Function(self.builder.function(function.dump(false))?);
        self.known.insert(address, shared);
        Ok(shared)
    }

    /// The place of a key, for messages.
    fn at(&self, id: u32, key: Key) -> String {
        format!("{}.{}", self.builder.place(id), self.builder.name(key))
    }
}

/// How a message calls a key of that type.
fn of_key(kind: &'static str) -> &'static str {
    match kind {
        "table" => "table as a key",
        "function" => "function as a key",
        "userdata" => "userdata as a key",
        "thread" => "thread as a key",
        _ => "value of this type as a key",
    }
}
