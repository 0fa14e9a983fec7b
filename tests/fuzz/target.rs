//! The fuzzer's side of every target; which one it is follows from the program's name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| aioibkr_fuzz::run(env!("CARGO_BIN_NAME"), data));
