//! Why a VM may move between workers.

use super::vm::Vm;

// SAFETY: a VM is owned by its service, and a service by its cell, which runs on one worker at a
// time and hands over with a lock (`kernel::cell`), so that what one worker did happens before
// what the next one does. Everything the VM points to lives in the same service: its states, its
// host, its payloads. Nothing of it is kept in thread-local storage: `Context` is set for a
// callback and forgotten after it. What it shares with others (`Home`, chunks, `Net`) is `Sync`.
// Modules in Rust keep their values of the VM behind mlua's `send` feature.
unsafe impl Send for Vm {}
