//! Modules in Rust that Lua services require.
//!
//! What Skynet and its users have as modules in C: digests and keys (`skynet.crypt`, `md5`), values
//! as bytes (`cjson`, `sproto`, `bson`) and folders (`lfs`). They know mlua and the formats of
//! `skyloom-wire`, and nothing of the kernel: a service that requires none of them pays nothing.
//! There is no `lpeg`: it is C only.
//!
//! ```
//! let lua = mlua::Lua::new();
//! for (name, open) in skyloom_modules::all() {
//!     lua.register_module(name, open(&lua)?)?;
//! }
//! let hex: String = lua.load("return require 'md5'.sumhexa 'abc'").eval()?;
//! assert_eq!(hex, "900150983cd24fb0d6963f7d28e17f72");
//! # Ok::<(), mlua::Error>(())
//! ```
#![forbid(unsafe_code)]

mod library;
mod crypt;
mod bson;
mod cjson;
mod http;
mod lfs;
mod md5;
mod shared;
mod sproto;

/// Makes a module for the VM that requires it.
pub type Open = Box<dyn Fn(&mlua::Lua) -> mlua::Result<mlua::Value> + Send + Sync>;

/// All modules by the names that scripts require them by.
///
/// VMs that are given the modules of one list share the slots of `sprotoloader`: one list is made for a node.
#[must_use]
pub fn all() -> Vec<(&'static str, Open)> {
    let slots = sproto::Slots::default();
    vec![
        ("skynet.crypt", Box::new(crypt::open)),
        ("client.crypt", Box::new(crypt::open)),
        ("md5", Box::new(md5::open)),
        ("md5.core", Box::new(md5::open)),
        ("skyloom.shared", shared::opener()),
        ("http.core", Box::new(http::open)),
        ("cjson", Box::new(cjson::open)),
        ("cjson.safe", Box::new(cjson::open_safe)),
        ("lfs", Box::new(lfs::open)),
        ("bson", Box::new(bson::open)),
        ("sproto.core", Box::new(move |lua| sproto::open(lua, &slots))),
        ("sprotoparser", Box::new(sproto::open_parser)),
    ]
}
