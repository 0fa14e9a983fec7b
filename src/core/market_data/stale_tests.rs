//! Stories of farms and lines.

use super::*;
use crate::clock;
use crate::model::{BarSize, BarsRequest, WhatToShow};

const STALE_AFTER: Duration = Duration::from_secs(10);

fn farm(name: &str, state: FarmState, outages: u64) -> Farm {
    let kind = if name.contains("hmds") { FarmKind::History } else { FarmKind::MarketData };
    Farm { name: name.into(), kind, state, outages, since: clock::now() }
}

fn market() -> LineKind {
    LineKind::Market { generic_ticks: String::new() }
}

fn bars() -> LineKind {
    LineKind::Bars(BarsRequest {
        duration: "1 D".into(),
        bar_size: BarSize::from_name("1 min").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: true,
        end: None,
    })
}

/// A line that brought its last item a second ago.
fn line<'a>(contract: &'a Contract, kind: &'a LineKind, items: u64) -> Sample<'a> {
    Sample { request_id: 1, contract, kind, items, silence: Some(Duration::from_secs(1)) }
}

/// What is stale after an outage of `name` in which nothing comes.
fn after_outage(name: &str, lines: &[Sample<'_>]) -> Vec<i32> {
    let (mut watch, now) = (StaleWatch::new(STALE_AFTER, &[]), Instant::now());
    assert!(watch.look(&[farm(name, FarmState::Broken, 1)], lines, now).is_empty());
    assert!(watch.look(&[farm(name, FarmState::Ok, 1)], lines, now).is_empty());
    watch.look(&[farm(name, FarmState::Ok, 1)], lines, now + STALE_AFTER)
}

#[test]
fn an_outage_concerns_what_may_hang_on_the_farm() {
    let stock = Contract::stock("AAPL");
    let of = |security_type| Contract { security_type, ..Contract::stock("X") };
    let (euro, option, future) =
        (of(SecurityType::Forex), of(SecurityType::Option), of(SecurityType::Future));
    let (market, bars) = (market(), bars());
    let table = [
        ("usfarm", &stock, &market, true),
        ("usfarm", &stock, &bars, true),
        ("ushmds", &stock, &bars, true),
        ("ushmds", &stock, &market, false),
        ("eufarm", &stock, &market, true),
        ("cashfarm", &euro, &market, true),
        ("cashfarm", &stock, &market, false),
        ("usopt", &option, &market, true),
        ("usopt", &stock, &market, false),
        ("usfuture", &future, &market, true),
        ("usfuture", &stock, &market, false),
    ];

    for (farm, contract, kind, is_stale) in table {
        let found = after_outage(farm, &[line(contract, kind, 5)]);
        assert_eq!(!found.is_empty(), is_stale, "{farm} {contract} {kind:?}");
    }
}

#[test]
fn only_silence_after_liveliness_is_stale() {
    let (stock, kind) = (Contract::stock("AAPL"), market());
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let table = [(seconds(0), true), (seconds(59), true), (seconds(61), false), (None, false)];

    for (silence, is_stale) in table {
        let line = Sample { silence, ..line(&stock, &kind, 5) };
        assert_eq!(!after_outage("usfarm", &[line]).is_empty(), is_stale, "{silence:?}");
    }
}

#[test]
fn a_line_that_goes_on_is_not_stale_and_is_not_judged_early() {
    let (stock, kind) = (Contract::stock("AAPL"), market());
    let (broken, back) =
        ([farm("usfarm", FarmState::Broken, 1)], [farm("usfarm", FarmState::Ok, 1)]);
    let (mut watch, start) = (StaleWatch::new(STALE_AFTER, &[]), Instant::now());
    watch.look(&broken, &[line(&stock, &kind, 5)], start);
    assert_eq!(watch.next_look(), None, "an outage may last");

    watch.look(&back, &[line(&stock, &kind, 5)], start);
    assert_eq!(watch.next_look(), Some(start + STALE_AFTER));
    let early = watch.look(&back, &[line(&stock, &kind, 5)], start + STALE_AFTER / 2);
    let late = watch.look(&back, &[line(&stock, &kind, 6)], start + STALE_AFTER);

    assert!(early.is_empty() && late.is_empty());
    assert_eq!(watch.next_look(), None);
}

/// Broken and well again between two looks, and again while it is on trial (C5).
#[test]
fn an_outage_that_was_over_at_once_counts_and_a_second_one_begins_anew() {
    let (stock, kind) = (Contract::stock("AAPL"), market());
    let (mut watch, start) = (StaleWatch::new(STALE_AFTER, &[]), Instant::now());
    let lines = [line(&stock, &kind, 5)];
    watch.look(&[farm("usfarm", FarmState::Ok, 1)], &lines, start);
    let again = start + STALE_AFTER / 2;
    watch.look(&[farm("usfarm", FarmState::Ok, 2)], &lines, again);

    let at_first = watch.look(&[farm("usfarm", FarmState::Ok, 2)], &lines, start + STALE_AFTER);
    let at_last = watch.look(&[farm("usfarm", FarmState::Ok, 2)], &lines, again + STALE_AFTER);

    assert_eq!((at_first, at_last), (vec![], vec![1]));
}

/// A farm that broke before this link was opened concerns none of its lines.
#[test]
fn what_is_known_at_the_start_is_no_news() {
    let (stock, kind) = (Contract::stock("AAPL"), market());
    let farms = [farm("usfarm", FarmState::Ok, 3)];
    let mut watch = StaleWatch::new(STALE_AFTER, &farms);

    watch.look(&farms, &[line(&stock, &kind, 5)], Instant::now());

    assert_eq!(watch.next_look(), None);
}

/// A line that was asked for again meanwhile has another number.
#[test]
fn a_request_that_is_gone_is_nobody_s_any_more() {
    let (stock, kind) = (Contract::stock("AAPL"), market());
    let (mut watch, start) = (StaleWatch::new(STALE_AFTER, &[]), Instant::now());
    let back = [farm("usfarm", FarmState::Ok, 1)];
    watch.look(&back, &[line(&stock, &kind, 5)], start);

    let renewed = Sample { request_id: 2, ..line(&stock, &kind, 0) };
    let found = watch.look(&back, &[renewed], start + STALE_AFTER);

    assert!(found.is_empty());
    assert_eq!(watch.next_look(), None);
}
