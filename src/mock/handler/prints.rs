//! What follows from a moved market besides quotes: the tape, ticks one by one, bars that form.

use crate::client::Client;
use crate::exchange::bars::Show;
use crate::exchange::forming_bar::{FormingBar, Move, shown_price};
use crate::exchange::statistic::Statistic;
use crate::exchange::tape::{Print, Sides};
use crate::exchange::{ConId, Quote, QuoteChange};
use crate::world::World;

use super::{depth, generic_ticks, live_bars, option_ticks, tick_by_tick};

/// A last price that was set is a print, even at the price of the one before.
pub(super) fn follow(world: &mut World, con_id: ConId, change: &QuoteChange, before: &Quote) {
    let Some(after) = world.exchange.quote(con_id).cloned() else { return };
    let now = world.now();
    if let Some(price) = change.last {
        print(world, con_id, price, &after, now);
    }
    if change.last.is_some() {
        generic_ticks::tell(world, con_id, Statistic::moves_with_trade);
    }
    if before.mark() != after.mark() {
        generic_ticks::tell(world, con_id, Statistic::moves_with_price);
    }
    option_ticks::tell(world, con_id);
    let (old, new) = (Sides::of(before, now), Sides::of(&after, now));
    if !new.shows_what(&old) {
        world.exchange.tape(con_id).quote(new.clone());
        for client in world.clients.values_mut() {
            follow_quote(client, con_id, (&old, &new), &after);
        }
        depth::tell(world, con_id);
    }
}

fn print(world: &mut World, con_id: ConId, price: rust_decimal::Decimal, after: &Quote, now: i64) {
    let instrument = world.exchange.listing.get(con_id);
    let exchange = instrument.map(|found| found.primary_exchange.clone()).unwrap_or_default();
    let print = Print { time: now, price, size: after.last_size, exchange };
    for client in world.clients.values_mut() {
        follow_print(client, con_id, &print);
    }
    world.exchange.tape(con_id).print(print);
}

fn follow_print(client: &mut Client, con_id: ConId, print: &Print) {
    let to = &client.outlet;
    for (id, stream) in &client.streams.tick_by_tick {
        if stream.con_id == con_id {
            tick_by_tick::tell_print(to, *id, stream, print);
        }
    }
    let moved = Move { price: print.price, size: Some(print.size) };
    let is_followed = |of: ConId, show: Show| of == con_id && show == Show::Trades;
    for stream in client.streams.real_time_bars.values_mut() {
        if is_followed(stream.con_id, stream.show) {
            stream.bar.add(moved);
        }
    }
    for (id, live) in &mut client.streams.live_bars {
        if is_followed(live.con_id, live.show) {
            live.bar.add(moved);
            live_bars::send(to, *id, live);
        }
    }
}

fn follow_quote(client: &mut Client, con_id: ConId, (old, new): (&Sides, &Sides), after: &Quote) {
    let to = &client.outlet;
    for (id, stream) in &client.streams.tick_by_tick {
        if stream.con_id == con_id {
            tick_by_tick::tell_quote(to, *id, stream, old, new);
        }
    }
    if new.has_prices_of(old) {
        return;
    }
    for stream in client.streams.real_time_bars.values_mut() {
        if stream.con_id == con_id {
            add_quote(&mut stream.bar, stream.show, after);
        }
    }
    for (id, live) in &mut client.streams.live_bars {
        if live.con_id == con_id && add_quote(&mut live.bar, live.show, after) {
            live_bars::send(to, *id, live);
        }
    }
}

/// Moves a bar that shows quotes; says whether it did.
fn add_quote(bar: &mut FormingBar, show: Show, quote: &Quote) -> bool {
    let price = shown_price(quote, show).filter(|_| show != Show::Trades);
    if let Some(price) = price {
        bar.add(Move { price, size: None });
    }
    price.is_some()
}
