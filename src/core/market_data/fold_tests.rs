//! The rules of what is missing, as tables; and every quote against a slow fold of the same ticks.

use super::super::random::Random;
use super::*;

#[path = "fold_reference.rs"]
mod reference;

fn fold_of(kind: &str) -> QuoteFold {
    let contract =
        Contract { security_type: SecurityType::from_wire(kind), ..Contract::stock("AAPL") };
    QuoteFold::new(Arc::new(contract), Generation(1))
}

fn tick(tick_type: i32, price: Option<f64>, size: Option<f64>) -> Tick {
    Tick { request_id: 1, tick_type, price, size, attributes: 0 }
}

fn after(kind: &str, ticks: &[Tick]) -> Quote {
    let mut fold = fold_of(kind);
    ticks.iter().for_each(|tick| fold.tick(1, tick));
    fold.quote()
}

#[test]
fn a_side_is_missing_at_minus_one_or_zero_without_a_size_m8() {
    let table = [
        (-1.0, Some(0.0), None),
        (-1.0, None, None),
        (0.0, Some(0.0), None),
        (-1.0, Some(5.0), Some(-1.0)),
        (0.0, Some(5.0), Some(0.0)),
        (9.5, Some(0.0), Some(9.5)),
        (9.5, None, Some(9.5)),
        (f64::MAX, Some(1.0), None),
        (f64::NAN, Some(1.0), None),
        (f64::NEG_INFINITY, Some(1.0), None),
    ];

    for (price, size, expected) in table {
        for kind in [1, 2, 66, 67] {
            let quote = after("STK", &[tick(kind, Some(price), size)]);
            assert_eq!(quote.bid.or(quote.ask), expected, "{kind}: {price} {size:?}");
        }
    }
}

#[test]
fn where_other_prices_begin_depends_on_the_contract_m10() {
    let table = [
        ("IND", -1.0, Some(-1.0)),
        ("IND", 0.0, Some(0.0)),
        ("BAG", -1.0, Some(-1.0)),
        ("FUT", -37.6, Some(-37.6)),
        ("CMDTY", -1.0, Some(-1.0)),
        ("OPT", -1.0, None),
        ("OPT", 0.0, Some(0.0)),
        ("STK", -1.0, None),
        ("STK", 0.0, None),
        ("STK", 0.01, Some(0.01)),
    ];

    for (kind, price, expected) in table {
        let quote = after(kind, &[tick(4, Some(price), Some(0.0)), tick(75, Some(price), None)]);
        assert_eq!((quote.last, quote.close), (expected, expected), "{kind} at {price}");
        let shown = fold_of(kind).shown(&tick(4, Some(price), Some(0.0)));
        assert_eq!(shown.price, expected, "{kind} at {price} tick by tick");
    }
}

#[test]
fn a_price_brings_its_size_along_and_takes_it_away_m9() {
    let told = [tick(1, Some(9.5), Some(3.0)), tick(1, Some(9.6), None)];
    let gone = [tick(2, Some(9.7), Some(4.0)), tick(2, None, None)];

    let quote = after("STK", &[&told[..], &gone].concat());

    assert_eq!((quote.bid, quote.bid_size), (Some(9.6), Some(3.0)));
    assert_eq!((quote.ask, quote.ask_size), (None, None));
}

#[test]
fn halts_are_three_valued() {
    for (told, expected) in
        [(-1.0, None), (f64::NAN, None), (0.0, Some(false)), (1.0, Some(true)), (2.0, Some(true))]
    {
        let quote = after("STK", &[tick(49, Some(told), None)]);
        assert_eq!(quote.halted, expected, "{told}");
    }
}

#[test]
fn a_time_of_zero_is_missing_m12() {
    let second = OffsetDateTime::UNIX_EPOCH + time::Duration::SECOND;
    for (value, expected) in [("1", Some(second)), ("0", None), ("", None), ("soon", None)] {
        let mut fold = fold_of("STK");
        fold.text(1, &TickText { request_id: 1, tick_type: 45, value });
        assert_eq!(fold.quote().last_timestamp, expected, "{value}");
    }
}

#[test]
fn greeks_of_which_none_is_computed_are_missing_m20() {
    let mut fold = fold_of("OPT");
    let computed = OptionTick { delta: Some(0.5), ..option_tick(13) };

    fold.option(1, &computed);
    assert_eq!(fold.quote().model_greeks.and_then(|greeks| greeks.delta), Some(0.5));

    fold.option(2, &OptionTick { delta: Some(f64::NAN), ..computed });
    assert_eq!(fold.quote().model_greeks, None);
}

#[test]
fn what_is_not_known_leaves_the_quote_as_it_is() {
    let mut fold = fold_of("STK");
    fold.tick(1, &tick(1, Some(9.5), Some(3.0)));
    fold.gap(Generation(2));
    let before = fold.quote();

    for tick_type in [-1, 15, 53, 77, i32::MAX] {
        fold.tick(2, &tick(tick_type, Some(1.0), Some(1.0)));
        fold.text(2, &TickText { request_id: 1, tick_type, value: "x" });
        fold.option(2, &OptionTick { delta: Some(0.5), ..option_tick(tick_type) });
    }

    assert_eq!(fold.quote(), before);
}

