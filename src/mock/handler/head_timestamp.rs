//! Head timestamps (87, 90) and histograms (88, 89): one answer each, then nothing (M21).

use std::collections::BTreeMap;

use crate::client::{NO_REQUEST, Outlet};
use crate::clock;
use crate::exchange::bars::{BarQuery, BarSize, Show, Span, bars, first_session};
use crate::exchange::number::{decimal, double, text};
use crate::exchange::refusal::Refusal;
use crate::exchange::{ConId, Instrument};
use crate::wire::pb;
use crate::world::World;

use super::contract;

/// Epoch seconds if asked for, else UTC in the form with a dash.
pub(super) fn answer(world: &World, to: &Outlet, request: &pb::HeadTimestampRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match first_moment(world, request) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(moment) => {
            let text = match request.format_date() {
                2 => moment.to_string(),
                _ => dashed(moment),
            };
            to.send(&pb::HeadTimestamp { req_id: Some(id), head_timestamp: Some(text) });
        }
    }
}

fn first_moment(world: &World, request: &pb::HeadTimestampRequest) -> Result<i64, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let instrument = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?;
    let set = world.exchange.bars(con_id).and_then(|series| series.first());
    Ok(match set {
        Some(bar) => bar.start,
        None => first_session(instrument.kind, request.use_rth()),
    })
}

fn dashed(moment: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(moment);
    time.map_or_else(|_| String::new(), |time| clock::stamp(time).replace(' ', "-"))
}

/// Units traded at each closing price of the bars of a period.
pub(super) fn histogram(world: &World, to: &Outlet, request: &pb::HistogramDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match entries(world, request) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(histogram_data_entries) => {
            to.send(&pb::HistogramData { req_id: Some(id), histogram_data_entries });
        }
    }
}

fn entries(
    world: &World,
    request: &pb::HistogramDataRequest,
) -> Result<Vec<pb::HistogramDataEntry>, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let instrument = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?;
    let span = period(request.time_period())
        .ok_or_else(|| Refusal::new(321, "Error validating request. Invalid time period"))?;
    let mut volumes = BTreeMap::new();
    for (price, volume) in traded(world, con_id, instrument, (span, request.use_rth())) {
        *volumes.entry(decimal(price)).or_insert(0.0) += volume;
    }
    let entry = |(price, volume): (Option<_>, f64)| {
        let (price, size) = (price?, decimal(volume)?);
        Some(pb::HistogramDataEntry { price: Some(double(price)), size: Some(text(size)) })
    };
    Ok(volumes.into_iter().filter_map(entry).collect())
}

/// Closing prices and volumes of the minutes of a span.
fn traded(
    world: &World,
    con_id: ConId,
    instrument: &Instrument,
    (span, is_regular): (Span, bool),
) -> Vec<(f64, f64)> {
    let (size, end) = (BarSize::Seconds(60), world.now());
    let query = BarQuery { end, span, size, show: Show::Trades, is_regular };
    let found = match world.exchange.bars(con_id) {
        Some(series) => series.clone(),
        None => bars(instrument, world.exchange.seed, query),
    };
    let volume = |bar: &crate::exchange::bars::Bar| bar.trades.map_or(0.0, |trades| trades.volume);
    found.iter().map(|bar| (bar.close, volume(bar))).collect()
}

/// A count and a unit in full, such as `3 days`.
fn period(text: &str) -> Option<Span> {
    let (count, unit) = text.trim().split_once(' ')?;
    let unit = match unit.trim().trim_end_matches('s').to_lowercase().as_str() {
        "sec" | "second" => "S",
        "day" => "D",
        "week" => "W",
        "month" => "M",
        "year" => "Y",
        _ => return None,
    };
    Span::parse(&format!("{count} {unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_periods_are_written_out() {
        let cases =
            [("3 days", Some(Span::Days(3))), ("1 week", Some(Span::Weeks(1))), ("x", None)];

        for (text, expected) in cases {
            assert_eq!(period(text), expected, "{text}");
        }
        assert_eq!(dashed(0), "19700101-00:00:00");
    }
}
