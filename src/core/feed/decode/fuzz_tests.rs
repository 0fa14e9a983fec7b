//! Bounded, seeded fuzzing of the decoder and of the cutting of frames. A failure prints the command
//! that repeats it.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::encoded::encode;
use super::{decode, decode_other};
use crate::feed::message::{
    DepthOperation, DepthUpdate, FeedBar, FeedBarTime, GatewayError, Message, OptionTick,
    TickByTick, TickByTickEvent, TickParameters, TickText,
};
use crate::feed::{FrameBuffer, Tick, decode_tick};

const ROUNDS: u64 = 20_000;

/// Set to `TEST:ROUND`, this round alone is run; to `TEST:FIRST..END`, these are.
const REPEAT: &str = "AIOIBKR_FUZZ";

/// Numbers from a seed (the generator SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn id(&mut self) -> i32 {
        let bits = self.below(31);
        (self.next() & ((1 << bits) - 1)) as i32
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 0
    }

    /// From tiny to huge, whole and broken, but never one of IB's ways to say "none".
    fn number(&mut self) -> f64 {
        match self.below(3) {
            0 => self.below(1_000_000) as f64 + 3.0,
            1 => self.below(100_000_000) as f64 / 100.0 + 0.01,
            _ => (self.next() as f64) * 1e-9 + 1e-6,
        }
    }

    fn maybe(&mut self) -> Option<f64> {
        (self.below(4) > 0).then(|| self.number())
    }

    fn text(&mut self) -> &'static str {
        const TEXTS: [&str; 5] = ["", "ARCA", "190.5;7;1795000000000;40;190.2;true", "ä€", " "];
        TEXTS[self.below(TEXTS.len())]
    }
}

/// Calls a claim for each round, and says how to repeat the one that fails.
fn fuzz(test: &str, claim: impl Fn(&mut Random)) {
    for round in rounds_of(test) {
        let claim = AssertUnwindSafe(|| claim(&mut Random(round)));
        assert!(
            catch_unwind(claim).is_ok(),
            "repeat it with: {REPEAT}={test}:{round} cargo test -p aioibkr-core --lib {test}"
        );
    }
}

fn rounds_of(test: &str) -> Range<u64> {
    let asked = std::env::var(REPEAT).unwrap_or_default();
    let Some((name, rounds)) = asked.split_once(':') else { return 0..ROUNDS };
    if name != test {
        return 0..0;
    }
    match rounds.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => rounds.parse().map(|round| round..round + 1).unwrap(),
    }
}

fn any(random: &mut Random) -> Message<'static> {
    let request_id = random.id();
    match random.below(15) {
        0..=2 => Message::Tick(tick(random)),
        3 => {
            let (tick_type, value) = (random.id(), random.text());
            Message::TickText(TickText { request_id, tick_type, value })
        }
        4 => Message::OptionTick(option(random)),
        5 => Message::TickParameters(TickParameters {
            request_id,
            min_tick: random.maybe(),
            bbo_exchange: random.text(),
            snapshot_permissions: random.flag().then(|| random.id()),
        }),
        6 => Message::MarketDataType { request_id, kind: 1 + random.below(4) as i32 },
        7 => Message::TickByTick(tick_by_tick(random)),
        8 => Message::Depth(depth(random)),
        9 => Message::RealTimeBar(bar(random, request_id, false)),
        10 => {
            let bars = (0..random.below(4)).map(|_| bar(random, request_id, true)).collect();
            Message::Bars { request_id, bars }
        }
        11 => Message::BarUpdate(bar(random, request_id, true)),
        12 => {
            let request_id = random.flag().then_some(request_id);
            Message::Error(GatewayError { request_id, code: random.id(), text: random.text() })
        }
        13 => Message::BarsEnd { request_id },
        _ => Message::SnapshotEnd { request_id },
    }
}

fn tick(random: &mut Random) -> Tick {
    Tick {
        request_id: random.id(),
        tick_type: random.id(),
        price: random.maybe(),
        size: random.maybe(),
        attributes: random.below(8) as u8,
    }
}

fn option(random: &mut Random) -> OptionTick {
    OptionTick {
        request_id: random.id(),
        tick_type: random.id(),
        implied_volatility: random.maybe(),
        delta: random.maybe(),
        option_price: random.maybe(),
        pv_dividend: random.maybe(),
        gamma: random.maybe(),
        vega: random.maybe(),
        theta: random.maybe(),
        underlying_price: random.maybe(),
    }
}

fn tick_by_tick(random: &mut Random) -> TickByTick<'static> {
    let event = match random.below(3) {
        0 => TickByTickEvent::Trade {
            price: random.maybe(),
            size: random.maybe(),
            exchange: random.text(),
            conditions: random.text(),
            past_limit: random.flag(),
            unreported: random.flag(),
        },
        1 => TickByTickEvent::BidAsk {
            bid: random.maybe(),
            ask: random.maybe(),
            bid_size: random.maybe(),
            ask_size: random.maybe(),
            bid_past_low: random.flag(),
            ask_past_high: random.flag(),
        },
        _ => TickByTickEvent::MidPoint { price: random.maybe() },
    };
    TickByTick { request_id: random.id(), time: i64::from(random.id()), event }
}

