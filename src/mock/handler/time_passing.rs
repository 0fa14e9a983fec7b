//! Lets the time of the market pass: wakes when the exchange has something due or a price takes a
//! step, and moves the clock ahead for a test.

use std::time::Duration;

use crate::client::Due;
use crate::exchange::{ConId, PriceProcess};
use crate::world::{Walk, World};

use super::market_data::set_price;

/// Plans to wake when the next thing is due, if that has changed.
pub(crate) fn plan(world: &mut World) {
    let due = world.exchange.next_due().saturating_mul(1_000);
    let step = world.walks.values().map(|walk| walk.due).min();
    let due = step.map_or(due, |step| step.min(due)).min(world.next_push);
    if world.wakes_at == Some(due) {
        return;
    }
    world.wakes_at = Some(due);
    world.schedule.plan(world.time.wait_until(due), Due::Wake(due));
}

/// The time that was waited for has come, unless something earlier took its place.
pub(crate) fn wake(world: &mut World, due: i64) {
    if world.wakes_at == Some(due) {
        pass(world);
    }
}

/// Moves the clock ahead; whatever is due by then happens, in the order of its time.
pub(crate) fn advance(world: &mut World, by: Duration) {
    world.time.advance(by);
    pass(world);
}

/// Lets a price walk from now on, or stand still.
pub(crate) fn walk(world: &mut World, con_id: ConId, process: Option<PriceProcess>) {
    match process {
        None => drop(world.walks.remove(&con_id)),
        Some(process) => {
            let due = world.time.millis().saturating_add(interval(process));
            world.walks.insert(con_id, Walk { process, due, step: 0 });
        }
    }
    plan(world);
}

fn pass(world: &mut World) {
    world.wakes_at = None;
    let now = world.time.millis();
    while let Some((con_id, due)) = first_step(world).filter(|(_, due)| *due <= now) {
        pass_until(world, due.div_euclid(1_000));
        step(world, con_id);
    }
    pass_until(world, world.now());
    push_if_due(world);
    plan(world);
}

/// How often account figures are pushed that moved with prices alone (A3, A6).
const PUSH: i64 = 180_000;

/// Plans the next push of account figures.
pub(super) fn plan_push(world: &mut World) {
    if world.next_push == i64::MAX {
        let now = world.time.millis();
        world.next_push = now - now.rem_euclid(PUSH) + PUSH;
        plan(world);
    }
}

fn push_if_due(world: &mut World) {
    if world.time.millis() >= world.next_push {
        world.next_push = i64::MAX;
        for account in world.settings.accounts.clone() {
            super::tell_figures(world, &account, None);
        }
    }
}

fn first_step(world: &World) -> Option<(ConId, i64)> {
    let steps = world.walks.iter().map(|(con_id, walk)| (*con_id, walk.due));
    steps.min_by_key(|(con_id, due)| (*due, *con_id))
}

fn pass_until(world: &mut World, now: i64) {
    let events = world.exchange.pass(now);
    super::tell(world, events);
}

fn step(world: &mut World, con_id: ConId) {
    let Some(walk) = world.walks.get_mut(&con_id) else { return };
    let (process, count) = (walk.process, walk.step);
    walk.step += 1;
    walk.due = walk.due.saturating_add(interval(process));
    let exchange = &world.exchange;
    let known = exchange.listing.get(con_id).zip(exchange.quote(con_id));
    if let Some((instrument, quote)) = known {
        let change = process.step(instrument, quote, exchange.seed, count);
        set_price(world, con_id, &change);
    }
}

fn interval(process: PriceProcess) -> i64 {
    i64::try_from(process.interval.as_millis()).unwrap_or(i64::MAX)
}
