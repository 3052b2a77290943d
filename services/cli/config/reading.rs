//! Runs a config file, and notes what it sets and where.
//!
//! It runs on a thread of its own and is given little time and memory. A hook follows it from line to line, so that
//! whatever goes wrong can be blamed on the line where it did. What even the hook cannot stop (a search
//! through a long string is one instruction) is left behind: the process is about to end then.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::debug::HookTriggers;
use mlua::{Error, Lua, LuaOptions, StdLib, Table, Value, VmState};

use crate::failure::Failure;

/// Files that may include each other.
const DEEPEST: usize = 16;
/// Bytes of one file.
const LARGEST: u64 = 1 << 20;
/// Bytes that a config may use while it runs.
const MEMORY: usize = 64 << 20;
/// How long it may run.
const TIME: Duration = Duration::from_millis(600);
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_millis(800);

/// A key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) text: String,
    /// `file:line` of the assignment.
    pub(super) at: String,
}

/// What a config came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) settings: BTreeMap<String, Setting>,
    /// The files that were read, in order.
    pub(super) files: Vec<PathBuf>,
}

/// Runs the config in `file`.
pub(super) fn run(file: &Path) -> Result<Said, Failure> {
    let place = Shared::default();
    let (tell, heard) = mpsc::channel();
    let (from, to) = (file.to_path_buf(), place.clone());
    std::thread::Builder::new()
        .name("config".into())
        .spawn(move || tell.send(evaluate(&from, &to)))
        .map_err(Failure::new)?;
    match heard.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome.map_err(Failure::new),
        Err(_) => {
            let at = place.at();
            let at = if at.is_empty() { file.display().to_string() } else { at };
            Err(Failure::new(format!("{at}: {}", too_long())))
        }
    }
}

fn too_long() -> String {
    format!("the config has not come to its end within {} ms", TIME.as_millis())
}

/// Where the config is, and what it has read.
#[derive(Debug, Default)]
struct Place {
    /// The files that are being run, the innermost last, with the line that runs in each.
    running: Vec<(PathBuf, usize)>,
    read: Vec<PathBuf>,
    /// Where each key was last set.
    set: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Place>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `file:line`, or the file alone before its first line.
    fn at(&self) -> String {
        match self.lock().running.last() {
            Some((file, 0)) => file.display().to_string(),
            Some((file, line)) => format!("{}:{line}", file.display()),
            None => String::new(),
        }
    }

    /// What is wrong where the config is.
    fn blame(&self, text: impl fmt::Display) -> String {
        match self.at() {
            at if at.is_empty() => text.to_string(),
            at => format!("{at}: {text}"),
        }
    }

    fn error(&self, text: impl fmt::Display) -> Error {
        Error::runtime(self.blame(text))
    }
}

fn evaluate(file: &Path, place: &Shared) -> Result<Said, String> {
    let told = |error: Error| tell(&error, place);
    let lua = Lua::new_with(StdLib::STRING, LuaOptions::default()).map_err(told)?;
    lua.set_memory_limit(MEMORY).map_err(told)?;
    follow(&lua, place).map_err(told)?;
    let (globals, kept) = globals(&lua, place).map_err(told)?;
    load(&lua, &globals, file, place).map_err(told)?;
    lua.remove_hook();
    let settings = read(&lua, &kept, place)?;
    let files = std::mem::take(&mut place.lock().read);
    Ok(Said { settings, files })
}

/// Has Lua say on which line it is, and stops it when it has had its time.
fn follow(lua: &Lua, place: &Shared) -> mlua::Result<()> {
    let (place, end) = (place.clone(), Instant::now() + TIME);
    let triggers = HookTriggers::EVERY_LINE.every_nth_instruction(1000);
    lua.set_hook(triggers, move |_, debug| {
        if let Some(line) = debug.current_line()
            && let Some(running) = place.lock().running.last_mut()
        {
            running.1 = line;
        }
        if Instant::now() >= end { Err(place.error(too_long())) } else { Ok(VmState::Continue) }
    })
}

/// The config's globals, and the table where they are kept.
///
/// The first stays empty, so that each assignment passes by and its line can be noted. There is nothing in them but
/// `include`: a key may be called `pairs` or `type`.
fn globals(lua: &Lua, place: &Shared) -> mlua::Result<(Table, Table)> {
    let (globals, kept) = (lua.create_table()?, lua.create_table()?);
    let include = {
        let (globals, place) = (globals.clone(), place.clone());
        lua.create_function(move |lua, name: mlua::LuaString| {
            let name = name.to_string_lossy();
            let folder = place.lock().running.last().and_then(|(file, _)| file.parent().map(Path::to_path_buf));
            load(lua, &globals, &folder.unwrap_or_default().join(name), &place)
        })?
    };
    let set = {
        let (kept, place) = (kept.clone(), place.clone());
        lua.create_function(move |_, (_, key, value): (Value, Value, Value)| {
            let at = place.at();
            if let Ok(name) = key.to_string() {
                place.lock().set.insert(name, at);
            }
            kept.raw_set(key, value)
        })?
    };
    let (library, of_library) = (lua.create_table()?, lua.create_table()?);
    library.raw_set("include", include)?;
    of_library.raw_set("__index", library)?;
    kept.set_metatable(Some(of_library))?;
    let of_globals = lua.create_table()?;
    of_globals.raw_set("__index", &kept)?;
    of_globals.raw_set("__newindex", set)?;
    globals.set_metatable(Some(of_globals))?;
    Ok((globals, kept))
}

