//! `require`, able to wait.
//!
//! Looks where Lua's own does (`package.loaded`, then `package.searchers`), but the second
//! searcher is ours: modules of the program first, then files through the cache of chunks. A
//! module's chunk may wait; a second coroutine that requires it meanwhile waits for the first.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

use super::calm::Calm;
use super::host::{Host, Outcome, bytes_at, home_of, host_of, push_bytes, push_text, raise, tag_of};
use super::load::{load, load_file};
use super::modules::{self, Builtin};
use super::threads::NO_SLOT;
use crate::scheduler::Token;

/// Registry field: modules that are being loaded, each with who loads it and who waits.
const LOADING: &CStr = c"skyloom.loading";
/// Metatable of those entries.
const ENTRY: &CStr = c"skyloom.loading.entry";

/// Pushes a module of the program, opening it if need be. `[-0, +1, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn push_module(l: *mut lua_State, name: &CStr) {
    // SAFETY: by contract.
    unsafe {
        ffi::luaL_checkstack(l, 6, std::ptr::null());
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, ffi::LUA_LOADED_TABLE);
        if ffi::lua_getfield(l, -1, name.as_ptr()) == ffi::LUA_TNIL {
            ffi::lua_pop(l, 1);
            ffi::lua_pushcfunction(l, require);
            ffi::lua_pushstring(l, name.as_ptr());
            ffi::lua_call(l, 1, 1);
        }
        ffi::lua_rotate(l, -2, 1);
        ffi::lua_pop(l, 1);
    }
}

lua_fn! {
    /// `require(name)`.
    fn require(l) {
        ffi::luaL_checkstring(l, 1);
        ffi::lua_settop(l, 1);
        look(l)
    }

    /// The second searcher: `(name)` to a loader and where it is from, or why there is none.
    fn search(l) {
        let host = host_of(l);
        ffi::luaL_checkstring(l, 1);
        ffi::lua_settop(l, 1);
        let name = bytes_at(l, 1);
        let name = match std::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => raise(l, format_args!("the name of a module must be UTF-8")),
        };
        if let Some(builtin) = modules::find(name) {
            match builtin {
                Builtin::Open(open) => ffi::lua_pushcfunction(l, open),
                Builtin::Text(text) => {
                    let loaded = {
                        let _calm = Calm::enter(host);
                        let found = home_of(host).chunks.embedded(name, text);
                        load(l, host, found)
                    };
                    if !loaded {
                        ffi::lua_error(l);
                    }
                }
            }
            ffi::lua_pushstring(l, c"(built in)".as_ptr());
            return 2;
        }
        if home_of(host).modules.contains_key(name) {
            ffi::lua_pushcfunction(l, super::rust_module::open);
            ffi::lua_pushstring(l, c"(in Rust)".as_ptr());
            return 2;
        }
        search_files(l, host)
    }
}

/// `require` without its arguments checked: the name is all that is on the stack.
unsafe fn look(l: *mut lua_State) -> c_int {
    // SAFETY: called from C functions and continuations, by the law.
    unsafe {
        let host = host_of(l);
        // 1 name, 2 loaded
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, ffi::LUA_LOADED_TABLE);
        ffi::lua_pushvalue(l, 1);
        if ffi::lua_gettable(l, 2) != ffi::LUA_TNIL && ffi::lua_toboolean(l, -1) != 0 {
            return 1;
        }
        ffi::lua_pop(l, 1);
        // 3 loading
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, LOADING.as_ptr());
        ffi::lua_pushvalue(l, 1);
        if ffi::lua_rawget(l, 3) == ffi::LUA_TTABLE {
            return wait_for_other(l, host);
        }
        ffi::lua_pop(l, 1);
        find_loader(l);
        // 4 loader, 5 its data: between them goes the entry, which is closed in any case
        push_entry(l);
        ffi::lua_rotate(l, 4, 1);
        // 4 entry, 5 loader, 6 data
        ffi::lua_pushvalue(l, 1);
        ffi::lua_pushvalue(l, 4);
        ffi::lua_rawset(l, 3);
        // By coroutine the innermost of those that it loads.
        ffi::lua_pushthread(l);
        ffi::lua_rawget(l, 3);
        ffi::lua_setfield(l, 4, c"outer".as_ptr());
        ffi::lua_pushthread(l);
        ffi::lua_pushvalue(l, 4);
        ffi::lua_rawset(l, 3);
        ffi::lua_toclose(l, 4);
        ffi::lua_pushvalue(l, 6);
        ffi::lua_rotate(l, 5, 1);
        // 5 data, 6 loader, 7 data
        ffi::lua_pushvalue(l, 1);
        ffi::lua_rotate(l, 7, 1);
        ffi::lua_callk(l, 2, 1, 0, Some(loaded));
        initialise(l, 1)
    }
}

