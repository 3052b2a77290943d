//! The chat demo, end to end: the built binary, real sockets, a real browser.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod chrome;
mod guests;
mod wrong;
