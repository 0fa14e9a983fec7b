//! Scanners (22, 23, 24): the parameters there are, and ranked rows, computed from quotes or as a test
//! set them.

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::number::decimal;
use crate::exchange::scanning::{self, Bounds, SCANS};
use crate::exchange::{ConId, SecurityKind};
use crate::streams::Scan;
use crate::wire::pb;
use crate::world::World;

use super::contract;

/// At most this many rows in a scan (L7).
const MOST_ROWS: usize = 50;

/// Instrument codes, what they are to people, and the kind behind them.
const INSTRUMENTS: [(&str, &str, SecurityKind); 3] = [
    ("STK", "US Stocks", SecurityKind::Stock),
    ("FUT.US", "US Futures", SecurityKind::Future),
    ("IND.US", "US Indexes", SecurityKind::Index),
];

pub(super) fn parameters(to: &Outlet) {
    let mut xml =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScanParameterResponse>");
    xml.push_str("<InstrumentList>");
    for (code, name, _) in INSTRUMENTS {
        xml.push_str(&format!("<Instrument><name>{name}</name><type>{code}</type></Instrument>"));
    }
    xml.push_str("</InstrumentList><ScanTypeList>");
    for (code, name) in SCANS {
        let name = name.replace('&', "&amp;");
        xml.push_str(&format!(
            "<ScanType><displayName>{name}</displayName><scanCode>{code}</scanCode></ScanType>"
        ));
    }
    xml.push_str("</ScanTypeList></ScanParameterResponse>");
    to.send(&pb::ScannerParameters { xml: Some(xml) });
}

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::ScannerSubscriptionRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let scan = scan_of(request.scanner_subscription.clone().unwrap_or_default());
    let Some(client) = world.client(to) else { return };
    if client.streams.scans.contains_key(&id) {
        return to.error(id, 385, "Duplicate ticker ID for API scanner subscription");
    }
    // A scan that is not there is refused, and its cancel too (W3).
    let Some(rows) = rows(world, &scan) else {
        return to.error(
            id,
            162,
            refusal(&format!("scanner type with code {} is disabled", scan.code)),
        );
    };
    send(world, to, id, &rows);
    if let Some(client) = world.client(to) {
        client.streams.scans.insert(id, scan);
    }
}

fn refusal(cause: &str) -> String {
    format!("Historical Market Data Service error message:{cause}")
}

/// A good cancel is silent.
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelScannerSubscription) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.streams.scans.remove(&id));
    if known.is_none() {
        to.error(id, 365, format!("No scanner subscription found for ticker id:{id}"));
    }
}

fn scan_of(asked: pb::ScannerSubscription) -> Scan {
    Scan {
        code: asked.scan_code().to_owned(),
        instrument: asked.instrument().to_owned(),
        rows: usize::try_from(asked.number_of_rows.unwrap_or(-1))
            .unwrap_or(MOST_ROWS)
            .min(MOST_ROWS),
        above_price: asked.above_price,
        below_price: asked.below_price,
        above_volume: asked.above_volume,
    }
}

/// The rows of a scan; `None` if there is no such scan.
fn rows(world: &World, scan: &Scan) -> Option<Vec<ConId>> {
    let mut found = match world.scan_rows.get(&scan.code) {
        Some(set) => set.clone(),
        None => {
            let of = INSTRUMENTS.iter().find(|(code, ..)| *code == scan.instrument);
            scanning::scan(&world.exchange, &scan.code, of?.2, bounds(scan))?
        }
    };
    found.truncate(scan.rows);
    Some(found)
}

fn bounds(scan: &Scan) -> Bounds {
    Bounds {
        above_price: scan.above_price.and_then(decimal),
        below_price: scan.below_price.and_then(decimal),
        above_volume: scan.above_volume.map(Into::into),
    }
}

/// Without hits a note comes first, and the subscription lives (W1); without rights to what is shown
/// the scan is imprecise, and still follows (W2).
fn send(world: &World, to: &Outlet, id: i32, rows: &[ConId]) {
    if rows.is_empty() {
        to.error(id, 165, "Historical Market Data Service query message:no items retrieved");
    }
    if rows.iter().any(|con_id| world.not_entitled.contains(con_id)) {
        to.error(id, 492, "You have not subscribed to all data this scan needs; it is imprecise.");
    }
    let numbered = (0..).zip(rows);
    let scanner_data_element =
        numbered.filter_map(|(rank, con_id)| element(world, rank, *con_id)).collect();
    to.send(&pb::ScannerData { req_id: Some(id), scanner_data_element });
}

fn element(world: &World, rank: i32, con_id: ConId) -> Option<pb::ScannerDataElement> {
    let instrument = world.exchange.listing.get(con_id)?;
    Some(pb::ScannerDataElement {
        rank: Some(rank),
        contract: Some(contract::full(instrument)),
        market_name: Some(instrument.trading_class.clone()),
        distance: Some(String::new()),
        benchmark: Some(String::new()),
        projection: Some(String::new()),
        combo_key: Some(String::new()),
    })
}

/// Puts rows in place of what a scan would find, and sends them to everyone who follows it.
pub(crate) fn set_rows(world: &mut World, code: &str, rows: Vec<ConId>) {
    world.scan_rows.insert(code.to_owned(), rows);
    for client in world.clients.values() {
        for (id, scan) in client.streams.scans.iter().filter(|(_, scan)| scan.code == code) {
            send(world, &client.outlet, *id, &self::rows(world, scan).unwrap_or_default());
        }
    }
}
