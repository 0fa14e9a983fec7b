//! What time alone brings: good-till dates, the end of the day, auctions, the open, conditions on
//! time, and the midnight at which a new day of the books begins.

use time::{Date, Duration, Month, PrimitiveDateTime, Time};

use super::calendar::{Session, ZONE, eastern, from_eastern, session};
use super::event::Event;
use super::ids::OrderKey;
use super::instrument::SecurityKind;
use super::market::Exchange;
use super::order::{Order, Waits};
use super::refusal::Refusal;
use super::ticket::{Ticket, Tif};
use super::trading::{End, coded};

/// What becomes of an order at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Review,
    Auction,
    Expire(&'static str),
}

/// No calendar is without a session for so many days.
const LONGEST_BREAK: i64 = 10;

/// The moment the day after this date begins.
pub(crate) fn midnight_after(date: Date) -> i64 {
    from_eastern(PrimitiveDateTime::new(date, Time::MIDNIGHT) + Duration::days(1))
}

/// The day an execution belongs to (E3).
pub(crate) fn day_of(epoch: i64) -> Date {
    eastern(epoch).date()
}

/// The day a completed order is shown on: a weekend belongs to the Monday after it, as an order
/// cancelled on a Saturday was still listed on Sunday (P6).
pub(crate) fn trading_day_of(epoch: i64) -> Date {
    let date = day_of(epoch);
    let past_friday = i64::from(date.weekday().number_days_from_monday()) - 4;
    if past_friday > 0 { date.saturating_add(Duration::days(3 - past_friday)) } else { date }
}

/// The close of the last day of the quarter after this one, when a lasting order is taken out (O81).
pub(crate) fn quarter_end_after(epoch: i64) -> i64 {
    let date = day_of(epoch);
    // The first month of the quarter after the next, counted from January of this year.
    let month = (u8::from(date.month()) - 1) / 3 * 3 + 7;
    let (year, month) = (date.year() + i32::from(month > 12), (month - 1) % 12 + 1);
    let first = Month::try_from(month).ok().and_then(|m| Date::from_calendar_date(year, m, 1).ok());
    // The first day of a month always exists, so the fallback is never taken.
    let last = first.unwrap_or(Date::MAX).previous_day().unwrap_or(Date::MIN);
    from_eastern(PrimitiveDateTime::new(last, Time::MIDNIGHT) + Duration::hours(16))
}

/// The first session of a kind of which this is true.
fn first_session(
    kind: SecurityKind,
    is_regular: bool,
    after: i64,
    fits: impl Fn(&Session) -> bool,
) -> Option<Session> {
    let day = day_of(after);
    let days = (0..LONGEST_BREAK).map(|count| day.saturating_add(Duration::days(count)));
    days.filter_map(|date| session(kind, date, is_regular)).find(fits)
}

impl Exchange {
    /// When the next day of the books begins.
    pub(crate) fn next_midnight(&self) -> i64 {
        self.day_end
    }

    /// The next moment at which something happens by itself.
    pub(crate) fn next_due(&self) -> i64 {
        let midnight = self.next_midnight();
        self.first_due().map_or(midnight, |(moment, ..)| moment.min(midnight))
    }

