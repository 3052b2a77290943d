//! The services in Lua that every node offers.
//!
//! A file of the same name in a project's `luaservice` wins, unless it is Skynet's own.

use skyloom_lua as lua;

/// Name and text of each.
const CATALOGUE: &[(&str, &str)] = &[
    ("bootstrap", include_str!("lua/bootstrap.lua")),
    ("cdummy", include_str!("lua/cdummy.lua")),
    ("console", include_str!("lua/console.lua")),
    ("datacenterd", include_str!("lua/datacenterd.lua")),
    ("debug_console", include_str!("lua/debug_console.lua")),
    ("gate", include_str!("lua/gate.lua")),
    ("launcher", include_str!("lua/launcher.lua")),
    ("multicastd", include_str!("lua/multicastd.lua")),
    ("service_cell", include_str!("lua/service_cell.lua")),
    ("service_mgr", include_str!("lua/service_mgr.lua")),
    ("service_provider", include_str!("lua/service_provider.lua")),
    ("snaxd", include_str!("lua/snaxd.lua")),
];

/// Adds them to what a node can start.
pub(crate) fn add(builder: lua::Builder) -> lua::Builder {
    CATALOGUE.iter().fold(builder, |builder, (name, text)| builder.builtin(name, text))
}
