//! The head of a request: the answer does not depend on how it arrives.
#![no_main]

#[allow(dead_code, reason = "each target runs one of the exercises")]
#[path = "../../wire/tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::http(bytes));