fn depth(random: &mut Random) -> DepthUpdate<'static> {
    let operations = [DepthOperation::Insert, DepthOperation::Update, DepthOperation::Delete];
    DepthUpdate {
        request_id: random.id(),
        position: random.id(),
        operation: operations[random.below(3)],
        is_bid: random.flag(),
        price: random.number(),
        size: random.number(),
        market_maker: random.text(),
    }
}

fn bar(random: &mut Random, request_id: i32, is_past: bool) -> FeedBar<'static> {
    let count = random.flag().then(|| random.id());
    let is_day = is_past && random.flag();
    FeedBar {
        request_id,
        time: match is_day {
            true => FeedBarTime::Date("20240229"),
            // Eight digits would be a day.
            false => FeedBarTime::Epoch(1_000_000_000 + i64::from(random.id())),
        },
        open: random.number(),
        high: random.number(),
        low: random.number(),
        close: random.number(),
        volume: random.maybe(),
        average: count.and_then(|_| random.maybe()),
        count,
    }
}

/// A body with some bytes changed, removed, added or copied.
fn mutated(random: &mut Random) -> Vec<u8> {
    let mut body = encode(&any(random));
    for _ in 0..=random.below(4) {
        let at = random.below(body.len() - 4) + 4;
        match random.below(5) {
            0 => body[at] = random.next() as u8,
            1 => body[at] ^= 1 << random.below(8),
            2 if body.len() > 5 => drop(body.remove(at)),
            3 => body.insert(at, random.next() as u8),
            _ => {
                let copy = body[at..].to_vec();
                body.extend(copy);
            }
        }
    }
    body
}

/// Decodes; what comes out has to be explained by writing it again, and by the general way.
fn explained(body: &[u8]) -> bool {
    let decoded = decode(body);
    // Messages hold no NaN, so that equal ones compare equal.
    assert_eq!(decoded, decode_other(body), "{body:?}");
    assert_eq!(decode_tick(body).map(Message::Tick), decoded.clone().ok().filter(is_tick));
    let Ok(message) = decoded else { return false };
    if !matches!(message, Message::Other(_)) {
        assert_eq!(decode(&encode(&message)), Ok(message), "{body:?}");
    }
    true
}

fn is_tick(message: &Message<'_>) -> bool {
    matches!(message, Message::Tick(_))
}

#[test]
fn fuzz_what_was_encoded_is_decoded() {
    fuzz("fuzz_what_was_encoded_is_decoded", |random| {
        let message = any(random);

        assert_eq!(decode(&encode(&message)), Ok(message));
    });
}

#[test]
fn fuzz_a_mutated_message_is_refused_or_explained() {
    fuzz("fuzz_a_mutated_message_is_refused_or_explained", |random| {
        explained(&mutated(random));
    });
}

#[test]
fn fuzz_random_bytes_are_refused_or_explained() {
    fuzz("fuzz_random_bytes_are_refused_or_explained", |random| {
        let id = (200 + random.below(110) as u32).to_be_bytes();
        let body: Vec<u8> = (0..random.below(40)).map(|_| random.next() as u8).collect();

        explained(&[&id[..], &body].concat());
        explained(&body);
    });
}

#[test]
fn fuzz_no_truncation_changes_a_value() {
    fuzz("fuzz_no_truncation_changes_a_value", |random| {
        let body = encode(&any(random));
        let length = random.below(body.len());

        explained(&body[..length]);
    });
}

#[test]
fn fuzz_frames_are_cut_the_same_from_every_split() {
    fuzz("fuzz_frames_are_cut_the_same_from_every_split", |random| {
        let bodies: Vec<_> = (0..1 + random.below(5)).map(|_| encode(&any(random))).collect();
        let framed = |body: &Vec<u8>| [&(body.len() as u32).to_be_bytes()[..], body].concat();
        let bytes: Vec<u8> = bodies.iter().flat_map(framed).collect();
        let mut frames = FrameBuffer::default();
        let (mut rest, mut seen) = (&bytes[..], Vec::new());

        while !rest.is_empty() {
            let (mut piece, tail) = rest.split_at(1 + random.below(rest.len()));
            rest = tail;
            frames.fill(&mut piece).unwrap();
            while let Some(body) = frames.next_frame().unwrap() {
                seen.push(body.to_vec());
            }
        }

        assert_eq!(seen, bodies);
    });
}

#[test]
fn fuzz_garbage_frames_end_in_an_error_or_wait() {
    fuzz("fuzz_garbage_frames_end_in_an_error_or_wait", |random| {
        let mut bytes = encode(&any(random));
        bytes[..4].copy_from_slice(&[0, 0, 0, random.next() as u8]);
        bytes.extend((0..random.below(30)).map(|_| random.next() as u8));
        let mut frames = FrameBuffer::default();
        frames.fill(&mut &bytes[..]).unwrap();
        let mut told = 0;

        while let Ok(Some(body)) = frames.next_frame() {
            explained(body);
            told += 4 + body.len();
        }

        assert!(told <= bytes.len(), "more was handed out than was read");
    });
}
