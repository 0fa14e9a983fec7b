//! The books follow the executions, whatever happens: orders of every type, time in force and linkage
//! in three kinds of instruments and two currencies, prices that move, nights that pass, corrections.

use rust_decimal::Decimal;
use time::macros::date;

use crate::exchange::deadlines::{day_of, midnight_after};
use crate::exchange::ledger::STARTING_CASH;
use crate::exchange::money::Money;
use crate::exchange::order_kind::OrderKind;
use crate::exchange::ticket::{OcaKind, Tif};
use crate::exchange::{
    Action, ClientId, ConId, Exchange, MarketRules, OrderId, OrderKey, QuoteChange, SecurityKind,
    Status, Ticket, random,
};

const ACCOUNT: &str = "DU1";
const STEPS: u64 = 200;
/// Market seconds between two steps: a night passes every few dozen.
const PACE: i64 = 1_800;

const WORDS: [&str; 14] = [
    "MKT",
    "LMT",
    "STP",
    "STP LMT",
    "TRAIL",
    "TRAIL LIMIT",
    "MIT",
    "LIT",
    "MOC",
    "LOC",
    "MTL",
    "MIDPRICE",
    "REL",
    "PEG MID",
];
const TIFS: [Tif; 6] = [Tif::Day, Tif::Gtc, Tif::Ioc, Tif::Fok, Tif::Gtd, Tif::Opg];

/// Draws numbers for one step of one run.
struct Draw {
    seed: u64,
    step: u64,
}

impl Draw {
    fn below(&self, salt: u64, range: u64) -> i64 {
        let number = random::mix(self.seed, self.step * 31 + salt) % range;
        i64::try_from(number).unwrap()
    }

    fn one<T: Clone>(&self, salt: u64, of: &[T]) -> T {
        let index = usize::try_from(self.below(salt, of.len() as u64)).unwrap();
        of[index].clone()
    }
}

#[test]
fn test_books_equal_a_fold_of_the_executions_at_every_moment() {
    for seed in 1..=8 {
        let mut exchange = Exchange::new(&[ACCOUNT.to_owned()], seed, date!(2026 - 11 - 23), 0);
        exchange.rules = MarketRules { fills_by_size: seed % 2 == 0, ..MarketRules::default() };
        for step in 0..STEPS {
            random_step(&mut exchange, &Draw { seed, step });
            assert_books_follow(&exchange, &format!("seed {seed}, step {step}"));
        }
        assert!(exchange.executions.len() > 40, "seed {seed}");
    }
}

/// 2026-11-23 00:00 UTC, a Monday.
const START: i64 = 1_795_392_000;

fn random_step(exchange: &mut Exchange, draw: &Draw) {
    let now = START + PACE * i64::try_from(draw.step).unwrap();
    exchange.pass(now);
    let con_id = draw.one(0, &traded(exchange));
    let base = exchange.listing.get(con_id).map(|found| (found.base_price, found.tick)).unwrap();
    let price = |salt: u64| base.0 + base.1 * Decimal::from(draw.below(salt, 40) - 20);
    let bid = price(1);
    let change = QuoteChange {
        bid: Some(bid),
        ask: Some(bid + base.1),
        last: Some(bid),
        ask_size: Some(Decimal::from(draw.below(2, 8))),
        bid_size: Some(Decimal::from(draw.below(3, 8))),
        ..QuoteChange::default()
    };
    exchange.set_quote(con_id, &change, now);
    let id = i32::try_from(draw.step).unwrap() + 1;
    let ticket = random_ticket(draw, (con_id, price(4), price(5)), now);
    exchange.place(key(id), ticket, None, now);
    if draw.below(6, 5) == 0 {
        exchange.cancel(key(id - 1), now);
    }
    correct_one(exchange, draw, price(7), now);
}

fn key(order: i32) -> OrderKey {
    OrderKey { client: ClientId(1), order: OrderId(order) }
}

/// A stock, a currency pair and a future.
fn traded(exchange: &Exchange) -> Vec<ConId> {
    let first = |kind: SecurityKind| {
        exchange.listing.all().iter().find(|one| one.kind == kind).map(|one| one.con_id)
    };
    [SecurityKind::Stock, SecurityKind::Cash, SecurityKind::Future]
        .map(first)
        .map(Option::unwrap)
        .into()
}

