//! Prices as a recording holds them: the ticks of its market data requests, mapped to the contracts of
//! those requests. Of several requests for one contract the latest that is open counts, so that no
//! trade is told twice; snapshots do not count.

use rust_decimal::Decimal;

use super::{Name, PriceSeries, Row, Subject};
use crate::error::Error;
use crate::exchange::QuoteChange;
use crate::exchange::number::decimal;
use crate::replay::{Recording, Said, Transcript, Way};
use crate::wire::frame::{self, Body};
use crate::wire::text::Tape;
use crate::wire::{ReplyKind, Request, ServerVersion, encoding, pb};

/// Reads the ticks of a recording.
pub(super) fn read(recording: &Recording) -> Result<PriceSeries, Error> {
    let mut said: Vec<_> = Transcript::all(recording)
        .into_iter()
        .flat_map(|(number, Transcript { version, said, .. })| {
            said.into_iter().map(move |said| (number, version, said))
        })
        .collect();
    said.sort_by_key(|(_, _, said)| said.micros);
    let mut ticks = Ticks::default();
    for (connection, version, said) in said {
        match said.way {
            Way::ToGateway => ticks.ask(connection, version, &said),
            Way::ToClient => ticks.tell(connection, version, &said),
        }
    }
    ticks.series()
}

/// A request: its connection and its id there.
type Line = (u32, i32);

#[derive(Default)]
struct Ticks {
    subjects: Vec<Subject>,
    /// The open requests of each subject, the latest last.
    lines: Vec<Vec<Line>>,
    rows: Vec<Row>,
}

impl Ticks {
    fn ask(&mut self, connection: u32, version: ServerVersion, said: &Said) {
        match encoding::decode(version, &said.body) {
            Ok(Request::ReqMktData(request)) if !request.snapshot() => {
                let line = (connection, request.req_id());
                self.open(line, request.contract.unwrap_or_default());
            }
            Ok(Request::CancelMktData(request)) => self.close((connection, request.req_id())),
            _ => {}
        }
    }

    fn open(&mut self, line: Line, contract: pb::Contract) {
        self.close(line);
        let name = Name::Contract(Box::new(contract));
        let known = self.subjects.iter().position(|subject| subject.name == name);
        let subject = known.unwrap_or_else(|| {
            let place = format!("connection {}, request {}", line.0, line.1);
            self.subjects.push(Subject { name, place });
            self.lines.push(Vec::new());
            self.subjects.len() - 1
        });
        self.lines[subject].push(line);
    }

    fn close(&mut self, line: Line) {
        self.lines.iter_mut().for_each(|lines| lines.retain(|open| *open != line));
    }

    fn tell(&mut self, connection: u32, version: ServerVersion, said: &Said) {
        let Some((id, change)) = tick(version, &said.body) else { return };
        let line = (connection, id);
        let counts = |lines: &Vec<Line>| lines.last() == Some(&line);
        let Some(subject) = self.lines.iter().position(counts) else { return };
        let at = i64::try_from(said.micros / 1_000).unwrap_or(i64::MAX);
        self.add(Row { at, subject, change });
    }

    /// Adds a row, to the one before if that has room for it: a price and its size are one change.
    fn add(&mut self, row: Row) {
        let before = self.rows.last_mut();
        let before = before.filter(|before| (before.at, before.subject) == (row.at, row.subject));
        let both = before.as_ref().and_then(|before| joined(&before.change, &row.change));
        match (before, both) {
            (Some(before), Some(both)) => before.change = both,
            _ => self.rows.push(row),
        }
    }

    /// Times count from the first tick.
    fn series(mut self) -> Result<PriceSeries, Error> {
        let Some(first) = self.rows.first().map(|row| row.at) else {
            let cause = "holds no tick of a market data request: record a client that makes one";
            return Err(Error::BadRecording(cause.to_owned()));
        };
        self.rows.iter_mut().for_each(|row| row.at -= first);
        Ok(PriceSeries::new(self.subjects, self.rows))
    }
}

/// What a tick changes and the request it is for; `None` for every other message.
fn tick(version: ServerVersion, body: &[u8]) -> Option<(i32, QuoteChange)> {
    let (id, fields, is_protobuf) = match frame::split(version, body) {
        Body::Protobuf(id, fields) => (id, fields, true),
        Body::Text(id, fields) => (id, fields, false),
        Body::Headless => return None,
    };
    let mut tape = Tape::reader(version, id, fields);
    match ReplyKind::from_id(id)? {
        ReplyKind::TickPrice => {
            let decoded = || prost::Message::decode(fields).ok();
            let tick: pb::TickPrice = if is_protobuf { decoded()? } else { tape.message() };
            let size = tick.size().parse().ok();
            let change = price_change(tick.tick_type(), decimal(tick.price?)?, size)?;
            Some((tick.req_id(), change))
        }
        ReplyKind::TickSize => {
            let decoded = || prost::Message::decode(fields).ok();
            let tick: pb::TickSize = if is_protobuf { decoded()? } else { tape.message() };
            let change = size_change(tick.tick_type(), tick.size().parse().ok()?)?;
            Some((tick.req_id(), change))
        }
        _ => None,
    }
}

