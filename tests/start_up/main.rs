//! `skyloom CONFIG` starts a project of Skynet's, and fails more helpfully.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

#[path = "../common/mod.rs"]
mod common;
mod project;
mod begin;
mod refuse;
mod log;
mod daemon;
mod check;
mod native;
