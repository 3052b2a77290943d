//! BSON: what can be read is written and read the same.
#![no_main]

#[allow(dead_code, reason = "each target runs one of the exercises")]
#[path = "../../wire/tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::bson(bytes));