/// Live and delayed ticks alike (M14). A price of -1 with no size is none (M8).
fn price_change(kind: i32, price: Decimal, size: Option<Decimal>) -> Option<QuoteChange> {
    if price == Decimal::NEGATIVE_ONE && size.unwrap_or_default().is_zero() {
        return None;
    }
    let (price, none) = (Some(price), QuoteChange::default());
    Some(match kind {
        1 | 66 => QuoteChange { bid: price, bid_size: size, ..none },
        2 | 67 => QuoteChange { ask: price, ask_size: size, ..none },
        4 | 68 => QuoteChange { last: price, last_size: size, ..none },
        6 | 72 => QuoteChange { high: price, ..none },
        7 | 73 => QuoteChange { low: price, ..none },
        9 | 75 => QuoteChange { close: price, ..none },
        14 | 76 => QuoteChange { open: price, ..none },
        _ => return None,
    })
}

fn size_change(kind: i32, size: Decimal) -> Option<QuoteChange> {
    let (size, none) = (Some(size), QuoteChange::default());
    Some(match kind {
        0 | 69 => QuoteChange { bid_size: size, ..none },
        3 | 70 => QuoteChange { ask_size: size, ..none },
        5 | 71 => QuoteChange { last_size: size, ..none },
        8 | 74 => QuoteChange { volume: size, ..none },
        _ => return None,
    })
}

/// Both changes as one; `None` if they disagree.
fn joined(first: &QuoteChange, second: &QuoteChange) -> Option<QuoteChange> {
    let one = |first: Option<Decimal>, second: Option<Decimal>| match (first, second) {
        (Some(first), Some(second)) if first != second => None,
        (first, second) => Some(first.or(second)),
    };
    Some(QuoteChange {
        bid: one(first.bid, second.bid)?,
        ask: one(first.ask, second.ask)?,
        last: one(first.last, second.last)?,
        bid_size: one(first.bid_size, second.bid_size)?,
        ask_size: one(first.ask_size, second.ask_size)?,
        last_size: one(first.last_size, second.last_size)?,
        volume: one(first.volume, second.volume)?,
        open: one(first.open, second.open)?,
        high: one(first.high, second.high)?,
        low: one(first.low, second.low)?,
        close: one(first.close, second.close)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_a_price_and_its_size_are_one_change_and_two_prices_are_two() {
        let price = |price: i64| price_change(4, price.into(), Some(Decimal::TEN)).unwrap();

        let with_size = joined(&price(5), &size_change(5, Decimal::TEN).unwrap());

        assert_eq!(with_size, Some(price(5)));
        assert_eq!(joined(&price(5), &price(6)), None);
    }

    /// A recording in text form; a bar stands for each NUL.
    fn recording(entries: &[(u64, char, &str)]) -> Recording {
        let entry = |(micros, way, body): &(u64, char, &str)| {
            let body = body.replace('|', "\0");
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            let greeting: &[u8] = if *micros == 0 && *way == '>' { b"API\0" } else { b"" };
            let bytes = [greeting, &length, body.as_bytes()].concat();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("1 {micros} {way} {hex}\n")
        };
        let entries: String = entries.iter().map(entry).collect();
        Recording::parse(&format!("aioibkr-recording 1\n{entries}")).unwrap()
    }

    const ASKED: &str = "1|11|5|0|AAPL|STK||0|||SMART||USD|||0||0|0||";

    #[test]
    fn test_ticks_in_text_form_count_from_the_first() {
        let cancelled = [(5_000_000, '>', "2|2|5|"), (6_000_000, '<', "1|6|5|1|99|1|0|")];
        let told = [
            (0, '>', "v157..176"),
            (0, '<', "176|20261121 00:00:00 UTC|"),
            (1_000_000, '>', ASKED),
            (2_000_000, '<', "1|6|5|1|189.5|300|1|"),
            (2_000_000, '<', "2|6|5|0|300|"),
            (3_500_000, '<', "1|6|5|4|190|100|0|"),
            (4_000_000, '<', "1|6|6|1|98|1|0|"),
        ];

        let series = read(&recording(&[&told[..], &cancelled].concat())).unwrap();

        let bid = price_change(1, Decimal::new(1_895, 1), Some(Decimal::from(300))).unwrap();
        let last = price_change(4, Decimal::from(190), Some(Decimal::ONE_HUNDRED)).unwrap();
        let rows: Vec<_> = series.rows.iter().map(|row| (row.at, row.change.clone())).collect();
        assert_eq!(rows, [(0, bid), (1_500, last)]);
        assert_eq!(series.subjects[0].place, "connection 1, request 5");
    }

    #[test]
    fn test_of_two_requests_for_a_contract_the_latest_counts() {
        let told = [
            (0, '>', "v157..176"),
            (0, '<', "176|20261121 00:00:00 UTC|"),
            (1_000_000, '>', ASKED),
            (1_000_000, '>', &ASKED.replace("11|5|", "11|6|")),
            (2_000_000, '<', "1|6|5|4|190|100|0|"),
            (2_500_000, '<', "1|6|6|4|190|100|0|"),
            (3_000_000, '>', "2|2|6|"),
            (4_000_000, '<', "1|6|5|4|191|100|0|"),
        ];

        let series = read(&recording(&told)).unwrap();

        let at: Vec<_> = series.rows.iter().map(|row| (row.at, row.subject)).collect();
        assert_eq!(at, [(0, 0), (1_500, 0)]);
    }

    #[test]
    fn test_a_side_that_is_not_there_is_no_price() {
        assert_eq!(price_change(66, Decimal::NEGATIVE_ONE, Some(Decimal::ZERO)), None);
        assert!(price_change(66, Decimal::NEGATIVE_ONE, Some(Decimal::ONE)).is_some());
    }
}
