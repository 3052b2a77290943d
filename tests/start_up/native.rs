//! Modules in C, built against Lua 5.5: the program has the C API that they want.

use std::process::{Command, Stdio};

use crate::common::skip;
use crate::project::Project;

/// A module with a function, a userdata and an error. The headers are not at hand, so it says itself what it uses.
const MODULE: &str = r#"
#include <stddef.h>
typedef struct lua_State lua_State;
typedef int (*lua_CFunction)(lua_State *);
typedef struct luaL_Reg { const char *name; lua_CFunction func; } luaL_Reg;
extern void luaL_checkversion_(lua_State *, double, size_t);
extern long long luaL_checkinteger(lua_State *, int);
extern const char *luaL_checklstring(lua_State *, int, size_t *);
extern int luaL_error(lua_State *, const char *, ...);
extern void luaL_setfuncs(lua_State *, const luaL_Reg *, int);
extern void lua_createtable(lua_State *, int, int);
extern void lua_pushinteger(lua_State *, long long);
extern void *lua_newuserdatauv(lua_State *, size_t, int);

static int double_it(lua_State *l) { lua_pushinteger(l, 2 * luaL_checkinteger(l, 1)); return 1; }
static int fail(lua_State *l) { return luaL_error(l, "not %s", luaL_checklstring(l, 1, NULL)); }
static int make(lua_State *l) { lua_newuserdatauv(l, 16, 1); return 1; }

int luaopen_fast_math(lua_State *l) {
    static const luaL_Reg functions[] = { {"double", double_it}, {"fail", fail}, {"make", make}, {NULL, NULL} };
    luaL_checkversion_(l, 505, sizeof(long long) * 16 + sizeof(double));
    lua_createtable(l, 0, 3);
    luaL_setfuncs(l, functions, 0);
    return 1;
}
"#;

const USER: &str = "skynet.start(function()
    local fast = require 'fast.math'
    local ok, why = pcall(fast.fail, 'today')
    skynet.error(fast.double(21), ok, why, type(fast.make()))
    skynet.abort()
end)";

#[test]
fn a_service_requires_a_module_in_c_from_the_lua_cpath() {
    let project = Project::new("native", &[("main", USER)]);
    project.write("math.c", MODULE);
    std::fs::create_dir_all(project.folder.0.join("luaclib/fast")).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o", "luaclib/fast/math.so", "math.c"]).current_dir(&project.folder.0);
    if cfg!(target_vendor = "apple") {
        cc.args(["-undefined", "dynamic_lookup"]);
    }
    match cc.stdin(Stdio::null()).status() {
        Err(_) => return skip("cc"),
        Ok(status) => assert!(status.success()),
    }
    project.run("lua_cpath = './luaclib/?.so'").says("] 42 false not today userdata\n");
    project.run("").says("42");
}

#[test]
fn a_module_that_is_nowhere_is_an_error_that_names_where_it_was_looked_for() {
    let project = Project::new("no-native", &[("main", "require 'fast.math'")]);
    let ran = project.run("lua_cpath = './luaclib/?.so'");
    ran.fails(&["module 'fast.math' not found"]);
    assert!(ran.out().contains("./luaclib/fast/math.so"), "{}", ran.out());
}
