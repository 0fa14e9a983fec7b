//! Trading schedules: what a history request for `SCHEDULE` gets in place of bars (H7).

use time::OffsetDateTime;

use crate::client::Outlet;
use crate::clock;
use crate::exchange::Instrument;
use crate::exchange::bars::{BarQuery, sessions};
use crate::exchange::calendar::{Session, ZONE, eastern};
use crate::wire::pb;

/// One entry per session; times are the wall clock of the zone, in the form with a dash.
pub(super) fn send(to: &Outlet, id: i32, instrument: &Instrument, query: BarQuery) {
    let found = sessions(instrument.kind, query);
    let start = found.first().map(|session| dashed(eastern(session.start)));
    let end = found.last().map(|session| dashed(eastern(session.end)));
    to.send(&pb::HistoricalSchedule {
        req_id: Some(id),
        start_date_time: start,
        end_date_time: end,
        time_zone: Some(ZONE.to_owned()),
        historical_sessions: found.iter().map(row).collect(),
    });
}

fn row(session: &Session) -> pb::HistoricalSession {
    let day = clock::stamp(eastern(session.end - 1)).chars().take(8).collect();
    pb::HistoricalSession {
        start_date_time: Some(dashed(eastern(session.start))),
        end_date_time: Some(dashed(eastern(session.end))),
        ref_date: Some(day),
    }
}

fn dashed(time: OffsetDateTime) -> String {
    clock::stamp(time).replace(' ', "-")
}