lua_continuation! {
    fn loaded(l, _context) {
        initialise(l, 1)
    }

    /// One of the module's initialisers had waited, and has returned.
    fn initialised(l, next) {
        initialise(l, next)
    }

    /// The other coroutine has loaded it, or failed.
    fn waited(l, _context) {
        let host = host_of(l);
        if super::api_message::check_resumed(l, host) == Outcome::Error {
            ffi::lua_error(l);
        }
        ffi::lua_settop(l, 1);
        look(l)
    }
}

/// Runs what the module's chunk gave to `skynet.init`, from number `next` on: the stack as in `finish`.
unsafe fn initialise(l: *mut lua_State, mut next: ffi::lua_KContext) -> c_int {
    // SAFETY: as `look`.
    unsafe {
        loop {
            ffi::lua_settop(l, 6);
            if ffi::lua_getfield(l, 4, c"inits".as_ptr()) != ffi::LUA_TTABLE
                || ffi::lua_rawgeti(l, 7, next as ffi::lua_Integer) == ffi::LUA_TNIL
            {
                ffi::lua_settop(l, 6);
                return finish(l);
            }
            next += 1;
            ffi::lua_callk(l, 0, 0, next, Some(initialised));
        }
    }
}

/// Remembers the function at 1 as an initialiser of the module that this coroutine loads; `false`
/// if it loads none. `[-0, +0, v]`
///
/// # Safety
///
/// Called from a C function, by the law.
pub(super) unsafe fn remember_init(l: *mut lua_State) -> bool {
    // SAFETY: by contract.
    unsafe {
        ffi::luaL_checktype(l, 1, ffi::LUA_TFUNCTION);
        ffi::lua_settop(l, 1);
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, LOADING.as_ptr());
        ffi::lua_pushthread(l);
        let found = ffi::lua_rawget(l, 2) == ffi::LUA_TTABLE;
        if found {
            ffi::luaL_getsubtable(l, 3, c"inits".as_ptr());
            let count = ffi::lua_rawlen(l, 4);
            ffi::lua_pushvalue(l, 1);
            ffi::lua_rawseti(l, 4, count as ffi::lua_Integer + 1);
        }
        ffi::lua_settop(l, 1);
        found
    }
}

/// Keeps what the loader returned: 1 name, 2 loaded, 3 loading, 4 entry, 5 data, 6 result.
unsafe fn finish(l: *mut lua_State) -> c_int {
    // SAFETY: as `look`.
    unsafe {
        if ffi::lua_type(l, 6) != ffi::LUA_TNIL {
            ffi::lua_pushvalue(l, 1);
            ffi::lua_pushvalue(l, 6);
            ffi::lua_settable(l, 2);
        }
        ffi::lua_settop(l, 5);
        ffi::lua_pushvalue(l, 1);
        if ffi::lua_gettable(l, 2) == ffi::LUA_TNIL {
            ffi::lua_pop(l, 1);
            ffi::lua_pushboolean(l, 1);
            ffi::lua_pushvalue(l, 1);
            ffi::lua_pushvalue(l, 6);
            ffi::lua_settable(l, 2);
        }
        ffi::lua_pushvalue(l, 5);
        ffi::lua_closeslot(l, 4);
        2
    }
}

/// Somebody loads this module already; the entry is on top.
unsafe fn wait_for_other(l: *mut lua_State, host: *mut Host) -> c_int {
    // SAFETY: as `look`.
    unsafe {
        ffi::lua_rawgeti(l, -1, 1);
        let loader = ffi::lua_tothread(l, -1);
        ffi::lua_pop(l, 1);
        let slot = (*tag_of(l)).slot;
        if loader == l || slot == NO_SLOT || slot != (*host).current || ffi::lua_isyieldable(l) == 0 {
            (*host).text = format!("circular dependency: {} is being loaded", String::from_utf8_lossy(bytes_at(l, 1)));
            super::host::raise_text(l, host);
        }
        let count = ffi::lua_rawlen(l, -1);
        ffi::lua_pushthread(l);
        ffi::lua_rawseti(l, -2, count as ffi::lua_Integer + 1);
        let session = super::host::passed(l, super::host::fence(|| super::api_message::fresh(host)));
        let Some(session) = session else { raise(l, format_args!("the service has ended")) };
        (*host).scheduler.wait_wakeup(slot, session, Token(slot));
        ffi::lua_settop(l, 1);
        (*host).yielded = true;
        ffi::lua_yieldk(l, 0, 0, Some(waited))
    }
}

/// Pushes the entry of a module that this coroutine begins to load. `[-0, +1, m]`
unsafe fn push_entry(l: *mut lua_State) {
    // SAFETY: called from `look`.
    unsafe {
        ffi::lua_createtable(l, 2, 1);
        ffi::lua_pushthread(l);
        ffi::lua_rawseti(l, -2, 1);
        ffi::lua_pushvalue(l, 1);
        ffi::lua_setfield(l, -2, c"name".as_ptr());
        if ffi::luaL_newmetatable(l, ENTRY.as_ptr()) != 0 {
            ffi::lua_pushcfunction(l, close_entry);
            ffi::lua_setfield(l, -2, c"__close".as_ptr());
        }
        ffi::lua_setmetatable(l, -2);
    }
}

