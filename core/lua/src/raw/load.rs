//! Scripts into functions: from the cache if they are known, else compiled and kept.

use std::ffi::{CString, c_int, c_void};
use std::path::Path;
use std::sync::Arc;

use mlua::ffi::{self, lua_State};

use super::calm::Calm;
use super::host::{Host, home_of, host_of, push_bytes, raise};
use crate::chunks::{Chunk, Found};

/// Pushes the function of a script, or the text of what is wrong with it. `[-0, +1, -]`
///
/// # Safety
///
/// `l` is a state of `host`'s VM with four free places.
pub(super) unsafe fn load(l: *mut lua_State, host: *mut Host, found: Found) -> bool {
    // SAFETY: calm, so that nothing raises past `found`. The bytecode came from `lua_dump` of
    // this same Lua and never changes; the host keeps it until the VM is closed, so the VM may
    // use it where it lies (mode "B").
    unsafe {
        let _calm = Calm::enter(host);
        match found {
            Found::Compiled(chunk, name) => {
                let name = c_name(name);
                let status = ffi::luaL_loadbufferx(l, chunk.as_ptr().cast(), chunk.len(), name.as_ptr(), c"B".as_ptr());
                (*host).chunks.push(chunk);
                status == ffi::LUA_OK
            }
            Found::Text(source, stamp) => {
                let name = c_name(source.name);
                let text = &source.text;
                let status = ffi::luaL_loadbufferx(l, text.as_ptr().cast(), text.len(), name.as_ptr(), c"t".as_ptr());
                if status != ffi::LUA_OK {
                    return false;
                }
                let start = (*host).buffer.len();
                if ffi::lua_dump(l, write, host.cast(), 0) == 0 {
                    let chunk = Chunk::new(&(&(*host).buffer)[start..]);
                    home_of(host).chunks.keep(stamp, Arc::new(chunk));
                }
                (*host).buffer.truncate(start);
                true
            }
        }
    }
}

/// A name for Lua; what cannot be in a C string is not in a name either.
fn c_name(name: String) -> CString {
    CString::new(name.replace('\0', "?")).unwrap_or_default()
}

/// Appends dumped bytes to the host's buffer.
pub(super) unsafe extern "C-unwind" fn write(
    _: *mut lua_State,
    bytes: *const c_void,
    len: usize,
    host: *mut c_void,
) -> c_int {
    if !bytes.is_null() {
        // SAFETY: `lua_dump` gives `len` bytes; `host` is what `load` passed, and no reference
        // into it is alive while Lua dumps.
        unsafe {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), len);
            (*host.cast::<Host>()).buffer.extend_from_slice(bytes);
        }
    }
    0
}

/// Pushes the function of a file, or the text of what is wrong with it. `[-0, +1, -]`
///
/// # Safety
///
/// As [`load`].
pub(super) unsafe fn load_file(l: *mut lua_State, host: *mut Host, path: &Path) -> bool {
    // SAFETY: as `load`.
    unsafe {
        let found = home_of(host).chunks.file(path);
        match found {
            Ok(found) => load(l, host, found),
            Err(error) => {
                let _calm = Calm::enter(host);
                push_bytes(l, format!("cannot open {}: {error}", path.display()).as_bytes());
                false
            }
        }
    }
}

/// The path in a string argument. `[-0, +0, v]`
unsafe fn path_at<'a>(l: *mut lua_State, index: c_int) -> &'a Path {
    // SAFETY: called from a C function; the string stays on its stack while the path is used.
    unsafe {
        ffi::luaL_checkstring(l, index);
        let bytes = super::host::bytes_at(l, index);
        match std::str::from_utf8(bytes) {
            Ok(text) => Path::new(text),
            Err(_) => raise(l, format_args!("a file name must be UTF-8")),
        }
    }
}

lua_fn! {
    /// `loadfile(path [, mode [, env]])`: text only, and from the cache.
    fn loadfile(l) {
        let host = host_of(l);
        let path = path_at(l, 1);
        let has_env = ffi::lua_type(l, 3) != ffi::LUA_TNONE;
        if !load_file(l, host, path) {
            ffi::lua_pushnil(l);
            ffi::lua_rotate(l, -2, 1);
            return 2;
        }
        if has_env {
            ffi::lua_pushvalue(l, 3);
            if ffi::lua_setupvalue(l, -2, 1).is_null() {
                ffi::lua_pop(l, 1);
            }
        }
        1
    }

    /// `dofile(path)`: may wait.
    fn dofile(l) {
        let host = host_of(l);
        let path = path_at(l, 1);
        ffi::lua_settop(l, 1);
        if !load_file(l, host, path) {
            ffi::lua_error(l);
        }
        ffi::lua_callk(l, 0, ffi::LUA_MULTRET, 0, Some(done));
        ffi::lua_gettop(l) - 1
    }

    /// `load(chunk [, name [, mode [, env]]])`: Lua's own (an upvalue), which takes text only.
    fn load_text(l) {
        if ffi::lua_gettop(l) < 3 {
            ffi::lua_settop(l, 3);
        }
        ffi::lua_pushstring(l, c"t".as_ptr());
        ffi::lua_replace(l, 3);
        ffi::lua_pushvalue(l, ffi::lua_upvalueindex(1));
        ffi::lua_rotate(l, 1, 1);
        ffi::lua_call(l, ffi::lua_gettop(l) - 1, ffi::LUA_MULTRET);
        ffi::lua_gettop(l)
    }
}

lua_continuation! {
    fn done(l, _context) {
        ffi::lua_gettop(l) - 1
    }
}
