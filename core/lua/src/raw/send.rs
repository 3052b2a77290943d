//! Why a VM may move between workers.

use super::vm::Vm;

// SAFETY: a VM is owned by its service, and a service by its hold, which exists once and goes from
// worker to worker through queues and the mailbox (`kernel::cell::Hold`), so that what one worker
// did happens before what the next one does. Everything the VM points to lives in the same service: its states, its
// host, its payloads. Nothing of it is kept in thread-local storage: `Context` is set for a
// callback and forgotten after it. What it shares with others (`Home`, chunks, `Net`) is `Sync`.
// Modules in Rust keep their values of the VM behind mlua's `send` feature.
unsafe impl Send for Vm {}
