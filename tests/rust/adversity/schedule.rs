//! Random schedules of what goes wrong around a client that streams, reads and trades. A seed decides
//! what happens and when; the judge of the table looks at what came of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aioibkr_core::model::OrderKey;
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call::{Asking, Call};
use super::check::{Violation, check};
use super::stage::{KEEPALIVE, PATIENCE, Stage};
use crate::core_gateway::MILLI;
use crate::core_orders::{aapl, resting};
use crate::feed_reader::{CONTROL, FEED};

/// How many schedules run unless `AIOIBKR_SCHEDULES` says otherwise.
const SCHEDULES: u64 = 60;

/// Schedules that run side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 24;

/// A schedule is over after this.
const SPAN: u64 = 150;

/// Deadline of what is asked meanwhile.
const WITHIN: Duration = Duration::from_millis(100);

/// Something that happens, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    /// Every connection ends.
    Drop,
    /// Nothing is written to a link for so long.
    Stall(i32, Duration),
    /// A notice to everybody; 1101 comes with lost streams.
    Notice(i32),
    /// The gateway is not there for so long.
    Restart(Duration),
    /// The next attempts to connect under this id find it taken.
    Held(i32, u32),
}

/// Happenings by time.
type Schedule = Vec<(Duration, Happening)>;

/// A stream of numbers that a seed decides (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }

    fn link(&mut self) -> i32 {
        if self.below(2) == 0 { CONTROL } else { FEED }
    }

    fn happening(&mut self) -> Happening {
        match self.below(9) {
            0 | 1 => Happening::Drop,
            2 => Happening::Stall(self.link(), self.millis(150)),
            3 | 4 => Happening::Notice(1100),
            5 => Happening::Notice(1101),
            6 => Happening::Notice(1102),
            7 => Happening::Restart(self.millis(60)),
            _ => {
                let times = 1 + u32::try_from(self.below(3)).unwrap_or(0);
                Happening::Held(self.link(), times)
            }
        }
    }
}

/// What a seed stands for: two to seven happenings. Whoever finds an id taken was dropped before.
fn schedule(seed: u64) -> Schedule {
    // Neighbours differ in few bits: spread them, and never begin with nothing.
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let many = 2 + chance.below(6);
    let drawn = (0..many).map(|_| (chance.millis(SPAN), chance.happening()));
    let mut drawn: Schedule = drawn.collect();
    drawn.sort_by_key(|(at, _)| *at);
    drawn
}

/// What came of a schedule.
struct Outcome {
    seed: u64,
    took: Duration,
    violations: Vec<Violation>,
}

impl Outcome {
    fn told(&self) -> String {
        let found = self.violations.iter();
        let found: Vec<_> =
            found.map(|one| format!("  invariant {}: {}", one.invariant, one.what)).collect();
        let (seed, happened) = (self.seed, schedule(self.seed));
        format!(
            "AIOIBKR_SEED={seed} cargo test -p aioibkr-tests --test rust core_random_schedules -- \
             --nocapture\n  {happened:?}\n{}",
            found.join("\n")
        )
    }
}

async fn run(seed: u64) -> Outcome {
    let stage = Stage::set(Some(KEEPALIVE)).await;
    let streams = [Call::Quotes, Call::Ticks, Call::BarStream];
    stage.open_all(&streams).await;
    let began = Instant::now();
    let (held, (), (), ()) = tokio::join!(
        happen(&stage, schedule(seed)),
        read(&stage, began),
        trade(&stage, "early", 20 * MILLI),
        trade(&stage, "late", 90 * MILLI),
    );
    held.iter().for_each(FaultHandle::clear);
    stage.gateway.up().expect("the port is still ours");
    stage.gateway.notice(1102);
    let lacks = stage.settle(PATIENCE).await;
    let took = began.elapsed();
    let streams = stage.show_streams(PATIENCE).await;
    {
        let mut history = stage.history();
        (history.ending.lacks, history.ending.streams) = (lacks, streams);
    }
    Outcome { seed, took, violations: check(&stage.end().await) }
}

