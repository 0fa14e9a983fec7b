//! Tests of the Rust crates; see `main.rs`.
