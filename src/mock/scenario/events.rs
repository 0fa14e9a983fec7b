//! The events of a scenario, and the steps each takes.
//!
//! | action | steps |
//! |---|---|
//! | `price = { symbol, bid, ask, last, … }` | new prices |
//! | `play_prices = FILE` | prices from a CSV file or a recording, from that moment on |
//! | `clear_price = SYMBOL` | no market |
//! | `position = { account, symbol, quantity, average_cost }` | a position |
//! | `fill = { symbol, quantity, price }` | working orders fill by hand, oldest first |
//! | `data_error = { symbol, code }` | an entitlement error; without code no more |
//! | `notice = CODE` | a coded notice to every client |
//! | `fault = { name, lasts, … }` | a fault with the fields of `aioibkr.testing.faults`, for so long; a rolled back id is `IdRollback`, a held client id `ClientIdHeld` |
//! | `drop_connections = true` | every connection is closed |
//! | `restart = { down }` | the gateway is away for so many seconds, as at night |
//! | `outage = { lasts, every, data_lost }` | 1100 again and again, then 1101 with streams lost or 1102 (C1 to C4, C8) |
//! | `farm = { which, lasts }` | the farm for `market`, `history` or `definitions` breaks and is back (C3, C5) |
//! | `midnight = true` | executions and completed orders of the day are forgotten (E3) |

use std::time::Duration;

use super::fields::Fields;
use crate::error::Error;
use crate::faults::{FaultFields, Injection};
use crate::gateway::Prices;
use crate::prices::PriceSeries;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Price {
        symbol: String,
        prices: Prices,
    },
    PlayPrices(PriceSeries),
    ClearPrice(String),
    Position {
        account: String,
        symbol: String,
        quantity: f64,
        average_cost: f64,
    },
    Fill {
        symbol: String,
        quantity: f64,
        price: f64,
    },
    DataError {
        symbol: String,
        code: Option<i32>,
    },
    Notice(i32),
    /// Switches the fault of this number on.
    Inject(usize, Box<Injection>),
    /// Switches it off.
    Clear(usize),
    DropConnections,
    Down,
    Up,
    LoseStreams,
    Midnight,
}

/// A step, when it happens and the line it stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timed {
    pub(crate) at: Duration,
    pub(crate) line: usize,
    pub(crate) step: Step,
}

/// Steps of one event by the time since it began.
type Steps = Vec<(Duration, Step)>;

const MOST_STEPS: usize = 1_000_000;

/// Reads an event and appends its steps.
pub(super) fn read(mut event: Fields<'_>, steps: &mut Vec<Timed>) -> Result<(), Error> {
    let at = event.seconds("at")?;
    let at = event.need("at", at)?;
    let (times, every) = repeat(&mut event)?;
    let too_many = |event: &Fields<'_>| event.wrong("repeat", "makes more than a million steps");
    if usize::try_from(times).is_ok_and(|times| times > MOST_STEPS) {
        return Err(too_many(&event));
    }
    let series = series(&mut event)?;
    for round in 0..times {
        let begins = at.saturating_add(every.saturating_mul(round));
        // The number of steps so far is a number no other fault has.
        for (after, step) in action(&mut event, steps.len(), series.as_ref())? {
            let line = event.line();
            steps.push(Timed { at: begins.saturating_add(after), line, step });
        }
        if steps.len() > MOST_STEPS {
            return Err(too_many(&event));
        }
    }
    event.finish()
}

fn repeat(event: &mut Fields<'_>) -> Result<(u32, Duration), Error> {
    let Some(mut repeat) = event.table("repeat")? else { return Ok((1, Duration::ZERO)) };
    let (times, every) = (repeat.integer("times")?, repeat.seconds("every")?);
    let found = (repeat.need("times", times)?, repeat.need("every", every)?);
    repeat.finish()?;
    Ok(found)
}

const ACTIONS: [&str; 13] = [
    "price",
    "play_prices",
    "clear_price",
    "position",
    "fill",
    "data_error",
    "notice",
    "fault",
    "drop_connections",
    "restart",
    "outage",
    "farm",
    "midnight",
];

/// The prices an event plays, read once however often it does.
fn series(event: &mut Fields<'_>) -> Result<Option<PriceSeries>, Error> {
    let Some(path) = event.path("play_prices")? else { return Ok(None) };
    let series = PriceSeries::load(&path);
    series.map(Some).map_err(|error| event.wrong("play_prices", &format!("is refused: {error}")))
}

fn action(
    event: &mut Fields<'_>,
    number: usize,
    series: Option<&PriceSeries>,
) -> Result<Steps, Error> {
    let mut given = ACTIONS.into_iter().filter(|action| event.has(action));
    let (Some(action), None) = (given.next(), given.next()) else {
        return Err(event.wrong("", &format!("an event has one of {}", ACTIONS.join(", "))));
    };
    match action {
        "play_prices" => {
            let steps = series.cloned().map(|series| (Duration::ZERO, Step::PlayPrices(series)));
            Ok(steps.into_iter().collect())
        }
        "clear_price" => {
            let symbol = event.text(action)?.unwrap_or_default();
            Ok(vec![(Duration::ZERO, Step::ClearPrice(symbol))])
        }
        "notice" => {
            let code = event.integer(action)?.unwrap_or_default();
            Ok(vec![(Duration::ZERO, Step::Notice(code))])
        }
        "drop_connections" | "midnight" => {
            let step = if action == "midnight" { Step::Midnight } else { Step::DropConnections };
            match event.flag(action)? {
                Some(true) => Ok(vec![(Duration::ZERO, step)]),
                _ => Err(event.wrong(action, "must be true")),
            }
        }
        _ => {
            let Some(mut fields) = event.table(action)? else { return Ok(Vec::new()) };
            let steps = detailed(action, &mut fields, number)?;
            fields.finish()?;
            Ok(steps)
        }
    }
}

