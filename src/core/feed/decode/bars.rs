//! Bars: of five seconds, of a whole answer, and kept up to date.

use time::{Date, Month};

use crate::feed::fields::{Fields, Value};
use crate::feed::message::{FeedBar, FeedBarTime, Message};
use crate::feed::reading::{
    Read, amount_of, is_epoch, is_identity, named, number_of, only, request, size_of, whole,
};

/// `realtimeBar`.
pub(super) fn real_time(message: &[u8]) -> Read<FeedBar<'_>> {
    let (mut id, mut time, mut bar) = (None, None, Parts::default());
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => time = value.long(),
            _ => bar.read(number - 2, value)?,
        }
    }
    whole(&fields)?;
    let time = named("time", time.filter(|time| is_epoch(*time)))?;
    bar.bar(request(id)?, FeedBarTime::Epoch(time))
}

/// `historicalData`.
pub(super) fn history(message: &[u8]) -> Read<Message<'_>> {
    let (mut id, mut count) = (None, 0);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => count += 1,
            _ => {}
        }
    }
    whole(&fields)?;
    let request_id = request(id)?;
    // What is shorter is no bar, so a frame full of empty ones takes no room.
    let mut bars = Vec::with_capacity(count.min(message.len() / SHORTEST_BAR));
    for (_, value) in Fields::new(message).filter(|(number, _)| *number == 2) {
        bars.push(past(request_id, named("historicalDataBars", value.bytes())?)?);
    }
    Ok(Message::Bars { request_id, bars })
}

/// Four prices and a time of one digit.
const SHORTEST_BAR: usize = 4 * 9 + 3;

/// `historicalDataUpdate`.
pub(super) fn update(message: &[u8]) -> Read<FeedBar<'_>> {
    let (mut id, mut bar) = (None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => bar = only("historicalDataBar", bar, value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    past(request(id)?, named("historicalDataBar", bar)?)
}

fn past(request_id: i32, message: &[u8]) -> Read<FeedBar<'_>> {
    let (mut date, mut bar) = (None, Parts::default());
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => date = value.bytes(),
            _ => bar.read(number - 1, value)?,
        }
    }
    whole(&fields)?;
    bar.bar(request_id, named("date", date.and_then(bar_time))?)
}

/// The values of a bar, as far as they are there. Both messages have them in the same order.
#[derive(Default)]
struct Parts {
    prices: [Option<f64>; 4],
    volume: Option<f64>,
    average: Option<f64>,
    count: Option<i32>,
}

const PRICES: [&str; 4] = ["open", "high", "low", "close"];

impl Parts {
    /// Reads one of them, the first price being number 1.
    fn read(&mut self, number: u64, value: Value<'_>) -> Read<()> {
        match number {
            1..=4 => {
                let index = number as usize - 1;
                self.prices[index] = number_of(PRICES[index], value)?;
            }
            5 => self.volume = size_of("volume", value)?,
            6 => self.average = amount_of("WAP", value)?,
            7 => self.count = Some(named("count", value.int())?),
            _ => {}
        }
        Ok(())
    }

    fn bar<'a>(self, request_id: i32, time: FeedBarTime<'a>) -> Read<FeedBar<'a>> {
        let [open, high, low, close] = self.prices;
        let count = self.count.filter(|count| is_identity(*count));
        Ok(FeedBar {
            request_id,
            time,
            open: named("open", open)?,
            high: named("high", high)?,
            low: named("low", low)?,
            close: named("close", close)?,
            volume: self.volume,
            // Where no trades are counted there is no average of them.
            average: self.average.filter(|average| count.is_some() && *average != -1.0),
            count,
        })
    }
}

/// `YYYYMMDD`, or seconds since 1970.
fn bar_time(text: &[u8]) -> Option<FeedBarTime<'_>> {
    let seconds = text.iter().try_fold(0i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })?;
    match text {
        [] => None,
        [_, _, _, _, _, _, _, _] => {
            is_date(seconds).then(|| std::str::from_utf8(text).ok())?.map(FeedBarTime::Date)
        }
        // Nobody writes seconds so.
        [b'0', _, ..] => None,
        _ => Some(seconds).filter(|seconds| is_epoch(*seconds)).map(FeedBarTime::Epoch),
    }
}

