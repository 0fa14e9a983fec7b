//! Bars across lost links: once, in order, and what is missing is named.

use time::OffsetDateTime;

use super::super::random::Random;
use super::*;
use crate::model::{BarSize, BarsRequest, WhatToShow};

fn bar(start: i64, close: f64) -> Bar {
    Bar {
        time: OffsetDateTime::from_unix_timestamp(start * 5).unwrap(),
        open: 1.0,
        high: 9.0,
        low: 0.5,
        close,
        volume: Some(1.0),
        average: None,
        count: Some(1),
        is_backfill: false,
    }
}

fn bars(starts: impl IntoIterator<Item = i64>) -> Vec<Bar> {
    starts.into_iter().map(|start| bar(start, 2.0)).collect()
}

fn kept() -> LineKind {
    LineKind::Bars(BarsRequest {
        duration: "60 S".into(),
        bar_size: BarSize::from_name("5 secs").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: true,
        end: None,
    })
}

fn five_seconds() -> LineKind {
    LineKind::RealTimeBars { what_to_show: WhatToShow::Trades, use_rth: true }
}

fn fold(kind: &LineKind, mark: Arc<BarMark>) -> BarFold {
    BarFold::new(kind, Past { mark, is_all: true })
}

/// A line that has handed over bars up to this one.
fn mark(last: i64) -> Arc<BarMark> {
    let mark = Arc::<BarMark>::default();
    fold(&five_seconds(), Arc::clone(&mark)).bar(bar(last, 2.0));
    mark
}

/// Starts of the bars, and which of them are backfill.
fn shown(delivery: &Delivery) -> (Vec<i64>, Vec<bool>) {
    let starts = delivery.bars.iter().map(|bar| bar.time.unix_timestamp() / 5).collect();
    (starts, delivery.bars.iter().map(|bar| bar.is_backfill).collect())
}

#[test]
fn a_first_request_brings_all_of_its_history_and_no_backfill() {
    let mut fold = fold(&kept(), Arc::default());

    let first = fold.history(bars(1..=3));
    let moved = fold.bar(bar(3, 2.5));
    let repeated = fold.bar(bar(3, 2.5));
    let late = fold.bar(bar(2, 7.0));

    assert_eq!(shown(&first), (vec![1, 2, 3], vec![false; 3]));
    assert_eq!(shown(&moved).0, [3], "the bar that forms");
    assert!(repeated.bars.is_empty() && late.bars.is_empty());
}

#[test]
fn the_history_of_a_later_request_is_cut_to_what_was_missed() {
    let mut fold = fold(&kept(), mark(3));

    let filled = fold.history([bars(1..=2), vec![bar(3, 8.0)], bars(4..=6)].concat());
    let next = fold.bar(bar(6, 3.0));

    assert_eq!(shown(&filled), (vec![3, 4, 5, 6], vec![true; 4]), "3 had gone on");
    assert_eq!((filled.gap, shown(&next)), (None, (vec![6], vec![false])));
}

#[test]
fn bars_of_five_seconds_wait_for_what_they_follow() {
    let mut fold = fold(&five_seconds(), mark(3));

    let early = [fold.bar(bar(7, 2.0)), fold.bar(bar(8, 2.0))];
    let found = Found { bars: bars(2..=7), is_all: true };
    let filled = fold.backfill(Ok(found));
    let next = fold.bar(bar(9, 2.0));

    assert!(early.iter().all(|delivery| delivery.bars.is_empty()));
    let backfill = vec![true, true, true, false, false];
    assert_eq!(shown(&filled), (vec![4, 5, 6, 7, 8], backfill));
    assert_eq!(shown(&next), (vec![9], vec![false]));
}

#[test]
fn what_could_not_be_had_is_named() {
    let at = |start: i64| bar(start, 0.0).time;
    let found = |bars, is_all| Ok(Found { bars, is_all });
    let refused = || Err("too many requests".to_owned());
    let table = [
        (found(bars(2..=6), false), None),
        (found(bars(4..=6), true), None),
        (found(bars(5..=6), false), Some((Some(at(5)), "no further back"))),
        (found(Vec::new(), false), Some((Some(at(7)), "no history"))),
        (found(Vec::new(), true), None),
        (refused(), Some((Some(at(7)), "too many requests"))),
    ];

    for (found, expected) in table {
        let mut fold = fold(&five_seconds(), mark(3));
        fold.bar(bar(7, 2.0));

        let filled = fold.backfill(found);

        let gap = filled.gap.as_ref();
        assert_eq!(
            gap.map(|gap| (gap.since, gap.until)),
            expected.map(|(until, _)| (at(3), until))
        );
        assert!(expected.is_none_or(|(_, part)| gap.unwrap().reason.contains(part)), "{gap:?}");
        assert_eq!(shown(&filled).0.last(), Some(&7));
    }
}

/// Whatever links are lost, and however much of what was missed is found: in order, each once.
#[test]
fn no_story_brings_a_bar_twice_or_late() {
    for seed in 1..=300 {
        let (mut random, mark) = (Random::seeded(seed), Arc::<BarMark>::default());
        let (mut now, mut told) = (0, Vec::new());
        for _ in 0..20 {
            let kind = if random.below(2) == 0 { kept() } else { five_seconds() };
            let mut fold = fold(&kind, Arc::clone(&mark));
            now += random.below(6) as i64;
            let found = bars((now - random.below(12) as i64).max(0)..=now);
            if matches!(kind, LineKind::Bars(_)) {
                told.extend(fold.history(found.clone()).bars);
            }
            for _ in 0..random.below(4) {
                now += 1;
                told.extend(fold.bar(bar(now, 2.0)).bars);
            }
            if random.below(2) == 0 {
                told.extend(fold.backfill(Ok(Found { bars: found, is_all: true })).bars);
            }
        }

        assert!(told.windows(2).all(|pair| pair[0].time < pair[1].time), "seed {seed}");
    }
}