    /// Lets everything happen that is due by now.
    pub(crate) fn pass(&mut self, now: i64) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((moment, due, key)) = self.first_due().filter(|(at, ..)| *at <= now) {
            self.start_days(moment);
            events.extend(self.meet(key, due, moment));
        }
        self.start_days(now);
        self.settle(events, now)
    }

    /// Begins every day whose midnight has passed.
    fn start_days(&mut self, now: i64) {
        if now >= self.day_end {
            self.day_end = midnight_after(day_of(now));
            self.start_day();
        }
    }

    fn first_due(&self) -> Option<(i64, Due, OrderKey)> {
        let all = self.book.working(None).filter_map(|order| {
            let (moment, due) = self.due_of(order)?;
            Some((moment, due, order.key))
        });
        all.min_by_key(|(moment, due, _)| (*moment, *due))
    }

    fn due_of(&self, order: &Order) -> Option<(i64, Due)> {
        let ticket = &order.ticket;
        let kind = self.kind_of(ticket)?;
        let later = |moment: &i64| *moment > order.reviewed_at;
        let times = ticket.conditions.moments().chain(ticket.good_after);
        let mut dues: Vec<_> = times.filter(later).map(|at| (at, Due::Review)).collect();
        if order.waits.for_open {
            let open = first_session(kind, !ticket.outside_rth, order.reviewed_at, |session| {
                session.end > order.reviewed_at
            });
            dues.extend(open.map(|s| (s.start.max(order.reviewed_at + 1), Due::Review)));
        }
        dues.extend(auction_of(order, kind).map(|moment| (moment, Due::Auction)));
        dues.extend(self.end_of(order, kind).map(|(at, reason)| (at, Due::Expire(reason))));
        dues.into_iter().min()
    }

    /// When an order's time in force ends. What a gateway sends when a DAY order ends is not known;
    /// here it is what it sends when an exchange cancels an order (O26).
    fn end_of(&self, order: &Order, kind: SecurityKind) -> Option<(i64, &'static str)> {
        let ticket = &order.ticket;
        if ticket.tif == Tif::Gtd {
            return Some((ticket.good_till?, "Good till date reached"));
        }
        if !ticket.tif.ends_with_day() || auction_of(order, kind).is_some() {
            return None;
        }
        let close = || {
            first_session(kind, !ticket.outside_rth, order.active_at, |session| {
                session.end > order.active_at
            })
        };
        let end = match self.rules.keeps_hours {
            true => close()?.end,
            // The last second still belongs to the day.
            false => midnight_after(day_of(order.active_at)) - 1,
        };
        Some((end, "The trading day has ended"))
    }

    fn meet(&mut self, key: OrderKey, due: Due, moment: i64) -> Vec<Event> {
        let Some(mut order) = self.book.get(key).cloned() else { return Vec::new() };
        order.reviewed_at = moment;
        self.book.put(order.clone());
        match due {
            Due::Auction => self.trade_in_auction(key, moment),
            Due::Expire(reason) => self.end(order, &End::Expired(reason), moment),
            Due::Review => self.review(&order, moment),
        }
    }

    /// Looks again at what an order waits for.
    pub(super) fn review(&mut self, order: &Order, now: i64) -> Vec<Event> {
        let ticket = &order.ticket;
        let is_met = ticket.good_after.is_none_or(|after| after <= now)
            && (ticket.conditions.cancels || self.conditions_hold(ticket, order, now));
        let waits = Waits {
            for_conditions: order.waits.for_conditions && !is_met,
            for_open: order.waits.for_open && !self.is_open(ticket, now),
            ..order.waits
        };
        if ticket.conditions.cancels
            && !ticket.conditions.is_empty()
            && self.conditions_hold(ticket, order, now)
        {
            return self.end(order.clone(), &End::Expired("The condition to cancel is met"), now);
        }
        if waits == order.waits { Vec::new() } else { self.release(order.key, waits, now) }
    }

    /// Lets conditions follow what has just happened. Each round releases or cancels an order, so
    /// the rounds end.
    pub(super) fn settle(&mut self, mut events: Vec<Event>, now: i64) -> Vec<Event> {
        loop {
            let is_bound =
                |order: &&Order| !order.ticket.conditions.is_empty() || order.waits.for_conditions;
            let bound: Vec<_> = self.book.working(None).filter(is_bound).cloned().collect();
            let new: Vec<_> =
                bound.iter().flat_map(|order| self.review_if_working(order.key, now)).collect();
            if new.is_empty() {
                return events;
            }
            events.extend(new);
        }
    }

    fn review_if_working(&mut self, key: OrderKey, now: i64) -> Vec<Event> {
        let working = self.book.get(key).filter(|order| order.status.is_working());
        working.cloned().map_or_else(Vec::new, |order| self.review(&order, now))
    }

    /// Whether the market an order is for trades now.
    pub(crate) fn is_open(&self, ticket: &Ticket, now: i64) -> bool {
        let Some(kind) = self.kind_of(ticket).filter(|_| self.rules.keeps_hours) else {
            return true;
        };
        let session = session(kind, day_of(now), !ticket.outside_rth);
        session.is_some_and(|session| session.start <= now && now < session.end)
    }

    /// Right after the close no order for the next open is taken (O27).
    pub(super) fn check_opening(&self, ticket: &Ticket, now: i64) -> Result<(), Refusal> {
        let time = eastern(now).time();
        let is_closing = (time.hour(), time.minute()) == (16, 0) && time.second() <= 5;
        match ticket.tif == Tif::Opg && is_closing {
            true => Err(Refusal::new(201, "Order rejected - reason:Exchange is closed.")),
            false => Ok(()),
        }
    }

    /// The warning that an order waits for the open; the order stays live (O25).
    pub(super) fn opening_note(&self, order: &Order, now: i64) -> Option<Event> {
        let ticket = &order.ticket;
        let instrument = self.listing.get(self.guide(ticket)).filter(|_| order.waits.for_open)?;
        let next = first_session(instrument.kind, !ticket.outside_rth, now, |s| s.start > now)?;
        let start = eastern(next.start);
        let text = format!(
            "Order Message:\n{} {} {} {}\nWarning: Your order will not be placed at the exchange \
             until {} {} {ZONE}.",
            ticket.action.code(),
            ticket.quantity.normalize(),
            instrument.symbol,
            instrument.primary_exchange,
            start.date(),
            start.time(),
        );
        Some(coded(order.key, Refusal::new(399, text)))
    }
}

/// When the auction takes place that an order is for.
fn auction_of(order: &Order, kind: SecurityKind) -> Option<i64> {
    let ticket = &order.ticket;
    let after = order.active_at;
    if ticket.tif == Tif::Opg {
        return Some(first_session(kind, true, after, |session| session.start > after)?.start);
    }
    if ticket.kind.trades_at_close() {
        return Some(first_session(kind, true, after, |session| session.end > after)?.end);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    /// (O81)
    #[test]
    fn test_a_quarter_ends_with_its_last_close() {
        let cases = [
            (datetime!(2026-04-09 10:00:00), datetime!(2026-09-30 16:00:00)),
            (datetime!(2026-10-01 00:00:00), datetime!(2027-03-31 16:00:00)),
            (datetime!(2026-09-30 23:59:59), datetime!(2026-12-31 16:00:00)),
            (datetime!(2026-01-01 10:00:00), datetime!(2026-06-30 16:00:00)),
        ];

        for (local, expected) in cases {
            assert_eq!(quarter_end_after(from_eastern(local)), from_eastern(expected), "{local}");
        }
    }

    #[test]
    fn test_a_weekend_belongs_to_the_monday_after_it() {
        let cases = [
            (datetime!(2026-11-20 22:00:00), date!(2026 - 11 - 20)),
            (datetime!(2026-11-21 22:18:00), date!(2026 - 11 - 23)),
            (datetime!(2026-11-22 10:00:00), date!(2026 - 11 - 23)),
            (datetime!(2026-11-23 10:00:00), date!(2026 - 11 - 23)),
        ];

        for (local, expected) in cases {
            assert_eq!(trading_day_of(from_eastern(local)), expected, "{local}");
        }
    }
}