/// Whether the calendar has a day, written as one number of eight digits; there is no year 0.
fn is_date(digits: i64) -> bool {
    let (Ok(year), Ok(month), Ok(day)) = (
        i32::try_from(digits / 10_000),
        u8::try_from(digits / 100 % 100),
        u8::try_from(digits % 100),
    ) else {
        return false;
    };
    let has_day = |month| Date::from_calendar_date(year, month, day).is_ok();
    year > 0 && Month::try_from(month).is_ok_and(has_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::decode::encoded::{HistoricalBar, History, RealTimeBar, body};
    use crate::feed::{Malformed, decode};

    fn real_time() -> RealTimeBar {
        RealTimeBar {
            request_id: Some(6),
            time: Some(1_795_000_000),
            open: Some(1.0),
            high: Some(4.0),
            low: Some(0.5),
            close: Some(2.0),
            volume: Some("40".to_owned()),
            average: Some("1.75".to_owned()),
            count: Some(3),
        }
    }

    fn past(date: &str) -> HistoricalBar {
        let RealTimeBar { open, high, low, close, volume, average, count, .. } = real_time();
        HistoricalBar {
            date: Some(date.to_owned()),
            open,
            high,
            low,
            close,
            volume,
            average,
            count,
        }
    }

    fn history(number: u32, bars: Vec<HistoricalBar>) -> Vec<u8> {
        body(number, &History { request_id: Some(6), bars })
    }

    /// (H6)
    #[test]
    fn bars_without_trades_have_no_volume_average_or_count() {
        let without = |value: &str, count| RealTimeBar {
            volume: Some(value.to_owned()),
            average: Some(value.to_owned()),
            count: Some(count),
            ..real_time()
        };
        let absent = RealTimeBar { volume: None, average: None, count: None, ..real_time() };

        for bar in [without("-1", -1), without("2147483647", i32::MAX), absent] {
            let body = body(50, &bar);
            let Ok(Message::RealTimeBar(bar)) = decode(&body) else { panic!("no bar") };
            assert_eq!((bar.volume, bar.average, bar.count), (None, None, None));
            assert_eq!((bar.open, bar.high, bar.low, bar.close), (1.0, 4.0, 0.5, 2.0));
        }
    }

    #[test]
    fn a_price_that_is_not_there_is_malformed() {
        let table = [
            ("open", RealTimeBar { open: None, ..real_time() }),
            ("high", RealTimeBar { high: Some(f64::NAN), ..real_time() }),
            ("low", RealTimeBar { low: Some(f64::NEG_INFINITY), ..real_time() }),
            ("close", RealTimeBar { close: Some(f64::MAX), ..real_time() }),
            ("time", RealTimeBar { time: Some(-5), ..real_time() }),
            ("reqId", RealTimeBar { request_id: None, ..real_time() }),
        ];

        for (field, bar) in table {
            assert_eq!(decode(&body(50, &bar)), Err(Malformed { message: 50, field }));
        }
    }

    #[test]
    fn times_are_days_or_seconds() {
        let table = [
            ("20240229", Some(FeedBarTime::Date("20240229"))),
            ("1795000000", Some(FeedBarTime::Epoch(1_795_000_000))),
            ("0", Some(FeedBarTime::Epoch(0))),
            ("20230229", None),
            ("20261320", None),
            ("00000101", None),
            ("0096610715", None),
            ("", None),
            ("-5", None),
            ("20261120 09:30:00", None),
            ("9223372036854775807", None),
            ("99999999999999999999", None),
        ];

        for (date, expected) in table {
            let body = history(90, vec![past(date)]);
            let time = match decode(&body) {
                Ok(Message::BarUpdate(bar)) => Some(bar.time),
                other => {
                    assert_eq!(other, Err(Malformed { message: 90, field: "date" }), "{date}");
                    None
                }
            };
            assert_eq!(time, expected, "{date}");
        }
    }

    #[test]
    fn an_answer_has_all_bars_or_none() {
        let whole = history(17, vec![past("20240228"), past("20240229")]);
        let broken = history(17, vec![past("20240228"), past("20240230")]);
        let empty = history(17, Vec::new());

        let Ok(Message::Bars { request_id: 6, bars }) = decode(&whole) else { panic!("no bars") };
        assert_eq!(
            bars.iter().map(|bar| bar.time).collect::<Vec<_>>(),
            [FeedBarTime::Date("20240228"), FeedBarTime::Date("20240229")]
        );
        assert_eq!(decode(&broken), Err(Malformed { message: 17, field: "date" }));
        assert_eq!(decode(&empty), Ok(Message::Bars { request_id: 6, bars: Vec::new() }));
    }

    #[test]
    fn a_frame_of_empty_bars_is_refused_before_it_takes_room() {
        let body = history(17, vec![HistoricalBar::default(); 100_000]);

        assert_eq!(decode(&body), Err(Malformed { message: 17, field: "date" }));
    }
}
