//! Shows a service and a call to it: `Echo` answers what it is told.
//! Run: `cargo run --example 01_ping`
//! Prints:
//! ```text
//! echo says: hello, world
//! echo says: nothing
//! echo refuses: too loud
//! ```
#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use skyloom::prelude::*;

/// Without state.
struct Echo;

/// What it understands. A Lua service would say `skynet.call(echo, "lua", "say", "hello")`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Say(String),
    Nothing,
}

impl Service for Echo {
    type Message = Ask;

    fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Say(text) if text.ends_with('!') => Err("too loud".into()),
            Ask::Say(text) => ctx.reply(text),
            Ask::Nothing => ctx.reply("nothing"),
        }
    }
}

fn main() -> Result<(), Error> {
    let skyloom = Skyloom::builder().start()?;
    let echo = skyloom.spawn(Echo);
    let second = Duration::from_secs(1);

    let said: String = skyloom.call_blocking(echo, Ask::Say("hello, world".into()), second)?;
    println!("echo says: {said}");
    let said: String = skyloom.call_blocking(echo, Ask::Nothing, second)?;
    println!("echo says: {said}");
    match skyloom.call_blocking::<String>(echo, Ask::Say("hello!".into()), second) {
        Ok(said) => println!("echo says: {said}"),
        Err(error) => println!("echo refuses: {error}"),
    }

    skyloom.stop(Duration::from_secs(5))?;
    Ok(())
}
