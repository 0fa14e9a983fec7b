//! Every fuzz target: a name, what it does with any bytes, and how many made-up inputs the plain tests
//! give it. A target panics when a promise is broken; everything else about it is the corpus below
//! `corpus/NAME`. The fuzzer (`target.rs`) and `tests/rust/fuzz.rs` run the same functions.
//!
//! To add one: a line here, a line in `Cargo.toml`, and inputs in `corpus/NAME`. The fuzzer runs from
//! the root of the checkout: `cargo +nightly fuzz run --fuzz-dir tests/fuzz NAME`.

mod feed;
mod mock_gateway;

/// Bytes put through a parser.
pub struct Target {
    /// The name of the program, and of the corpus.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]),
    /// How many made-up inputs it is given in the plain tests.
    pub rounds: u64,
}

const fn target(name: &'static str, run: fn(&[u8]), rounds: u64) -> Target {
    Target { name, run, rounds }
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    target("feed", feed::feed, 5000),
    target("frames", mock_gateway::frames, 5000),
    target("protobuf_requests", mock_gateway::protobuf_requests, 5000),
    target("text_requests", mock_gateway::text_requests, 5000),
    target("recordings", mock_gateway::recordings, 2000),
    target("scenarios", mock_gateway::scenarios, 2000),
    target("sessions", mock_gateway::sessions, 150),
    target("replays", mock_gateway::replays, 150),
];

/// Runs the target of this name; a name without a target is a mistake in `Cargo.toml`.
#[allow(dead_code, reason = "the plain tests run all of them")]
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("every program is named after a target").run)(data);
}
