//! The services that every node offers to Lua programs, and the modules that speak with them.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

#[path = "../common/mod.rs"]
mod common;

mod house;

mod bootstrap;
mod catalogue;
mod console;
mod datacenter;
mod functions;
mod launcher;
mod mqueue;
mod multicast;
mod names;
mod snax;
mod unique;
