//! The Lua host: runs Skynet services on the kernel.
//!
//! A message is decoded straight onto the stack of a pooled coroutine, which is resumed with the
//! user's handler; `skynet.call` is a C function that sends and yields, and its results are what
//! the host decodes onto the stack when the answer comes. No Lua code of ours runs in between.
//! Which coroutine runs next is decided by a pure scheduler; `raw` drives Lua with its
//! answers and is the only place where `unsafe` is allowed.
//!
//! Deliberately absent: a patched Lua, a standing count hook, and pointers in the hands of
//! scripts (they hold keys).

mod scheduler;
mod keys;
mod inbox;
mod chunks;
mod pattern;
mod workers;
mod home;
mod raw;
mod service;
mod factory;

pub use factory::{Builder, Builtins, LuaFactory};
pub use home::{Module, Settings};
