//! Shows a module in Rust that Lua services `require`, registered with mlua in a few lines.
//! Run: `cargo run --example 05_rust_module`
//! Prints:
//! ```text
//! 3 words, 13 letters
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::time::Duration;

use skyloom::prelude::*;

/// Opens the module: called once in each service that requires it.
fn words(lua: &mlua::Lua) -> mlua::Result<mlua::Value> {
    let module = lua.create_table()?;
    module.set("count", lua.create_function(|_, text: String| Ok(text.split_whitespace().count()))?)?;
    module.set(
        "letters",
        lua.create_function(|_, text: mlua::Value| match text.as_string() {
            Some(text) => Ok(text.to_str()?.chars().filter(|letter| letter.is_alphabetic()).count()),
            // An error of the module is an error of Lua, with the line of the script.
            None => Err(mlua::Error::runtime(format!("not a text: {}", text.to_string()?))),
        })?,
    )?;
    Ok(mlua::Value::Table(module))
}

/// A service that uses it like any other module.
const COUNTER: &str = r#"
    local skynet = require "skynet"
    local words = require "words"

    skynet.start(function()
        skynet.dispatch("lua", function(_, _, text)
            skynet.retpack(words.count(text), words.letters(text))
        end)
    end)
"#;

fn main() -> Result<(), Error> {
    let lua = |lua: skyloom::lua::Builder| lua.module("words", words).builtin("counter", COUNTER);
    let skyloom = Skyloom::builder().workers(1).lua_with(lua).start()?;
    let counter = skyloom.spawn_lua("counter", &[])?;
    let counted = skyloom.call_blocking(counter, "some words here", Duration::from_secs(5))?;
    let (words, letters): (u32, u32) = counted;
    println!("{words} words, {letters} letters");
    skyloom.stop(Duration::from_secs(5))?;
    Ok(())
}
