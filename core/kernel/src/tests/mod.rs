//! Every interleaving of the mailbox and the run queue, under loom.
//!
//! `RUSTFLAGS="--cfg skyloom_loom" cargo test -p skyloom-kernel --lib --release loom`
#![cfg(skyloom_loom)]

mod loom_mailbox;
mod loom_run_queue;
