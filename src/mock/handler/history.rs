//! Historical bars (20, 25): every bar in one frame, then the end frame with the window (H1).

use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::client::{NO_REQUEST, Outlet};
use crate::clock;
use crate::exchange::bars::{Bar, BarQuery, BarSize, Show, Span, bars};
use crate::exchange::calendar::{ZONE, eastern, from_eastern, session};
use crate::exchange::number::double;
use crate::exchange::refusal::Refusal;
use crate::exchange::{Instrument, SecurityKind};
use crate::faults::Quirk;
use crate::wire::pb;
use crate::wire::text::BarsWithWindow;
use crate::world::World;

use super::live_bars::Followed;
use super::{contract, live_bars, schedule};

pub(super) fn answer(world: &mut World, to: &Outlet, request: &pb::HistoricalDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    if world.client(to).is_some_and(|client| client.streams.live_bars.contains_key(&id)) {
        return to.error(id, 386, "Duplicate ticker ID for API historical data query");
    }
    let sent = resolve(world, request).and_then(|asked| send(world, to, id, request, asked));
    if let Err(refusal) = sent {
        to.error(id, refusal.code, refusal.text);
    }
}

/// Only a query that keeps up to date is still there to be cancelled (H14); its cancel is told as the
/// failure of the query (H13).
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelHistoricalData) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.streams.live_bars.remove(&id));
    let (code, text) = match known {
        Some(_) => (
            162,
            format!(
                "Historical Market Data Service error message:API historical data query cancelled: {id}"
            ),
        ),
        None => (366, format!("No historical data query found for ticker id:{id}")),
    };
    to.error(id, code, text);
}

/// What a request is for.
struct Asked {
    instrument: Instrument,
    query: BarQuery,
    lacks_zone: bool,
}

fn resolve(world: &World, request: &pb::HistoricalDataRequest) -> Result<Asked, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let instrument = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?.clone();
    let End { moment, lacks_zone } = match request.end_date_time() {
        "" => End { moment: world.now(), lacks_zone: false },
        text => End::parse(text)?,
    };
    let query = query(request, moment, &instrument)?;
    check_live(request, query)?;
    Ok(Asked { instrument, query, lacks_zone })
}

/// What keeps up to date ends now, and has bars of five seconds at least (H16).
fn check_live(request: &pb::HistoricalDataRequest, query: BarQuery) -> Result<(), Refusal> {
    let is_too_short = matches!(query.size, BarSize::Seconds(size) if size < live_bars::SHORTEST);
    match request.keep_up_to_date() {
        true if is_too_short => Err(invalid("Historical data bar size setting is invalid")),
        true if !request.end_date_time().is_empty() => {
            Err(invalid("End date not supported with keepUpToDate"))
        }
        _ => Ok(()),
    }
}

fn send(
    world: &mut World,
    to: &Outlet,
    id: i32,
    request: &pb::HistoricalDataRequest,
    Asked { instrument, query, lacks_zone }: Asked,
) -> Result<(), Refusal> {
    if lacks_zone {
        to.error(
            id,
            2174,
            "Warning: You submitted request with date-time attributes without explicit time zone.",
        );
    }
    wake_farm(world, to, id);
    if request.what_to_show() == "SCHEDULE" {
        schedule::send(to, id, &instrument, query);
        return Ok(());
    }
    let mut found: Vec<_> = match world.exchange.bars(instrument.con_id) {
        Some(series) => series.iter().filter(|bar| bar.start < query.end).copied().collect(),
        None => bars(&instrument, world.exchange.seed, query),
    };
    if world.faults.has(to.client, Quirk::CrookedBars) {
        let outside = found.iter_mut().filter(|bar| is_extended(instrument.kind, bar.start));
        outside.for_each(|bar| bar.high = bar.close.min(bar.open) - double(instrument.tick));
    }
    let form = if request.format_date() == 2 { DateForm::Epoch } else { DateForm::Local };
    let has_utc_window = world.settings.profile.writes_utc_windows;
    let writing = Writing { dates: form, has_utc_window };
    send_batch(to, id, &instrument, &found, (query, writing))?;
    if request.keep_up_to_date() {
        let followed = Followed { con_id: instrument.con_id, query, form };
        live_bars::start(world, to, id, followed, found.last());
    }
    Ok(())
}

