//! The slow fold: each field of a quote is looked for backwards among the items since the last gap.

use super::*;

/// What an item says of a field.
enum Value {
    Number(Option<f64>),
    Letters(Option<&'static str>),
    Greeks(Option<Greeks>),
    Flag(Option<bool>),
    Time(Option<OffsetDateTime>),
}

/// Field, live id, delayed id.
const PRICES: [(QuoteField, i32, i32); 8] = [
    (QuoteField::Bid, 1, 66),
    (QuoteField::Ask, 2, 67),
    (QuoteField::Last, 4, 68),
    (QuoteField::High, 6, 72),
    (QuoteField::Low, 7, 73),
    (QuoteField::Close, 9, 75),
    (QuoteField::Open, 14, 76),
    (QuoteField::Mark, 37, 37),
];
const SIZES: [(QuoteField, i32, i32); 5] = [
    (QuoteField::BidSize, 0, 69),
    (QuoteField::AskSize, 3, 70),
    (QuoteField::LastSize, 5, 71),
    (QuoteField::Volume, 8, 74),
    (QuoteField::ShortableShares, 89, 89),
];
const LETTERS: [(QuoteField, i32, i32); 3] = [
    (QuoteField::BidExchange, 32, 32),
    (QuoteField::AskExchange, 33, 33),
    (QuoteField::LastExchange, 84, 84),
];
const GREEKS: [(QuoteField, i32, i32); 4] = [
    (QuoteField::BidGreeks, 10, 80),
    (QuoteField::AskGreeks, 11, 81),
    (QuoteField::LastGreeks, 12, 82),
    (QuoteField::ModelGreeks, 13, 83),
];
const PAIRS: [(QuoteField, QuoteField); 3] = [
    (QuoteField::BidSize, QuoteField::Bid),
    (QuoteField::AskSize, QuoteField::Ask),
    (QuoteField::LastSize, QuoteField::Last),
];

/// The quote after `items` of a contract of this kind.
pub(super) fn quote(kind: &str, items: &[Item]) -> Quote {
    let gap = items.iter().rposition(|item| matches!(item, Item::Gap(_)));
    let since = &items[gap.map_or(0, |place| place + 1)..];
    let contract = fold_of(kind).quote().contract;
    let mut quote = Quote::empty(contract, newest(kind, items), Generation(1));
    if let Some(Item::Gap(generation)) = gap.map(|place| items[place]) {
        quote.generation = Generation(generation);
        quote.is_gap = !since.iter().any(|item| is_news(kind, item));
    }
    for item in since {
        match *item {
            Item::Type(kind) => quote.market_data_type = kind,
            Item::MinTick(step) => quote.min_tick = real(step).filter(|step| *step > 0.0),
            _ => {}
        }
    }
    for field in QuoteField::ALL {
        let last =
            since.iter().rev().find_map(|item| Some((time(item)?, told(kind, field, item)?)));
        if let Some((time_ns, value)) = last {
            quote.mark_told(field, time_ns);
            put(&mut quote, field, value);
        }
    }
    quote
}

/// When the last item came that says something of any field.
fn newest(kind: &str, items: &[Item]) -> OffsetDateTime {
    let says =
        |item: &&Item| QuoteField::ALL.iter().any(|field| told(kind, *field, item).is_some());
    let time_ns = items.iter().rev().find(says).and_then(time).unwrap_or(0);
    OffsetDateTime::UNIX_EPOCH + time::Duration::nanoseconds(time_ns)
}

fn is_news(kind: &str, item: &Item) -> bool {
    match item {
        Item::MinTick(_) | Item::Type(_) => true,
        _ => QuoteField::ALL.iter().any(|field| told(kind, *field, item).is_some()),
    }
}

fn time(item: &Item) -> Option<i64> {
    match item {
        Item::Tick(time, _) | Item::Text(time, _) | Item::Option(time, _) => Some(*time),
        Item::MinTick(_) | Item::Type(_) | Item::Gap(_) => None,
    }
}

fn told(kind: &str, field: QuoteField, item: &Item) -> Option<Value> {
    let has = |table: &[(QuoteField, i32, i32)], id| {
        table.iter().any(|(named, live, late)| *named == field && (*live == id || *late == id))
    };
    match item {
        Item::Tick(_, tick) if has(&PRICES, tick.tick_type) => {
            Some(Value::Number(price(kind, field, tick)))
        }
        Item::Tick(_, tick) if has(&SIZES, tick.tick_type) => {
            Some(Value::Number(positive(tick.size)))
        }
        Item::Tick(_, tick) => pair(kind, field, item).or(generic(field, tick)),
        Item::Text(_, text) if has(&LETTERS, text.tick_type) => {
            Some(Value::Letters(Some(text.value).filter(|value| !value.is_empty())))
        }
        Item::Text(_, text) => stamp(field, text),
        Item::Option(_, tick) => has(&GREEKS, tick.tick_type).then(|| {
            let (delta, option_price) = (real(tick.delta), real(tick.option_price));
            let greeks = Greeks { delta, option_price, ..Greeks::default() };
            Value::Greeks(delta.or(option_price).map(|_| greeks))
        }),
        Item::MinTick(_) | Item::Type(_) | Item::Gap(_) => None,
    }
}

/// The size that comes or goes with a price.
fn pair(kind: &str, field: QuoteField, item: &Item) -> Option<Value> {
    let (_, priced) = PAIRS.iter().find(|(size, _)| *size == field)?;
    let Some(Value::Number(price)) = told(kind, *priced, item) else { return None };
    let Item::Tick(_, tick) = item else { return None };
    (tick.size.is_some() || price.is_none()).then(|| Value::Number(positive(tick.size)))
}

fn generic(field: QuoteField, tick: &Tick) -> Option<Value> {
    match (field, tick.tick_type) {
        (QuoteField::Shortable, 46) => Some(Value::Number(positive(tick.price))),
        (QuoteField::Halted, 49 | 90) => {
            Some(Value::Flag(positive(tick.price).map(|kind| kind > 0.0)))
        }
        _ => None,
    }
}

fn stamp(field: QuoteField, text: &TickText<'_>) -> Option<Value> {
    let is_stamp = field == QuoteField::LastTimestamp && [45, 88].contains(&text.tick_type);
    let known = (text.value == "1700000000")
        .then(|| OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1_700_000_000));
    is_stamp.then_some(Value::Time(known))
}

