//! One binary for every Rust test that goes through a public door.