fn is_extended(kind: SecurityKind, start: i64) -> bool {
    let regular = session(kind, eastern(start).date(), true);
    regular.is_none_or(|session| !(session.start..session.end).contains(&start))
}

/// A farm that sleeps connects on demand and says so; the bars follow (H9).
fn wake_farm(world: &mut World, to: &Outlet, id: i32) {
    if std::mem::take(&mut world.has_idle_history_farm) {
        to.error(id, 165, CONNECTED);
    }
}

const CONNECTED: &str =
    "Historical Market Data Service query message:HMDS server connection was successful.";

/// How an answer writes its times.
#[derive(Clone, Copy)]
struct Writing {
    dates: DateForm,
    has_utc_window: bool,
}

/// Every bar in one frame, then the window (H1).
fn send_batch(
    to: &Outlet,
    id: i32,
    instrument: &Instrument,
    found: &[Bar],
    (query, writing): (BarQuery, Writing),
) -> Result<(), Refusal> {
    if found.is_empty() {
        return Err(no_data("HMDS query returned no data", instrument));
    }
    let historical_data_bars =
        found.iter().map(|bar| row(bar, query.size, writing.dates)).collect();
    let reply = pb::HistoricalData { req_id: Some(id), historical_data_bars };
    match to.send_bars(BarsWithWindow {
        bars: reply,
        window: window(id, query, writing.has_utc_window),
    }) {
        true => Ok(()),
        false => Err(no_data("query would return too many bars", instrument)),
    }
}

fn invalid(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bP' : cause - {cause}"))
}

fn no_data(cause: &str, instrument: &Instrument) -> Refusal {
    let (symbol, exchange) = (&instrument.local_symbol, instrument.route());
    Refusal::new(
        162,
        format!("Historical Market Data Service error message:{cause}: {symbol}@{exchange}"),
    )
}

fn query(
    request: &pb::HistoricalDataRequest,
    end: i64,
    instrument: &Instrument,
) -> Result<BarQuery, Refusal> {
    let show = show(request.what_to_show(), instrument)?;
    let size = BarSize::parse(request.bar_size_setting());
    let span = Span::parse(request.duration());
    Ok(BarQuery {
        end,
        span: span.ok_or_else(|| invalid("Historical data duration is not valid"))?,
        size: size.ok_or_else(|| invalid("Historical data bar size setting is invalid"))?,
        show,
        is_regular: request.use_rth(),
    })
}

/// What a request shows. A schedule has sessions for bars, and days only (H7).
fn show(name: &str, instrument: &Instrument) -> Result<Show, Refusal> {
    Ok(match (name, instrument.kind) {
        ("TRADES", SecurityKind::Cash) => {
            return Err(no_data("No market data permissions for TRADES", instrument));
        }
        // Coins trade in too many places for one tape (H19).
        ("TRADES", SecurityKind::Crypto) => {
            return Err(Refusal::new(
                10_299,
                "Expected what to show is AGGTRADES, please use that instead of TRADES.",
            ));
        }
        ("TRADES" | "ADJUSTED_LAST" | "AGGTRADES" | "SCHEDULE", _) => Show::Trades,
        ("MIDPOINT", _) => Show::Midpoint,
        ("BID", _) => Show::Bid,
        ("ASK", _) => Show::Ask,
        ("BID_ASK", _) => Show::BidAsk,
        ("HISTORICAL_VOLATILITY" | "OPTION_IMPLIED_VOLATILITY", _) => Show::Volatility,
        _ => return Err(invalid("Incorrect 'what to show'")),
    })
}

/// The end of a window, and whether it was written without a zone (H11).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Epoch seconds.
    pub(super) moment: i64,
    pub(super) lacks_zone: bool,
}

