//! `lfs`: files and folders, as LuaFileSystem has them.
//!
//! Locks are left out. The current folder is the process's: `chdir` moves every service of every node in it, so
//! programs had better not.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mlua::{IntoLua, IntoLuaMulti, Lua, MultiValue, Table, UserData, UserDataMethods, Value};

use crate::library::{Args, Fault, Library};

pub(crate) fn open(lua: &Lua) -> mlua::Result<Value> {
    let library = Library::new(lua)?;
    library.set("_VERSION", "LuaFileSystem 1.8.0")?;
    library.add("attributes", |lua, args| attributes(lua, args, false))?;
    library.add("symlinkattributes", |lua, args| attributes(lua, args, true))?;
    library.add("mkdir", |lua, args| done(lua, fs::create_dir(args.text(lua, 1)?)))?;
    library.add("rmdir", |lua, args| done(lua, fs::remove_dir(args.text(lua, 1)?)))?;
    library.add("chdir", |lua, args| {
        let path = args.text(lua, 1)?;
        match std::env::set_current_dir(&path) {
            Ok(()) => Ok(true.into_lua_multi(lua)?),
            Err(error) => {
                let text = format!("Unable to change working directory to '{path}'\n{}\n", plain(&error));
                Ok((Value::Nil, text).into_lua_multi(lua)?)
            }
        }
    })?;
    library.add("currentdir", |lua, _| match std::env::current_dir() {
        Ok(path) => Ok(path.to_string_lossy().into_owned().into_lua_multi(lua)?),
        Err(error) => failed(lua, &error, ""),
    })?;
    library.add("touch", |lua, args| {
        let path = args.text(lua, 1)?;
        let now = SystemTime::now();
        let accessed = if args.is_none_or_nil(2) { now } else { time(args.integer(lua, 2)?) };
        let modified = if args.is_none_or_nil(3) { accessed } else { time(args.integer(lua, 3)?) };
        let times = fs::FileTimes::new().set_accessed(accessed).set_modified(modified);
        // A folder cannot be opened to be written to, but its times can be set all the same.
        done(lua, fs::File::open(path).and_then(|file| file.set_times(times)))
    })?;
    let next = library.function("next", |_, args| match args.any(1) {
        Value::UserData(data) => data.borrow_mut::<Listing>()?.next(),
        _ => Err(Fault::argument(1, "directory expected")),
    })?;
    library.add("dir", move |lua, args| {
        let path = args.text(lua, 1)?;
        let entries = fs::read_dir(&path).map_err(|e| Fault::text(format!("cannot open {path}: {}", plain(&e))))?;
        let listing = lua.create_userdata(Listing { dots: 0, entries: Some(entries) })?;
        // The last value is closed when the loop ends, however it ends.
        Ok((next.clone(), listing.clone(), Value::Nil, listing))
    })?;
    Ok(library.finish())
}

/// What is left of a folder.
struct Listing {
    dots: u8,
    entries: Option<fs::ReadDir>,
}

impl Listing {
    /// The next name; `.` and `..` are the first.
    fn next(&mut self) -> Result<Option<String>, Fault> {
        let entries = self.entries.as_mut().ok_or_else(|| Fault::text("closed directory"))?;
        if self.dots < 2 {
            self.dots += 1;
            return Ok(Some(".".repeat(usize::from(self.dots))));
        }
        match entries.next() {
            Some(Ok(entry)) => Ok(Some(entry.file_name().to_string_lossy().into_owned())),
            Some(Err(error)) => Err(Fault::text(plain(&error))),
            None => {
                self.entries = None;
                Ok(None)
            }
        }
    }
}

impl UserData for Listing {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("next", |_, this, ()| this.next().map_err(raised));
        methods.add_method_mut("close", |_, this, ()| {
            this.entries = None;
            Ok(())
        });
        methods.add_meta_method_mut("__close", |_, this, _: Value| {
            this.entries = None;
            Ok(())
        });
    }
}

