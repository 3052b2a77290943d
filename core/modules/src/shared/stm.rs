//! One writer, many readers of a piece of bytes: what `skynet.stm` is made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlua::{AnyUserData, UserData, Value};

use super::store::{Blob, MAX_TOKENS, Store};
use crate::library::{Args, Fault, Library};

/// Publishes.
struct Writer(Arc<Blob>);

/// Remembers what it has read.
struct Copy {
    blob: Arc<Blob>,
    seen: AtomicU64,
}

impl UserData for Writer {}
impl UserData for Copy {}

/// Adds the functions to the module.
pub(crate) fn add(library: &Library<'_>, store: &Arc<Store>) -> mlua::Result<()> {
    library.add("writer", |lua, args| Ok(lua.create_userdata(Writer(Blob::new(&args.string(lua, 1)?.as_bytes())))?))?;
    library.add("write", |lua, args| {
        let writer = handle(args)?;
        let writer = writer.borrow::<Writer>().map_err(|_| wanted("writer"))?;
        writer.0.write(&args.string(lua, 2)?.as_bytes());
        Ok(())
    })?;
    let own = Arc::clone(store);
    library.add("issue", move |_, args| {
        let writer = handle(args)?;
        let writer = writer.borrow::<Writer>().map_err(|_| wanted("writer"))?;
        let token = own.issue(Arc::clone(&writer.0));
        token.ok_or_else(|| Fault::text(format!("{MAX_TOKENS} copies wait to be taken by newcopy")))
    })?;
    let own = Arc::clone(store);
    library.add("redeem", move |lua, args| {
        let blob = u64::try_from(args.integer(lua, 1)?).ok().and_then(|token| own.redeem(token));
        let blob = blob.ok_or_else(|| Fault::text("no such copy: each one can be taken once"))?;
        Ok(lua.create_userdata(Copy { blob, seen: AtomicU64::new(0) })?)
    })?;
    library.add("read", |lua, args| {
        let copy = handle(args)?;
        let copy = copy.borrow::<Copy>().map_err(|_| wanted("reader"))?;
        // Only this VM reads with it.
        match copy.blob.read(copy.seen.load(Ordering::Relaxed)) {
            Some((version, bytes)) => {
                copy.seen.store(version, Ordering::Relaxed);
                Ok(Value::String(lua.create_string(&*bytes)?))
            }
            None => Ok(Value::Nil),
        }
    })
}

fn handle(args: &Args) -> Result<AnyUserData, Fault> {
    match args.any(1) {
        Value::UserData(handle) => Ok(handle),
        _ => Err(wanted("object")),
    }
}

fn wanted(what: &str) -> Fault {
    Fault::argument(1, format!("stm {what} expected"))
}
