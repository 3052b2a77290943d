//! Data that all services of a node share: `sharedata`, `sharetable`, `datasheet`, `stm`.
#![allow(unreachable_pub, dead_code, missing_debug_implementations, reason = "shared with other tests")]

#[path = "../common/mod.rs"]
mod common;

#[path = "../lua_services/house.rs"]
mod house;

mod data;
mod many;
mod sheets;
mod stm;
mod tables;
