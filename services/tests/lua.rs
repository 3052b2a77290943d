//! Rust and Lua services talk to each other without knowing it.

mod common;

use common::{Actor, Do};
use serde::{Deserialize, Serialize};
use skyloom::lua::{LuaFactory, Settings};
use skyloom::prelude::*;
use skyloom::test::Sim;

/// Adds things up.
#[derive(Default)]
struct Adder(i64);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ask {
    Add(i64),
    Join { nick: String, room: Option<String> },
    Fail,
    Forget,
}

impl Service for Adder {
    type Message = Ask;

    fn start(&mut self, ctx: &Context<Self>) -> Result<(), Error> {
        ctx.register("adder")
    }

    fn handle(&mut self, ctx: &Context<Self>, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Add(n) => {
                self.0 += n;
                ctx.reply((self.0, "in all"))
            }
            Ask::Join { nick, room } => ctx.reply(format!("{nick} in {}", room.unwrap_or("the hall".into()))),
            Ask::Fail => Err("no more".into()),
            Ask::Forget => {
                drop(ctx.promise());
                ctx.done()
            }
        }
    }
}

/// Runs `asks` in a Lua service that knows `adder`; its result comes back as text.
fn lua_says(asks: &str) -> String {
    let script = format!(
        r#"
        local skynet = require "skynet"
        skynet.start(function()
            skynet.dispatch("lua", function()
                local adder = ".adder"
                local function ask(...) return skynet.call(adder, "lua", ...) end
                skynet.retpack(table.concat(table.pack((function() {asks} end)()), " "))
            end)
        end)"#
    );
    let mut sim = Sim::new(1);
    sim.spawn(Adder::default());
    let lua = LuaFactory::new(Settings::default());
    let script = sim.node().spawn(lua.text("script", &script, &[]));
    sim.call(script, ()).unwrap()
}

#[test]
fn lua_calls_a_rust_service() {
    assert_eq!(lua_says("ask('add', 3) return ask('add', 4)"), "7 in all");
    assert_eq!(lua_says("return ask('join', {nick = 'ann'})"), "ann in the hall");
    assert_eq!(lua_says("return ask('join', {nick = 'ann', room = 'bar'})"), "ann in bar");
}

#[test]
fn an_error_of_a_rust_service_is_an_error_of_the_lua_call() {
    for asks in ["'fail'", "'forget'", "'dance'", "'add', 'five'", "'add', 5, 6"] {
        let expected = if asks.ends_with('6') { "true" } else { "false" };
        assert_eq!(lua_says(&format!("return tostring((pcall(ask, {asks})))")), expected, "{asks}");
    }
}

#[test]
fn rust_calls_a_lua_service_and_hears_its_errors_and_its_end() {
    let script = r#"
        local skynet = require "skynet"
        skynet.start(function()
            skynet.dispatch("lua", function(_, _, what, n)
                if what == "double" then skynet.retpack(n * 2)
                elseif what == "table" then skynet.retpack { name = n, list = { 1, 2, 3 } }
                elseif what == "exit" then skynet.exit()
                else error("what is " .. what) end
            end)
        end)"#;
    #[derive(Debug, PartialEq, Deserialize)]
    struct Table {
        name: String,
        list: Vec<u8>,
    }
    let mut sim = Sim::new(1);
    let lua = LuaFactory::new(Settings::default());
    let script = sim.node().spawn(lua.text("script", script, &[]));
    assert_eq!(sim.call(script, ("double", 21)), Ok(42));
    assert_eq!(sim.call(script, ("table", "x")), Ok(Table { name: "x".into(), list: vec![1, 2, 3] }));
    assert!(matches!(sim.call::<()>(script, "love"), Err(CallError::Refused(_))));
    assert!(sim.call::<()>(script, "exit").is_err());
    let actor = sim.spawn(Actor::default());
    assert_eq!(sim.call(actor, Do::Count), Ok(1), "others go on");
}
