//! History that keeps up to date: after the first batch the last bar again and again as its price
//! moves, and a new one when its time is over (H16).

use crate::client::{ConnectionId, Due, Outlet, RequestId};
use crate::exchange::ConId;
use crate::exchange::bars::{Bar, BarQuery, BarSize, Show};
use crate::exchange::forming_bar::{FormingBar, shown_price, span_of};
use crate::streams::LiveBars;
use crate::wire::pb;
use crate::world::World;

use super::history::{DateForm, row};

/// Bars shorter than this cannot be kept up to date.
pub(super) const SHORTEST: i64 = 5;

/// What a history request that keeps up to date follows.
pub(super) struct Followed {
    pub(super) con_id: ConId,
    pub(super) query: BarQuery,
    pub(super) form: DateForm,
}

/// Goes on from the last bar of the first batch.
pub(super) fn start(
    world: &mut World,
    to: &Outlet,
    id: RequestId,
    Followed { con_id, query, form }: Followed,
    last: Option<&Bar>,
) {
    let (start, _) = span_of(world.now(), query.size);
    let quote = world.exchange.frozen_quote(con_id);
    let price = quote.and_then(|quote| shown_price(quote, query.show)).unwrap_or_default();
    let bar = match last.filter(|bar| bar.start >= start) {
        Some(bar) => FormingBar::continuing(bar),
        None => FormingBar::new(start, price, query.show == Show::Trades),
    };
    let number = plan(world, to, id, query.size);
    let is_epoch = form == DateForm::Epoch;
    let live = LiveBars { con_id, show: query.show, size: query.size, is_epoch, bar, number };
    if let Some(client) = world.client(to) {
        client.streams.live_bars.insert(id, live);
    }
}

fn plan(world: &mut World, to: &Outlet, id: RequestId, size: BarSize) -> u64 {
    let number = world.next_number();
    let (_, end) = span_of(world.now(), size);
    let left = world.time.wait_until(end.saturating_mul(1_000));
    world.schedule.plan(left, Due::LiveBar(to.connection, id, number));
    number
}

/// Starts the next bar, unless the stream is gone.
pub(crate) fn roll(world: &mut World, connection: ConnectionId, id: RequestId, number: u64) {
    let now = world.now();
    let Some(client) = world.clients.get_mut(&connection) else { return };
    let Some(live) = client.streams.live_bars.get_mut(&id) else { return };
    if live.number != number {
        return;
    }
    live.bar = live.bar.next(span_of(now, live.size).0);
    send(&client.outlet, id, live);
    let (to, size) = (client.outlet.clone(), live.size);
    let number = plan(world, &to, id, size);
    let live = world.client(&to).and_then(|client| client.streams.live_bars.get_mut(&id));
    if let Some(live) = live {
        live.number = number;
    }
}

/// Sends the bar as it stands.
pub(super) fn send(to: &Outlet, id: RequestId, live: &LiveBars) {
    let form = if live.is_epoch { DateForm::Epoch } else { DateForm::Local };
    to.send(&pb::HistoricalDataUpdate {
        req_id: Some(id),
        historical_data_bar: Some(row(&live.bar.bar(), live.size, form)),
    });
}
