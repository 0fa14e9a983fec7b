//! Lets the time of the market pass: wakes when the exchange has something due or a price takes a
//! step, and moves the clock ahead for a test. Promises that what happens carries its own time, not
//! that of the clock it catches up with, and that clients get their turn on the way.

use crate::client::Due;
use crate::exchange::{ConId, PriceProcess};
use crate::world::{Walk, World};

use super::market_data::set_price;

/// What moves a price next; at one moment files go first, in the order they were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// The series of this place plays a row.
    Played(usize),
    Walk(ConId),
}

/// Plans to wake when the next thing is due, if that has changed.
pub(crate) fn plan(world: &mut World) {
    let due = world.exchange.next_due().saturating_mul(1_000);
    let due = first_step(world).map_or(due, |(step, _)| step.min(due)).min(world.next_push);
    if world.wakes_at == Some(due) {
        return;
    }
    world.wakes_at = Some(due);
    world.schedule.plan(world.time.wait_until(due), Due::Wake(due));
}

/// The time that was waited for has come, unless something earlier took its place.
pub(crate) fn wake(world: &mut World, due: i64) {
    if world.wakes_at == Some(due) {
        let now = world.time.millis();
        pass(world, now);
        // What is left is overdue and planned for at once.
        plan_anew(world);
    }
}

/// Moves the clock ahead; whatever is due by then happens, in the order of its time. `false` if that
/// was too much for one turn: the clock stands where it got to.
pub(crate) fn advance_to(world: &mut World, end: i64) -> bool {
    let reached = pass(world, end);
    world.time.advance_to(reached);
    plan_anew(world);
    reached == end
}

/// Lets a price walk from now on, or stand still.
pub(crate) fn walk(world: &mut World, con_id: ConId, process: Option<PriceProcess>) {
    match process {
        None => {
            world.walks.remove(&con_id);
            world.plays.iter_mut().for_each(|play| play.hold(con_id));
        }
        Some(process) => {
            let due = world.time.millis().saturating_add(interval(process));
            world.walks.insert(con_id, Walk { process, due, step: 0 });
        }
    }
    plan(world);
}

fn plan_anew(world: &mut World) {
    push_if_due(world);
    world.wakes_at = None;
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

/// Most steps of prices in one turn.
const TURN: usize = 1_000;

/// Lets what is due happen, up to this millisecond or for one turn; says how far it got.
fn pass(world: &mut World, end: i64) -> i64 {
    let _corked = world.cork();
    for _ in 0..TURN {
        let Some((due, next)) = next_step(world, end) else {
            pass_until(world, end);
            world.moment = None;
            return end;
        };
        pass_until(world, due);
        step(world, next);
    }
    world.moment = None;
    // One short of the next step, so that the clock is not past what has not happened.
    next_step(world, end).map_or(end, |(due, _)| due - 1)
}

fn next_step(world: &World, end: i64) -> Option<(i64, Next)> {
    first_step(world).filter(|(due, _)| *due <= end)
}

fn first_step(world: &World) -> Option<(i64, Next)> {
    let plays = world.plays.iter().enumerate();
    let played = plays.filter_map(|(place, play)| Some((play.due()?, Next::Played(place))));
    let walks = world.walks.iter().map(|(con_id, walk)| (walk.due, Next::Walk(*con_id)));
    played.chain(walks).min()
}

fn step(world: &mut World, next: Next) {
    match next {
        Next::Played(place) => play_row(world, place),
        Next::Walk(con_id) => walk_on(world, con_id),
    }
}

fn play_row(world: &mut World, place: usize) {
    let Some(play) = world.plays.get_mut(place) else { return };
    let taken = play.take();
    if play.due().is_none() {
        world.plays.remove(place);
    }
    let (con_ids, change) = taken.unwrap_or_default();
    for con_id in con_ids {
        set_price(world, con_id, &change);
    }
}

fn pass_until(world: &mut World, millis: i64) {
    world.moment = Some(millis);
    let events = world.exchange.pass(world.now());
    super::tell(world, events);
}

fn walk_on(world: &mut World, con_id: ConId) {
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
