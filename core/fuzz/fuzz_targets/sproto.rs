//! sproto: schemas, structures and packing.
#![no_main]

#[allow(dead_code, reason = "each target runs one of the exercises")]
#[path = "../../wire/tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::sproto(bytes));