fn random_ticket(
    draw: &Draw,
    (con_id, limit, stop): (ConId, Decimal, Decimal),
    now: i64,
) -> Ticket {
    let kind = OrderKind::parse(draw.one(8, &WORDS)).unwrap();
    let id = i32::try_from(draw.step).unwrap() + 1;
    Ticket {
        account: ACCOUNT.into(),
        con_id,
        action: draw.one(9, &[Action::Buy, Action::Sell]),
        quantity: Decimal::from(draw.below(10, 9) + 1),
        limit: Some(limit),
        stop: (kind.needs_stop() || kind.trails()).then_some(stop),
        offset: kind.takes_offset().then(|| limit / Decimal::from(500)),
        kind,
        tif: draw.one(11, &TIFS),
        good_till: Some(now + PACE * 3),
        all_or_none: draw.below(12, 6) == 0,
        transmit: true,
        parent: (draw.below(13, 4) == 0).then_some(OrderId(id - 1)),
        oca_group: draw.one(14, &["", "", "a", "b"]).to_owned(),
        oca_kind: draw.one(15, &[OcaKind::Cancel, OcaKind::ReduceWithBlock, OcaKind::Reduce]),
        ..Ticket::default()
    }
}

/// Now and then a fresh execution gets another price.
fn correct_one(exchange: &mut Exchange, draw: &Draw, price: Decimal, now: i64) {
    let last = exchange.executions.last().filter(|last| !last.is_replaced && last.time == now);
    let id = last.filter(|_| draw.below(16, 4) == 0).map(|last| last.exec_id.clone());
    if let Some(id) = id {
        exchange.correct_execution(&id, price);
    }
}

fn assert_books_follow(exchange: &Exchange, place: &str) {
    let mut cash = Money::of("USD", STARTING_CASH);
    let mut realized = Decimal::ZERO;
    for fill in exchange.executions.iter().filter(|fill| !fill.is_replaced) {
        let instrument = exchange.listing.get(fill.con_id).unwrap();
        let signed = fill.quantity * fill.action.sign();
        cash.add("USD", -fill.commission);
        match instrument.kind {
            SecurityKind::Future => {}
            SecurityKind::Cash => {
                cash.add("EUR", signed);
                cash.add("USD", -signed * fill.price);
            }
            _ => cash.add("USD", -signed * fill.price),
        }
        if midnight_after(day_of(fill.time)) == exchange.next_midnight() {
            realized += fill.realized.unwrap_or_default();
        }
    }
    for con_id in traded(exchange) {
        let held = exchange.valued_one(ACCOUNT, con_id).map(|held| held.holding.quantity);
        assert_eq!(held.unwrap_or_default(), traded_quantity(exchange, con_id), "{place}");
    }
    let figures = exchange.figures(ACCOUNT).unwrap();
    assert_eq!(figures.balances.get("EUR"), cash.get("EUR"), "{place}");
    let drift = figures.balances.get("USD") - cash.get("USD") - future_gains(exchange);
    assert!(drift.abs() < Decimal::new(1, 9), "{place}: cash off by {drift}");
    let drift = figures.pnl.realized - realized;
    assert!(drift.abs() < Decimal::new(1, 9), "{place}: realized off by {drift}");
    assert_orders_follow(exchange, place);
}

fn traded_quantity(exchange: &Exchange, con_id: ConId) -> Decimal {
    let fills = exchange.executions.iter().filter(|fill| !fill.is_replaced);
    let of_it = fills.filter(|fill| fill.con_id == con_id);
    of_it.map(|fill| fill.quantity * fill.action.sign()).sum()
}

/// What futures have paid into cash: all they were sold for, less all they were bought for, plus
/// what is held at its cost without commissions.
fn future_gains(exchange: &Exchange) -> Decimal {
    let con_id = traded(exchange)[2];
    let multiplier = exchange.listing.get(con_id).unwrap().multiplier;
    let fills = exchange.executions.iter().filter(|f| !f.is_replaced && f.con_id == con_id);
    let spent: Decimal =
        fills.map(|fill| fill.quantity * fill.action.sign() * fill.price * multiplier).sum();
    let held = exchange.valued_one(ACCOUNT, con_id);
    held.map_or(Decimal::ZERO, |held| held.holding.cost - held.holding.fees) - spent
}

fn assert_orders_follow(exchange: &Exchange, place: &str) {
    let filled: Decimal = exchange.book.all().map(|order| order.filled).sum();
    let valid = exchange.executions.iter().filter(|fill| !fill.is_replaced);
    let executed: Decimal = valid.map(|fill| fill.quantity).sum();
    assert_eq!(filled, executed, "{place}");
    for order in exchange.book.all() {
        assert!(order.remaining() >= Decimal::ZERO, "{place}: {order:?}");
        let is_filled = order.status == Status::Filled;
        assert_eq!(is_filled, order.remaining().is_zero(), "{place}: {order:?}");
    }
}