/// Runs one file.
fn load(lua: &Lua, globals: &Table, file: &Path, place: &Shared) -> mlua::Result<()> {
    let includes = place.lock().running.clone();
    if includes.iter().any(|(other, _)| same(other, file)) {
        return Err(place.error(format_args!("{} includes itself", file.display())));
    }
    if includes.len() >= DEEPEST {
        return Err(place.error(format_args!("more than {DEEPEST} files include each other")));
    }
    let text = content(file).map_err(|error| match includes.is_empty() {
        true => Error::runtime(format_args!("{}: {error}", file.display())),
        false => place.error(format_args!("cannot include {}: {error}", file.display())),
    })?;
    let index = {
        let mut place = place.lock();
        place.read.push(file.to_path_buf());
        place.running.push((file.to_path_buf(), 0));
        place.read.len() - 1
    };
    let text = match fill_in(&text) {
        Ok(text) => text,
        Err((line, name)) => {
            let at = file.display();
            return Err(Error::runtime(format_args!("{at}:{line}: there is no environment variable {name}")));
        }
    };
    // Lua shortens long names, so it is given a short one.
    let chunk = lua.load(text).set_name(format!("={}", short(index)));
    let done = chunk.set_mode(ChunkMode::Text).set_environment(globals.clone()).exec();
    if let Err(error) = done {
        // The place stays as it was when it went wrong.
        return Err(Error::runtime(tell(&error, place)));
    }
    place.lock().running.pop();
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || (real(one).is_some() && real(one) == real(other))
}

/// The name under which Lua knows a file.
fn short(index: usize) -> String {
    format!("<file {index}>")
}

fn content(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file)?.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("is larger than {} KiB, too large for a config", LARGEST >> 10)));
    }
    Ok(text.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(text))
}

/// Replaces `$NAME` by the environment variable of that name; the error is one that is missing, with its line.
fn fill_in(text: &[u8]) -> Result<Vec<u8>, (usize, String)> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let end = after.iter().position(|byte| !is_name(byte)).unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        out.extend_from_slice(before);
        match String::from_utf8_lossy(name).into_owned() {
            name if name.is_empty() => out.push(b'$'),
            name => match std::env::var(&name) {
                Ok(value) => out.extend_from_slice(value.as_bytes()),
                Err(_) => {
                    let read = &text[..text.len() - after.len()];
                    return Err((1 + read.iter().filter(|byte| **byte == b'\n').count(), name));
                }
            },
        }
        rest = tail;
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// What the config has set: texts, numbers and booleans.
fn read(lua: &Lua, kept: &Table, place: &Shared) -> Result<BTreeMap<String, Setting>, String> {
    let set = std::mem::take(&mut place.lock().set);
    let mut settings = BTreeMap::new();
    for pair in kept.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|error| tell(&error, place))?;
        let name = key.to_string().unwrap_or_default();
        let at = set.get(&name).cloned().unwrap_or_default();
        let text = match &value {
            Value::Boolean(flag) => Some(flag.to_string()),
            Value::String(_) | Value::Integer(_) | Value::Number(_) if key.is_string() => {
                lua.coerce_string(value.clone()).ok().flatten().map(|text| text.to_string_lossy())
            }
            _ => None,
        };
        match text {
            Some(text) if key.is_string() => drop(settings.insert(name, Setting { text, at })),
            _ => {
                let kind = if key.is_string() { value.type_name() } else { "a key that is no name" };
                let wanted = "expected a string, a number or a boolean under a name";
                return Err(format!("{at}: Invalid config table key = {name} ({kind}; {wanted})"));
            }
        }
    }
    Ok(settings)
}

/// One line: what is wrong and where.
fn tell(error: &Error, place: &Shared) -> String {
    let mut error = error;
    while let Error::CallbackError { cause, .. } = error {
        error = cause;
    }
    let text = match error {
        Error::SyntaxError { message, .. } | Error::RuntimeError(message) => message.clone(),
        Error::MemoryError(_) => return place.blame(format_args!("the config uses more than {} MiB", MEMORY >> 20)),
        other => return place.blame(other),
    };
    let text = text.lines().next().unwrap_or_default().to_owned();
    let files = place.lock().read.clone();
    let named = files.iter().enumerate().rev();
    named.fold(text, |text, (index, file)| text.replace(&short(index), &file.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_stands_for_a_variable_of_the_environment() {
        let filled = |text: &str| fill_in(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(filled("a = '$' .. 1"), Ok("a = '$' .. 1".to_owned()));
        assert_eq!(filled("\n$SKYLOOM_NO_SUCH_THING"), Err((2, "SKYLOOM_NO_SUCH_THING".to_owned())));
        let path = std::env::var("PATH").unwrap_or_default();
        assert_eq!(filled("x$PATH/y"), Ok(format!("x{path}/y")));
    }
}