fn detailed(action: &str, of: &mut Fields<'_>, number: usize) -> Result<Steps, Error> {
    let now = |step| Ok(vec![(Duration::ZERO, step)]);
    match action {
        "price" => now(Step::Price { symbol: text(of, "symbol")?, prices: prices(of)? }),
        "position" => now(Step::Position {
            account: text(of, "account")?,
            symbol: text(of, "symbol")?,
            quantity: number_of(of, "quantity")?,
            average_cost: number_of(of, "average_cost")?,
        }),
        "fill" => now(Step::Fill {
            symbol: text(of, "symbol")?,
            quantity: number_of(of, "quantity")?,
            price: number_of(of, "price")?,
        }),
        "data_error" => {
            now(Step::DataError { symbol: text(of, "symbol")?, code: of.integer("code")? })
        }
        "fault" => fault(of, number),
        "restart" => {
            let down = seconds(of, "down")?;
            Ok(vec![(Duration::ZERO, Step::Down), (down, Step::Up)])
        }
        "outage" => outage(of),
        _ => farm(of),
    }
}

fn text(of: &mut Fields<'_>, key: &'static str) -> Result<String, Error> {
    let found = of.text(key)?;
    of.need(key, found)
}

fn number_of(of: &mut Fields<'_>, key: &'static str) -> Result<f64, Error> {
    let found = of.number(key)?;
    of.need(key, found)
}

fn seconds(of: &mut Fields<'_>, key: &'static str) -> Result<Duration, Error> {
    let found = of.seconds(key)?;
    of.need(key, found)
}

fn prices(of: &mut Fields<'_>) -> Result<Prices, Error> {
    Ok(Prices {
        bid: of.number("bid")?,
        ask: of.number("ask")?,
        last: of.number("last")?,
        bid_size: of.number("bid_size")?,
        ask_size: of.number("ask_size")?,
        last_size: of.number("last_size")?,
        volume: of.number("volume")?,
        open: of.number("open")?,
        high: of.number("high")?,
        low: of.number("low")?,
        close: of.number("close")?,
    })
}

fn fault(of: &mut Fields<'_>, number: usize) -> Result<Steps, Error> {
    let name = text(of, "name")?;
    let lasts = of.seconds("lasts")?;
    let fields = FaultFields {
        kind: of.text("kind")?,
        seconds: of.number("seconds")?,
        code: of.integer("code")?,
        message: of.text("message")?,
        quantity: of.number("quantity")?,
        by: of.integer("by")?,
        bytes_per_second: of.integer("bytes_per_second")?,
        client: of.integer("client")?,
        count: of.integer("count")?,
        probability: of.number("probability")?,
    };
    let named = Injection::named(&name, fields);
    let injection = named.map_err(|error| of.wrong("name", &format!("is refused: {error}")))?;
    let mut steps = vec![(Duration::ZERO, Step::Inject(number, Box::new(injection)))];
    steps.extend(lasts.map(|lasts| (lasts, Step::Clear(number))));
    Ok(steps)
}

fn outage(of: &mut Fields<'_>) -> Result<Steps, Error> {
    let (lasts, every) = (seconds(of, "lasts")?, of.seconds("every")?);
    // About one a minute on a long outage (C1).
    let every = every.unwrap_or(Duration::from_secs(60));
    let is_lost = of.flag("data_lost")?.unwrap_or(false);
    let rounds = lasts.as_secs_f64() / every.as_secs_f64();
    if every.is_zero() || rounds > MOST_STEPS as f64 {
        return Err(of.wrong("every", "makes more than a million notices"));
    }
    let times = (0..).map(|round| every.saturating_mul(round));
    let lost = times.take_while(|at| *at < lasts);
    let mut steps: Steps = lost.map(|at| (at, Step::Notice(1100))).collect();
    if is_lost {
        steps.push((lasts, Step::LoseStreams));
    }
    steps.push((lasts, Step::Notice(if is_lost { 1101 } else { 1102 })));
    Ok(steps)
}

fn farm(of: &mut Fields<'_>) -> Result<Steps, Error> {
    let which = of.text("which")?.unwrap_or_else(|| "market".to_owned());
    let (broken, restored) = match which.as_str() {
        "market" => (2103, 2104),
        "history" => (2105, 2106),
        "definitions" => (2157, 2158),
        _ => return Err(of.wrong("which", "is market, history or definitions")),
    };
    let lasts = seconds(of, "lasts")?;
    Ok(vec![(Duration::ZERO, Step::Notice(broken)), (lasts, Step::Notice(restored))])
}
