//! Config files as Skynet has them: assignments in Lua.
//!
//! `$NAME` stands for an environment variable, and `include "file"` runs another file, found
//! beside the one that includes it. A config sees nothing of Lua's own library, as there, but the methods of strings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib, Table, Value};

use crate::failure::Failure;

/// Files that may include each other.
const DEEPEST: usize = 16;

/// What a config file says.
#[derive(Debug)]
pub(crate) struct Config {
    values: BTreeMap<String, String>,
    /// The key `thread`.
    pub(crate) workers: Option<usize>,
}

impl Config {
    /// Reads and runs a config file.
    pub(crate) fn read(file: &Path) -> Result<Config, Failure> {
        let values = evaluate(file).map_err(|error| Failure::new(blame(file, &error)))?;
        let workers = match values.get("thread") {
            None => None,
            Some(text) => match text.parse() {
                Ok(workers) if (1..=1024).contains(&workers) => Some(workers),
                _ => {
                    let file = file.display();
                    return Err(Failure::new(format!("{file}: thread is {text}, expected a number from 1 to 1024")));
                }
            },
        };
        Ok(Config { values, workers })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// The folders of the files that are being run, the innermost last.
#[derive(Debug, Clone, Default)]
struct Folders(Arc<Mutex<Vec<PathBuf>>>);

impl Folders {
    fn with<R>(&self, do_it: impl FnOnce(&mut Vec<PathBuf>) -> R) -> R {
        do_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn evaluate(file: &Path) -> mlua::Result<BTreeMap<String, String>> {
    let lua = Lua::new_with(StdLib::STRING, LuaOptions::default())?;
    // Empty but for `include`: a key may be called `pairs` or `type`.
    let globals = lua.create_table()?;
    let folders = Folders::default();
    let include = {
        let (folders, globals) = (folders.clone(), globals.clone());
        lua.create_function(move |lua, name: String| {
            let folder = folders.with(|folders| folders.last().cloned()).unwrap_or_default();
            load(lua, &globals, &folder.join(name), &folders)
        })?
    };
    globals.set("include", include)?;
    load(&lua, &globals, file, &folders)?;
    read(&globals)
}

fn load(lua: &Lua, globals: &Table, file: &Path, folders: &Folders) -> mlua::Result<()> {
    if folders.with(|folders| folders.len()) >= DEEPEST {
        return Err(mlua::Error::runtime(format!("{}: files include each other too deeply", file.display())));
    }
    let text =
        std::fs::read_to_string(file).map_err(|error| mlua::Error::runtime(format!("{}: {error}", file.display())))?;
    let text = fill_in(&text)
        .map_err(|name| mlua::Error::runtime(format!("{}: there is no environment variable {name}", file.display())))?;
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    folders.with(|folders| folders.push(folder));
    let chunk = lua.load(text).set_name(format!("@{}", file.display()));
    let done = chunk.set_mode(ChunkMode::Text).set_environment(globals.clone()).exec();
    folders.with(|folders| folders.pop());
    done
}

/// Replaces `$NAME` by the environment variable of that name.
fn fill_in(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        out.push_str(before);
        match name {
            "" => out.push('$'),
            name => out.push_str(&std::env::var(name).map_err(|_| name.to_owned())?),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// What the config has set: texts, numbers and booleans.
fn read(globals: &Table) -> mlua::Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for pair in globals.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let Value::String(name) = &key else { continue };
        let text = match &value {
            Value::String(text) => text.to_string_lossy(),
            Value::Integer(number) => number.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Boolean(flag) => flag.to_string(),
            _ => continue,
        };
        values.insert(name.to_string_lossy(), text);
    }
    Ok(values)
}

/// What is wrong, with the file's name in front; Lua's own errors have it there already.
fn blame(file: &Path, error: &mlua::Error) -> String {
    let mut error = error;
    while let mlua::Error::CallbackError { cause, .. } = error {
        error = cause;
    }
    let text = match error {
        mlua::Error::SyntaxError { message, .. } | mlua::Error::RuntimeError(message) => message.clone(),
        other => other.to_string(),
    };
    let name = file.display().to_string();
    if text.contains(&name) { text } else { format!("{name}: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_stands_for_a_variable_of_the_environment() {
        assert_eq!(fill_in("a = '$' .. 1"), Ok("a = '$' .. 1".to_owned()));
        assert_eq!(fill_in("$SKYLOOM_NO_SUCH_THING"), Err("SKYLOOM_NO_SUCH_THING".to_owned()));
        let path = std::env::var("PATH").unwrap_or_default();
        assert_eq!(fill_in("x$PATH/y"), Ok(format!("x{path}/y")));
    }

    #[test]
    fn a_key_may_have_the_name_of_a_function_of_lua() {
        let file = std::env::temp_dir().join(format!("skyloom-config-{}.cfg", std::process::id()));
        std::fs::write(&file, "pairs = 64\nstart = ('x'):rep(2)\nthread = 2\n").unwrap();
        let config = Config::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let all: Vec<_> = config.all().collect();
        assert_eq!(all, [("pairs", "64"), ("start", "xx"), ("thread", "2")]);
    }
}
