//! The only place where `unsafe` is allowed: what drives Lua through its C interface.
//!
//! `README.md` beside this file is the law that every block below obeys; the proofs at the
//! blocks refer to it as "the law". What this module exports is safe for every caller.
#![allow(unsafe_code, reason = "the fence of the house: nothing outside this folder may")]

/// A C function for Lua: `fn name(l) { body }`, where the body returns the number of results.
macro_rules! lua_fn {
    ($($(#[$about:meta])* fn $name:ident($l:ident) $body:block)+) => {$(
        $(#[$about])*
        pub(super) unsafe extern "C-unwind" fn $name($l: *mut mlua::ffi::lua_State) -> std::ffi::c_int {
            // SAFETY: Lua calls it with a running state of a VM of ours and 20 free places. The
            // body obeys the law: nothing that needs dropping is alive where Lua may raise, no
            // reference into the host is alive across a call into Lua, panics stop at a fence.
            unsafe { $body }
        }
    )+};
}

/// The same for what goes on after a yield or a call: `fn name(l, status, context) { body }`.
macro_rules! lua_continuation {
    ($($(#[$about:meta])* fn $name:ident($l:ident, $context:ident) $body:block)+) => {$(
        $(#[$about])*
        pub(super) unsafe extern "C-unwind" fn $name(
            $l: *mut mlua::ffi::lua_State,
            _status: std::ffi::c_int,
            $context: mlua::ffi::lua_KContext,
        ) -> std::ffi::c_int {
            // SAFETY: as for every C function of ours, see `lua_fn`.
            unsafe { $body }
        }
    )+};
}

// Bottom-up as far as it goes: `host` names the state of those that work on it (`starting`,
// `sockets`, `hook`), and `require` and `api` find each other through `modules`.
mod calm;
mod memory;
mod protocols;
mod threads;
#[cfg(target_os = "linux")]
mod hook;
#[cfg(not(target_os = "linux"))]
#[path = "hook_absent.rs"]
mod hook;
mod host;
mod pack;
mod unpack;
mod arguments;
mod trace;
mod tracing;
mod unusual;
mod starting;
mod turn;
mod frames;
mod sockets;
mod incoming;
mod load;
mod preload;
mod coroutines;
mod nested;
mod api_message;
mod api_reply;
mod api_wait;
mod api_payload;
mod api_string;
mod api_protocol;
mod api_node;
mod api_service;
mod api_function;
mod api_stat;
mod api_inside;
mod socket_arguments;
mod api_reading;
mod api_opening;
mod api_closing;
mod api_socket;
mod api_netpack;
mod api_buffer;
mod api_driver;
mod api;
mod modules;
mod rust_module;
mod require;
mod vm;
mod send;

pub(crate) use hook::Gate;
pub(crate) use modules::names as module_names;
pub(crate) use vm::{Vm, tells_lives};