impl End {
    /// `YYYYMMDD HH:MM:SS Zone`, or `YYYYMMDD-HH:MM:SS` in UTC; without a zone the
    /// instrument's is meant.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        Self::parse_written(text).ok_or_else(|| {
            Refusal::new(10314, "End Date/Time: The date, time, or time-zone entered is invalid.")
        })
    }

    fn parse_written(text: &str) -> Option<Self> {
        if let Some((date, clock)) = text.split_once('-') {
            let local = parse_local(date, clock.trim_end_matches('Z'))?;
            let moment = local.assume_utc().unix_timestamp();
            return Some(Self { moment, lacks_zone: false });
        }
        let mut parts = text.split_whitespace();
        let local = parse_local(parts.next()?, parts.next().unwrap_or("00:00:00"))?;
        let zone = parts.next();
        let moment = match zone {
            None | Some("US/Eastern" | "America/New_York" | "EST" | "EDT" | "EST5EDT") => {
                from_eastern(local)
            }
            Some("UTC" | "GMT" | "Etc/UTC") => local.assume_utc().unix_timestamp(),
            Some(_) => return None,
        };
        Some(Self { moment, lacks_zone: zone.is_none() })
    }
}

fn parse_local(date: &str, clock: &str) -> Option<PrimitiveDateTime> {
    let form = time::macros::format_description!("[year][month][day] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(&format!("{date} {clock}"), form).ok()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateForm {
    Local,
    Epoch,
}

pub(super) fn row(bar: &Bar, size: BarSize, form: DateForm) -> pb::HistoricalDataBar {
    let trades = bar.trades;
    let none = || "-1".to_owned();
    pb::HistoricalDataBar {
        date: Some(date(bar.start, size, form)),
        open: Some(bar.open),
        high: Some(bar.high),
        low: Some(bar.low),
        close: Some(bar.close),
        volume: Some(trades.map_or_else(none, |trades| trades.volume.to_string())),
        wap: Some(trades.map_or_else(none, |trades| trades.wap.to_string())),
        bar_count: Some(trades.map_or(-1, |trades| trades.count)),
    }
}

/// Bars of a day and longer show a date whatever the form asked for.
fn date(start: i64, size: BarSize, form: DateForm) -> String {
    match (size, form) {
        (BarSize::Seconds(_), DateForm::Epoch) => start.to_string(),
        (BarSize::Seconds(_), DateForm::Local) => {
            format!("{} {ZONE}", clock::stamp(eastern(start)))
        }
        (BarSize::Day | BarSize::Week | BarSize::Month, _) => {
            clock::stamp(eastern(start)).chars().take(8).collect()
        }
    }
}

/// The window as wall-clock arithmetic in the instrument's zone (H3), written there or in UTC (H2).
fn window(id: i32, query: BarQuery, has_utc_window: bool) -> pb::HistoricalDataEnd {
    let end = eastern(query.end);
    let start = match query.span {
        Span::Seconds(seconds) => eastern(query.end - seconds),
        span => OffsetDateTime::new_in_offset(span.before(end.date()), end.time(), end.offset()),
    };
    let shown = |time: OffsetDateTime| {
        Some(match has_utc_window {
            true => clock::stamp(time.to_offset(UtcOffset::UTC)).replacen(' ', "-", 1),
            false => format!("{} {ZONE}", clock::stamp(time)),
        })
    };
    pb::HistoricalDataEnd {
        req_id: Some(id),
        start_date_str: shown(start),
        end_date_str: shown(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_ends_are_read_in_every_form_a_client_writes() {
        let cases = [
            ("20261120-21:00:00", Some((1_795_208_400, false))),
            ("20261120 16:00:00 US/Eastern", Some((1_795_208_400, false))),
            ("20261120 21:00:00 UTC", Some((1_795_208_400, false))),
            ("20261120 16:00:00", Some((1_795_208_400, true))),
            ("20261120 16:00:00 Mars/Base", None),
            ("yesterday", None),
        ];

        for (text, expected) in cases {
            let expected = expected.map(|(moment, lacks_zone)| End { moment, lacks_zone });
            assert_eq!(End::parse(text).ok(), expected, "{text}");
        }
    }
}
