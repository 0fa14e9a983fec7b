//! Every fuzz target over its corpus and a seeded number of changed inputs, without a fuzzer. A failure
//! prints the command that repeats it.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, reason = "the fuzzer's programs see what this module holds")]
#[expect(clippy::expect_used, reason = "a target that cannot be set up fails its test")]
#[path = "../fuzz/targets.rs"]
mod targets;

use targets::{TARGETS, Target};

/// Set to `TARGET:ROUND`, this input alone is run; to `TARGET:FIRST..END`, these are.
const REPEAT: &str = "AIOIBKR_FUZZ";

/// The same numbers for the same seed on every machine.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What breaks a parser more often than random bytes do.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"-1",
    b"2147483647",
    b"-2147483648",
    b"9223372036854775807",
    b"1.7976931348623157E308",
    b"1e400",
    b"nan",
    b"1e-300",
    b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
    b"\x00\xFF\xFF\xFF",
    b"\x7F\xFF\xFF\xFF",
    b"\\ud800",
    b"\xC3\x28",
    b"99991231-23:59:59",
    b"\n",
];

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has no corpus");
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The input of a round: one of the corpus with one to four changes.
fn made_up(corpus: &[(PathBuf, Vec<u8>)], round: u64) -> Vec<u8> {
    let mut seeded = Seeded(round);
    let mut data = corpus[seeded.below(corpus.len())].1.clone();
    for _ in 0..=seeded.below(4) {
        let other = corpus[seeded.below(corpus.len())].1.as_slice();
        change(&mut data, other, &mut seeded);
    }
    data
}

fn change(data: &mut Vec<u8>, other: &[u8], seeded: &mut Seeded) {
    let start = seeded.below(data.len() + 1);
    let end = (start + seeded.below(9)).min(data.len());
    let bit = 1 << seeded.below(8);
    match seeded.below(7) {
        0 => data[start..end].iter_mut().take(1).for_each(|byte| *byte ^= bit),
        1 => data.truncate(start),
        2 => drop(data.drain(start..end)),
        3 => drop(data.splice(start..end, seeded.one_of(&PIECES).iter().copied())),
        4 => drop(data.splice(start..start, data[start..end].repeat(seeded.below(40)))),
        5 => drop(data.splice(start..end, other[seeded.below(other.len() + 1)..].iter().copied())),
        _ => {
            let byte = seeded.next().to_le_bytes()[0];
            data[start..end].iter_mut().take(1).for_each(|old| *old = byte);
        }
    }
}

/// Runs a target over an input; one that fails names the input, then fails the test.
#[expect(clippy::print_stderr, reason = "what repeats a failure is told to who reads it")]
fn put_through(target: &Target, data: &[u8], input: &str) {
    let failed = catch_unwind(AssertUnwindSafe(|| (target.run)(data))).err();
    if let Some(failure) = failed {
        let name = target.name;
        eprintln!("{name} fails on {}\nrepeat it with: {input}", data.escape_ascii());
        std::panic::resume_unwind(failure);
    }
}

/// The command that runs one round again.
fn again(name: &str, round: u64) -> String {
    format!("{REPEAT}={name}:{round} cargo test -p aioibkr-tests --test rust fuzz::")
}

fn rounds_of(target: &Target) -> Range<u64> {
    let asked = std::env::var(REPEAT).unwrap_or_default();
    let Some((name, rounds)) = asked.split_once(':') else { return 0..target.rounds };
    if name != target.name {
        return 0..0;
    }
    match rounds.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => rounds.parse().map(|round| round..round + 1).unwrap(),
    }
}

#[test]
fn test_every_target_survives_its_corpus() {
    for target in &TARGETS {
        for (path, data) in corpus(target.name) {
            put_through(target, &data, &format!("the file {}", path.display()));
        }
    }
}

#[test]
fn test_every_target_survives_made_up_inputs() {
    std::thread::scope(|scope| {
        for target in &TARGETS {
            scope.spawn(move || {
                let corpus = corpus(target.name);
                for round in rounds_of(target) {
                    put_through(target, &made_up(&corpus, round), &again(target.name, round));
                }
            });
        }
    });
}

#[test]
fn test_every_target_has_a_program_and_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let programs: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ name = \"")?.split('"').next())
        .collect();

    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(programs, names);
    assert_eq!(std::fs::read_dir(folder.join("corpus")).unwrap().count(), names.len());
    assert!(names.iter().all(|name| !corpus(name).is_empty()));
}
