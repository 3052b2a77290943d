//! HTTP and WebSocket of Lua services, against raw bytes and against each other.
#![allow(unreachable_pub, missing_debug_implementations, reason = "nobody else uses these")]

mod site;

mod url;
mod requests;
mod responses;
mod client;
mod answers;
mod handshakes;
mod frames;
mod talk;
mod damage;