#[test]
fn a_gap_forgets_everything_until_the_next_tick() {
    let mut fold = fold_of("STK");
    fold.tick(5, &tick(1, Some(9.5), Some(3.0)));
    fold.market_data_type(MarketDataType::Delayed);

    fold.gap(Generation(2));
    let gap = fold.quote();
    fold.tick(6, &tick(2, Some(9.6), None));

    let heard = OffsetDateTime::UNIX_EPOCH + time::Duration::nanoseconds(5);
    let mut empty = Quote::empty(gap.contract.clone(), heard, Generation(2));
    empty.is_gap = true;
    assert_eq!(gap, empty);
    assert_eq!((fold.quote().is_gap, fold.quote().ask), (false, Some(9.6)));
}

fn option_tick(tick_type: i32) -> OptionTick {
    OptionTick {
        request_id: 1,
        tick_type,
        implied_volatility: None,
        delta: None,
        option_price: None,
        pv_dividend: None,
        gamma: None,
        vega: None,
        theta: None,
        underlying_price: None,
    }
}

/// Anything that a feed tells of one subscription.
#[derive(Debug, Clone, Copy)]
enum Item {
    Tick(i64, Tick),
    Text(i64, TickText<'static>),
    Option(i64, OptionTick),
    MinTick(Option<f64>),
    Type(MarketDataType),
    Gap(u64),
}

const NUMBERS: [f64; 9] = [-1.0, 0.0, 1.0, 9.5, 100.25, -3.5, f64::NAN, f64::INFINITY, f64::MAX];
const TEXTS: [&str; 6] = ["", "0", "Q", "KQZ", "1700000000", "-5"];
const KINDS: [MarketDataType; 2] = [MarketDataType::Live, MarketDataType::DelayedFrozen];

fn random_item(random: &mut Random, time_ns: i64) -> Item {
    let number = |random: &mut Random| (random.below(5) > 0).then(|| random.pick(&NUMBERS));
    match random.below(20) {
        0 => Item::Gap(random.below(9)),
        1 => Item::MinTick(number(random)),
        2 => Item::Type(random.pick(&KINDS)),
        3..6 => {
            let tick_type = random.pick(&[32, 33, 84, 45, 88, 48]);
            Item::Text(time_ns, TickText { request_id: 1, tick_type, value: random.pick(&TEXTS) })
        }
        6..9 => {
            let tick_type = random.pick(&[10, 11, 12, 13, 80, 81, 82, 83, 53]);
            let (delta, option_price) = (number(random), number(random));
            Item::Option(time_ns, OptionTick { delta, option_price, ..option_tick(tick_type) })
        }
        _ => {
            let tick_type = random.below(92) as i32 - 1;
            Item::Tick(time_ns, tick(tick_type, number(random), number(random)))
        }
    }
}

fn apply(fold: &mut QuoteFold, item: &Item) {
    match *item {
        Item::Tick(time_ns, tick) => fold.tick(time_ns, &tick),
        Item::Text(time_ns, tick) => fold.text(time_ns, &tick),
        Item::Option(time_ns, tick) => fold.option(time_ns, &tick),
        Item::Type(kind) => fold.market_data_type(kind),
        Item::Gap(generation) => fold.gap(Generation(generation)),
        Item::MinTick(min_tick) => fold.parameters(&TickParameters {
            request_id: 1,
            min_tick,
            bbo_exchange: "",
            snapshot_permissions: None,
        }),
    }
}

#[test]
fn every_quote_equals_a_slow_fold_of_the_ticks_before_it() {
    for seed in 0..300 {
        let mut random = Random::seeded(seed);
        let kind = random.pick(&["STK", "OPT", "IND"]);
        let items: Vec<_> = (1..=40).map(|time| random_item(&mut random, time)).collect();
        let mut fold = fold_of(kind);

        for (count, item) in items.iter().enumerate() {
            apply(&mut fold, item);

            let expected = reference::quote(kind, &items[..=count]);
            assert_eq!(fold.quote(), expected, "seed {seed}: {kind} {:?}", &items[..=count]);
        }
    }
}

#[test]
fn batches_and_the_quotes_between_them_make_no_difference() {
    for seed in 0..40 {
        let mut random = Random::seeded(seed);
        let items: Vec<_> = (1..=30).map(|time| random_item(&mut random, time)).collect();
        let mut whole = fold_of("OPT");
        items.iter().for_each(|item| apply(&mut whole, item));

        for split in 0..=items.len() {
            let mut fold = fold_of("OPT");
            items[..split].iter().for_each(|item| apply(&mut fold, item));
            let between = fold.quote();
            items[split..].iter().for_each(|item| apply(&mut fold, item));

            assert_eq!(fold.quote(), whole.quote(), "seed {seed}, split at {split}");
            assert_eq!(between, reference::quote("OPT", &items[..split]), "seed {seed}");
        }
    }
}