fn price(kind: &str, field: QuoteField, tick: &Tick) -> Option<f64> {
    let price = real(tick.price)?;
    let has_size = tick.size.is_some_and(|size| size != 0.0);
    let stands = match (field, kind) {
        (QuoteField::Bid | QuoteField::Ask, _) => has_size || price != -1.0 && price != 0.0,
        (_, "IND") => true,
        (_, "OPT") => price >= 0.0,
        _ => price > 0.0,
    };
    stands.then_some(price)
}

fn real(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite() && *number != f64::MAX)
}

fn positive(number: Option<f64>) -> Option<f64> {
    real(number).filter(|number| *number >= 0.0)
}

fn put(quote: &mut Quote, field: QuoteField, value: Value) {
    match value {
        Value::Number(value) => put_number(quote, field, value),
        Value::Flag(value) => quote.halted = value,
        Value::Time(value) => quote.last_timestamp = value,
        Value::Letters(value) => {
            let place = match field {
                QuoteField::BidExchange => &mut quote.bid_exchange,
                QuoteField::AskExchange => &mut quote.ask_exchange,
                _ => &mut quote.last_exchange,
            };
            *place = value.map(Arc::from);
        }
        Value::Greeks(value) => {
            let place = match field {
                QuoteField::BidGreeks => &mut quote.bid_greeks,
                QuoteField::AskGreeks => &mut quote.ask_greeks,
                QuoteField::LastGreeks => &mut quote.last_greeks,
                _ => &mut quote.model_greeks,
            };
            *place = value.map(Arc::new);
        }
    }
}

fn put_number(quote: &mut Quote, field: QuoteField, value: Option<f64>) {
    let place = match field {
        QuoteField::Bid => &mut quote.bid,
        QuoteField::Ask => &mut quote.ask,
        QuoteField::Last => &mut quote.last,
        QuoteField::BidSize => &mut quote.bid_size,
        QuoteField::AskSize => &mut quote.ask_size,
        QuoteField::LastSize => &mut quote.last_size,
        QuoteField::Volume => &mut quote.volume,
        QuoteField::Open => &mut quote.open,
        QuoteField::High => &mut quote.high,
        QuoteField::Low => &mut quote.low,
        QuoteField::Close => &mut quote.close,
        QuoteField::Mark => &mut quote.mark,
        QuoteField::Shortable => &mut quote.shortable,
        QuoteField::ShortableShares => &mut quote.shortable_shares,
        other => unreachable!("{other:?} holds no number"),
    };
    *place = value;
}