fn raised(fault: Fault) -> mlua::Error {
    match fault {
        Fault::Text(text) | Fault::Argument { why: text, .. } => mlua::Error::runtime(text),
        Fault::Lua(error) => error,
    }
}

/// What the system says, without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn failed(lua: &Lua, error: &std::io::Error, about: &str) -> Result<MultiValue, Fault> {
    let number = error.raw_os_error().unwrap_or(0);
    Ok((Value::Nil, format!("{about}{}", plain(error)), number).into_lua_multi(lua)?)
}

fn done(lua: &Lua, outcome: std::io::Result<()>) -> Result<MultiValue, Fault> {
    match outcome {
        Ok(()) => Ok(true.into_lua_multi(lua)?),
        Err(error) => failed(lua, &error, ""),
    }
}

fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moved.unwrap_or(UNIX_EPOCH)
}

/// `(path)`, `(path, name of one)` or `(path, table to fill)`.
fn attributes(lua: &Lua, args: &Args, of_link: bool) -> Result<MultiValue, Fault> {
    let path = args.text(lua, 1)?;
    let found = if of_link { fs::symlink_metadata(&path) } else { fs::metadata(&path) };
    let metadata = match found {
        Ok(metadata) => metadata,
        Err(error) => {
            return failed(lua, &error, &format!("cannot obtain information from file '{path}': "));
        }
    };
    let table = match args.any(2) {
        Value::Table(table) => table,
        _ => lua.create_table()?,
    };
    fill(&table, &metadata)?;
    if of_link && let Ok(target) = fs::read_link(Path::new(&path)) {
        table.raw_set("target", target.to_string_lossy().into_owned())?;
    }
    match args.any(2) {
        Value::String(name) => match table.raw_get(&name)? {
            Value::Nil => Err(Fault::argument(2, format!("invalid attribute name '{}'", name.to_string_lossy()))),
            value => Ok(value.into_lua_multi(lua)?),
        },
        _ => Ok(table.into_lua(lua)?.into_lua_multi(lua)?),
    }
}

fn fill(table: &Table, metadata: &Metadata) -> mlua::Result<()> {
    let kind = metadata.file_type();
    let mode = match kind {
        _ if kind.is_file() => "file",
        _ if kind.is_dir() => "directory",
        _ if kind.is_symlink() => "link",
        _ => special(kind),
    };
    table.raw_set("mode", mode)?;
    table.raw_set("size", metadata.len())?;
    let seconds = |time: std::io::Result<SystemTime>| {
        time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
    };
    table.raw_set("access", seconds(metadata.accessed()))?;
    table.raw_set("modification", seconds(metadata.modified()))?;
    system(table, metadata)
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_socket() => "socket",
        _ if kind.is_fifo() => "named pipe",
        _ if kind.is_char_device() => "char device",
        _ if kind.is_block_device() => "block device",
        _ => "other",
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "other"
}

/// What only some systems know of a file.
#[cfg(unix)]
fn system(table: &Table, metadata: &Metadata) -> mlua::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let numbers = [
        ("dev", metadata.dev()),
        ("ino", metadata.ino()),
        ("nlink", metadata.nlink()),
        ("uid", metadata.uid().into()),
        ("gid", metadata.gid().into()),
        ("rdev", metadata.rdev()),
        ("blocks", metadata.blocks()),
        ("blksize", metadata.blksize()),
    ];
    for (name, number) in numbers {
        table.raw_set(name, number)?;
    }
    table.raw_set("change", metadata.ctime())?;
    let letters = ['r', 'w', 'x'].iter().cycle().take(9).enumerate();
    let permissions = letters.map(|(at, letter)| if metadata.mode() >> (8 - at) & 1 == 1 { *letter } else { '-' });
    table.raw_set("permissions", permissions.collect::<String>())
}

#[cfg(not(unix))]
fn system(table: &Table, metadata: &Metadata) -> mlua::Result<()> {
    let permissions = if metadata.permissions().readonly() { "r--r--r--" } else { "rw-rw-rw-" };
    table.raw_set("permissions", permissions)
}