/// Lets everything happen in its time; the faults that are still on.
async fn happen(stage: &Stage, schedule: Schedule) -> Vec<FaultHandle> {
    let (began, gateway) = (Instant::now(), &stage.gateway);
    let mut faults = Vec::new();
    for (at, happening) in schedule {
        tokio::time::sleep_until(began + at).await;
        match happening {
            Happening::Drop => gateway.drop_connections().unwrap(),
            Happening::Stall(link, pause) => {
                let stall = Injection::from(Fault::Stall("all".into(), pause)).for_client(link);
                faults.push(gateway.inject(stall.times(1)).unwrap());
            }
            Happening::Notice(code) => {
                if code == 1101 {
                    gateway.lose_streams();
                }
                gateway.notice(code);
            }
            Happening::Restart(pause) => {
                gateway.down().unwrap();
                tokio::time::sleep(pause).await;
                gateway.up().unwrap();
            }
            Happening::Held(link, times) => {
                let held = Injection::from(Fault::ClientIdHeld).for_client(link).times(times);
                faults.push(gateway.inject(held).unwrap());
            }
        }
    }
    stage.let_fill();
    faults
}

/// Reads one thing after another while things happen.
async fn read(stage: &Stage, began: Instant) {
    let calls = [
        Call::ServerTime,
        Call::Positions,
        Call::Bars,
        Call::AccountSnapshot,
        Call::OpenOrders,
        Call::Executions,
        Call::ContractDetails,
    ];
    for call in calls.into_iter().cycle() {
        if began.elapsed() >= Duration::from_millis(SPAN) {
            return;
        }
        let [_, order, _] = stage.resting;
        let (key, symbol) = (String::new(), "MSFT");
        let asking = Asking { key, symbol, order, within: WITHIN, turn: 0 };
        // How it ends is for the caller; that it ends is for the judge.
        let _ = stage.timed(call.name(), WITHIN, call.make(&stage.client, &asking)).await;
        tokio::time::sleep(10 * MILLI).await;
    }
}

/// Places an order.
async fn trade(stage: &Stage, key: &'static str, after: Duration) {
    tokio::time::sleep(after).await;
    let order_key = OrderKey::new(key).ok();
    let placing = stage.client.place(aapl(), resting(2), order_key, Some(WITHIN));
    stage.attempt(key, WITHIN, async { placing.await.map(drop) }).await;
}

/// The seeds to run: one that `AIOIBKR_SEED` names, or the first so many.
fn seeds() -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("AIOIBKR_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("AIOIBKR_SCHEDULES").unwrap_or(SCHEDULES)).collect(),
    }
}

async fn run_all(seeds: Vec<u64>) -> Vec<Outcome> {
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut running = JoinSet::new();
    for seed in seeds {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await.expect("nobody closes it");
            run(seed).await
        });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "a thousand schedules are measured by hand")]
async fn core_random_schedules_end_live_with_everything_restored() {
    let began = Instant::now();

    let outcomes = run_all(seeds()).await;

    let mut took: Vec<_> = outcomes.iter().map(|outcome| outcome.took).collect();
    took.sort_unstable();
    let (middle, longest) = (took[took.len() / 2], took[took.len() - 1]);
    let all = outcomes.len();
    println!(
        "{all} schedules in {:.1?}, each {middle:.0?}, at most {longest:.0?}",
        began.elapsed()
    );
    let broken = outcomes.iter().filter(|outcome| !outcome.violations.is_empty());
    let broken: Vec<_> = broken.map(Outcome::told).collect();
    assert!(broken.is_empty(), "{} of {all} broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn core_random_schedules_follow_from_their_seed() {
    let all: Vec<_> = (1..200).map(schedule).collect();

    let happened = || all.iter().flatten().map(|(_, happening)| *happening);
    let kinds: HashSet<_> = happened().map(|one| std::mem::discriminant(&one)).collect();

    assert_eq!(all, (1..200).map(schedule).collect::<Vec<_>>());
    assert_eq!(kinds.len(), 5, "each kind happens");
    assert!(
        [1100, 1101, 1102].map(Happening::Notice).iter().all(|one| happened().any(|it| it == *one))
    );
}
