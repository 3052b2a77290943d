//! Data that all services of a node share: `sharedata`, `sharetable`, `datasheet`, `stm`.
#![allow(unreachable_pub, dead_code, missing_debug_implementations, reason = "shared with other tests")]

#[path = "../common/mod.rs"]
mod common;

#[path = "../lua_services/house.rs"]
mod house;

use skyloom::lua::LuaFactory;

use house::House;

/// A node in virtual time whose services find the modules in Rust.
fn house(scripts: &[(&str, &str)]) -> House {
    let mut house = House::new(scripts);
    let builder = LuaFactory::builder(house::settings(&house.folder));
    let equipped = skyloom_modules::all().into_iter().fold(builder, |lua, (name, open)| lua.module(name, open));
    house.lua = equipped.build();
    house
}

mod data;
mod many;
mod maps;
mod sheets;
mod stm;
mod tables;