lua_fn! {
    /// `__close` of an entry: the loading is over, one way or the other; those who wait look again.
    fn close_entry(l) {
        let host = host_of(l);
        ffi::lua_settop(l, 1);
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, LOADING.as_ptr());
        ffi::lua_getfield(l, 1, c"name".as_ptr());
        ffi::lua_pushnil(l);
        ffi::lua_rawset(l, 2);
        ffi::lua_rawgeti(l, 1, 1);
        ffi::lua_getfield(l, 1, c"outer".as_ptr());
        ffi::lua_rawset(l, 2);
        for waiter in 2..=ffi::lua_rawlen(l, 1) {
            ffi::lua_rawgeti(l, 1, waiter as ffi::lua_Integer);
            let slot = (*tag_of(ffi::lua_tothread(l, -1))).slot;
            if slot != NO_SLOT {
                (*host).scheduler.wakeup(Token(slot));
            }
            ffi::lua_pop(l, 1);
        }
        0
    }
}

/// Asks each searcher; pushes loader and data, or raises with all they said. `[-0, +2, v]`
unsafe fn find_loader(l: *mut lua_State) {
    // SAFETY: called from `look` with three values on the stack.
    unsafe {
        ffi::luaL_checkstack(l, 10, std::ptr::null());
        ffi::lua_getfield(l, 2, c"package".as_ptr());
        if ffi::lua_getfield(l, -1, c"searchers".as_ptr()) != ffi::LUA_TTABLE {
            raise(l, format_args!("'package.searchers' must be a table"));
        }
        ffi::lua_rotate(l, -2, 1);
        ffi::lua_pop(l, 1);
        // 4 searchers, 5 what was said so far
        ffi::lua_pushstring(l, c"".as_ptr());
        let mut index = 1;
        loop {
            if ffi::lua_rawgeti(l, 4, index) == ffi::LUA_TNIL {
                ffi::lua_pop(l, 1);
                ffi::luaL_error(
                    l,
                    c"module '%s' not found:%s".as_ptr(),
                    ffi::lua_tolstring(l, 1, std::ptr::null_mut()),
                    ffi::lua_tolstring(l, 5, std::ptr::null_mut()),
                );
            }
            ffi::lua_pushvalue(l, 1);
            ffi::lua_call(l, 1, 2);
            if ffi::lua_type(l, -2) == ffi::LUA_TFUNCTION {
                ffi::lua_replace(l, 5);
                ffi::lua_replace(l, 4);
                // 4 loader, 5 data
                return;
            }
            if ffi::lua_type(l, -2) == ffi::LUA_TSTRING {
                ffi::lua_pop(l, 1);
                ffi::lua_pushstring(l, c"\n\t".as_ptr());
                ffi::lua_rotate(l, -2, 1);
                ffi::lua_concat(l, 3);
            } else {
                ffi::lua_pop(l, 2);
            }
            index += 1;
        }
    }
}

/// Looks for the module at 1 in the templates of `package.path`. `[-0, +(1|2), v]`
unsafe fn search_files(l: *mut lua_State, host: *mut Host) -> c_int {
    // SAFETY: called from `search` with the name on the stack, which is UTF-8.
    unsafe {
        ffi::luaL_getsubtable(l, ffi::LUA_REGISTRYINDEX, ffi::LUA_LOADED_TABLE);
        ffi::lua_getfield(l, -1, c"package".as_ptr());
        if ffi::lua_getfield(l, -1, c"path".as_ptr()) != ffi::LUA_TSTRING {
            raise(l, format_args!("'package.path' must be a string"));
        }
        let found = {
            let _calm = Calm::enter(host);
            let name = String::from_utf8_lossy(bytes_at(l, 1)).replace('.', "/");
            let path = String::from_utf8_lossy(bytes_at(l, -1)).into_owned();
            let mut said = String::new();
            let mut found = None;
            for template in path.split(';').filter(|template| !template.is_empty()) {
                let file = std::path::PathBuf::from(template.replace('?', &name));
                if file.is_file() {
                    found = Some(file);
                    break;
                }
                if !said.is_empty() {
                    said.push_str("\n\t");
                }
                said.push_str(&format!("no file '{}'", file.display()));
            }
            match found {
                Some(file) => {
                    let loaded = load_file(l, host, &file);
                    push_bytes(l, file.to_string_lossy().as_bytes());
                    Some(loaded)
                }
                None => {
                    (*host).text = said;
                    None
                }
            }
        };
        match found {
            Some(true) => 2,
            Some(false) => {
                // The text of the error is below the name of the file.
                ffi::luaL_error(
                    l,
                    c"error loading module '%s' from file '%s':\n\t%s".as_ptr(),
                    ffi::lua_tolstring(l, 1, std::ptr::null_mut()),
                    ffi::lua_tolstring(l, -1, std::ptr::null_mut()),
                    ffi::lua_tolstring(l, -2, std::ptr::null_mut()),
                )
            }
            None => {
                push_text(l, host);
                1
            }
        }
    }
}
