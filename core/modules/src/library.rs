//! How a module's functions take arguments and raise errors.
//!
//! mlua raises an error of Rust as a userdata; scripts that were written for modules in C expect a
//! text, with their own line before it. So each function reports instead of raising, and a wrapper
//! in Lua raises in its place.

use mlua::{Function, IntoLua, IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value};

/// Raises what the wrapped function reports, at the line of its caller.
const GUARD: &str = "
local error = error
local function answer(good, ...)
    if good then
        return ...
    end
    error(..., good == nil and 0 or 2)
end
return function(f)
    return function(...)
        return answer(f(...))
    end
end";

/// Why a function failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// To be raised as a text, with the caller's line before it.
    Text(String),
    /// An argument is not what it must be; the function's name is added on the way.
    Argument {
        /// Counted from one.
        at: usize,
        why: String,
    },
    /// What Lua itself raised, perhaps in a script's metamethod.
    Lua(mlua::Error),
}

impl Fault {
    pub(crate) fn text(text: impl Into<String>) -> Fault {
        Fault::Text(text.into())
    }

    pub(crate) fn argument(at: usize, why: impl Into<String>) -> Fault {
        Fault::Argument { at, why: why.into() }
    }

    /// The values that the guard takes for a failure.
    fn report(self, name: &str, lua: &Lua) -> mlua::Result<MultiValue> {
        match self {
            Fault::Text(text) => (false, text).into_lua_multi(lua),
            Fault::Argument { at, why } => {
                (false, format!("bad argument #{at} to '{name}' ({why})")).into_lua_multi(lua)
            }
            Fault::Lua(error) => match raised(&error) {
                // It has its line already.
                Some(text) => (Value::Nil, text).into_lua_multi(lua),
                None => Err(error),
            },
        }
    }
}

/// What a script raised, if it was a text.
fn raised(error: &mlua::Error) -> Option<&str> {
    match error {
        mlua::Error::RuntimeError(text) => Some(text.split("\nstack traceback:").next().unwrap_or(text)),
        mlua::Error::CallbackError { cause, .. } => raised(cause),
        _ => None,
    }
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Fault {
        Fault::Lua(error)
    }
}

/// The arguments of a call, checked as Lua's own library checks them.
#[derive(Debug)]
pub(crate) struct Args(Vec<Value>);

impl Args {
    /// The argument at `at`, counted from one; nil if there is none.
    pub(crate) fn any(&self, at: usize) -> Value {
        self.0.get(at - 1).cloned().unwrap_or(Value::Nil)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All from `at` on.
    pub(crate) fn from(&self, at: usize) -> &[Value] {
        self.0.get(at - 1..).unwrap_or_default()
    }

    pub(crate) fn is_none_or_nil(&self, at: usize) -> bool {
        self.0.get(at - 1).is_none_or(Value::is_nil)
    }

    fn wanted(&self, at: usize, what: &str) -> Fault {
        let got = self.0.get(at - 1).map_or("no value", kind);
        Fault::argument(at, format!("{what} expected, got {got}"))
    }

    /// A string; a number becomes one.
    pub(crate) fn string(&self, lua: &Lua, at: usize) -> Result<LuaString, Fault> {
        match self.0.get(at - 1) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(number @ (Value::Integer(_) | Value::Number(_))) => {
                lua.coerce_string(number.clone())?.ok_or_else(|| self.wanted(at, "string"))
            }
            _ => Err(self.wanted(at, "string")),
        }
    }

    /// A string that is UTF-8: a path, a name.
    pub(crate) fn text(&self, lua: &Lua, at: usize) -> Result<String, Fault> {
        let bytes = self.string(lua, at)?.as_bytes().to_vec();
        String::from_utf8(bytes).map_err(|_| Fault::argument(at, "must be UTF-8"))
    }

    pub(crate) fn integer(&self, lua: &Lua, at: usize) -> Result<i64, Fault> {
        match self.0.get(at - 1) {
            Some(Value::Integer(integer)) => Ok(*integer),
            Some(number @ (Value::Number(_) | Value::String(_))) => match lua.coerce_integer(number.clone())? {
                Some(integer) => Ok(integer),
                None if number.is_number() => Err(Fault::argument(at, "number has no integer representation")),
                None => Err(self.wanted(at, "number")),
            },
            _ => Err(self.wanted(at, "number")),
        }
    }

    pub(crate) fn integer_or(&self, lua: &Lua, at: usize, default: i64) -> Result<i64, Fault> {
        if self.is_none_or_nil(at) { Ok(default) } else { self.integer(lua, at) }
    }

    pub(crate) fn table(&self, at: usize) -> Result<&Table, Fault> {
        match self.0.get(at - 1) {
            Some(Value::Table(table)) => Ok(table),
            _ => Err(self.wanted(at, "table")),
        }
    }
}

/// The name of a value's type, as scripts know it.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::LightUserData(_) | Value::Error(_) => "userdata",
        Value::Integer(_) => "number",
        other => other.type_name(),
    }
}

/// A module's table while it is being filled.
pub(crate) struct Library<'a> {
    pub(crate) lua: &'a Lua,
    pub(crate) table: Table,
    guard: Function,
}

impl<'a> Library<'a> {
    pub(crate) fn new(lua: &'a Lua) -> mlua::Result<Library<'a>> {
        let guard = lua.load(GUARD).set_name("=(module)").eval()?;
        Ok(Library { lua, table: lua.create_table()?, guard })
    }

    /// A function that takes and raises as scripts expect it.
    pub(crate) fn function<R: IntoLuaMulti>(
        &self,
        name: &'static str,
        f: impl Fn(&Lua, &Args) -> Result<R, Fault> + Send + 'static,
    ) -> mlua::Result<Function> {
        let reporting =
            self.lua.create_function(move |lua, args: MultiValue| match f(lua, &Args(args.into_vec())) {
                Ok(values) => {
                    let mut values = values.into_lua_multi(lua)?;
                    values.push_front(Value::Boolean(true));
                    Ok(values)
                }
                Err(fault) => fault.report(name, lua),
            })?;
        self.guard.call(reporting)
    }

    /// Adds a function.
    pub(crate) fn add<R: IntoLuaMulti>(
        &self,
        name: &'static str,
        f: impl Fn(&Lua, &Args) -> Result<R, Fault> + Send + 'static,
    ) -> mlua::Result<()> {
        self.table.raw_set(name, self.function(name, f)?)
    }

    /// Adds a constant.
    pub(crate) fn set(&self, name: &str, value: impl IntoLua) -> mlua::Result<()> {
        self.table.raw_set(name, value)
    }

    pub(crate) fn finish(self) -> Value {
        Value::Table(self.table)
    }
}
