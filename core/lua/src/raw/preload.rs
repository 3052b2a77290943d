//! Skynet's `preload`: a file that runs before the script of each service, with its name and arguments.

use mlua::ffi::{self, lua_State};

use super::host::{Host, home_of};
use super::load::{load, load_file};

/// Runs one after the other, in one coroutine: both may wait.
const BOTH: &str = "local main, preload = ...\npreload(select(3, ...))\nreturn main(select(4, ...))\n";

/// Takes the script's function from the stack and pushes what is to be called in its place, with the
/// first of its arguments; the script's own follow. `false` leaves the text of what is wrong. `[-1, +(1|4), -]`
///
/// # Safety
///
/// `l` is a state of `host`'s VM with six free places, and nothing is strict.
pub(super) unsafe fn wrap(l: *mut lua_State, host: *mut Host) -> bool {
    // SAFETY: by contract nothing raises; the globals have no metatable yet.
    unsafe {
        let file = std::path::Path::new(&home_of(host).settings.preload);
        if !load_file(l, host, file) {
            return false;
        }
        let both = home_of(host).chunks.embedded("(preload)", BOTH);
        if !load(l, host, both) {
            return false;
        }
        ffi::lua_rotate(l, -3, 1);
        ffi::lua_getglobal(l, c"SERVICE_NAME".as_ptr());
        true
    }
}
