//! The program `skyloom`, and it alone, exports Lua's C API: modules in C that a project has
//! compiled for Lua 5.5 find it there, as they do in Skynet.

use std::path::Path;

/// What a module in C may use.
const LUA: &str = "{ lua_*; luaL_*; luaopen_*; };\n";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=services/cli/build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_VENDOR") == "apple" {
        println!("cargo::rustc-link-arg-bins=-Wl,-export_dynamic");
    } else if variable("CARGO_CFG_TARGET_FAMILY") == "unix" {
        // A list and not all of it: what is exported is kept, needed or not.
        let list = Path::new(&variable("OUT_DIR")).join("lua.exports");
        std::fs::write(&list, LUA)?;
        println!("cargo::rustc-link-arg-bins=-Wl,--dynamic-list={}", list.display());
    }
    Ok(())
}
