//! The limits on history under virtual time.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn query(series: &str, number: usize) -> HistoryQuery {
    HistoryQuery {
        series: series.into(),
        identity: format!("{series} {number}"),
        is_double: false,
        is_small: true,
    }
}

/// Sends a query if it may be sent, answered at once with its identity; else says what it was told.
fn sent(
    schedule: &mut HistorySchedule<String>,
    query: &HistoryQuery,
    now: Instant,
) -> Result<QueryNo, Decision<String>> {
    match schedule.ask(query, now) {
        Decision::Send(no) => {
            schedule.begin(no, now);
            schedule.end(no, Some(query.identity.clone()));
            Ok(no)
        }
        other => Err(other),
    }
}

/// (L4)
#[test]
fn the_sixth_query_in_two_seconds_for_one_series_waits() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::new());
    (0..5).for_each(|n| assert!(sent(&mut schedule, &query("A", n), now).is_ok()));

    let sixth = sent(&mut schedule, &query("A", 5), now);
    let other = sent(&mut schedule, &query("B", 5), now);

    let free = now + TWO_SECONDS + SLACK;
    assert_eq!(sixth, Err(Decision::NotBefore(free)));
    assert!(other.is_ok());
    assert!(sent(&mut schedule, &query("A", 5), free).is_ok());
}

/// (L4)
#[test]
fn the_sixty_first_query_in_ten_minutes_waits_and_bid_ask_counts_twice() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::new());
    let both = |n| HistoryQuery { is_double: true, ..query(&format!("S{n}"), n) };
    let at = |n| now + SECOND * u32::try_from(n).unwrap();
    (0..30).for_each(|n| assert!(sent(&mut schedule, &both(n), at(n)).is_ok()));
    let later = now + 30 * SECOND;

    let refused = sent(&mut schedule, &query("A", 0), later);

    let free = now + TEN_MINUTES + SLACK;
    assert_eq!(refused, Err(Decision::NotBefore(free)));
    assert_eq!((schedule.left(later), schedule.expected_wait(later)), (0, free - later));
    assert!(sent(&mut schedule, &query("A", 0), free).is_ok());
    assert_eq!(schedule.left(free), 1);
}

/// (L4)
#[test]
fn an_identical_query_within_fifteen_seconds_has_the_answer_of_the_first() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::new());
    let Decision::Send(first) = schedule.ask(&query("A", 0), now) else { panic!("not sent") };
    schedule.begin(first, now);

    let during = sent(&mut schedule, &query("A", 0), now + SECOND);
    schedule.end(first, Some("bars".into()));
    let after = sent(&mut schedule, &query("A", 0), now + 14 * SECOND);
    let anew = sent(&mut schedule, &query("A", 0), now + IDENTICAL + SLACK);

    assert_eq!(during, Err(Decision::AfterAnother));
    assert_eq!(after, Err(Decision::Known("bars".into())));
    assert!(anew.is_ok());
}

#[test]
fn a_failed_query_is_repeated_after_fifteen_seconds_and_an_unsent_one_at_once() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::<String>::new());
    let Decision::Send(unsent) = schedule.ask(&query("A", 0), now) else { panic!("not sent") };
    schedule.end(unsent, None);
    let Decision::Send(failed) = schedule.ask(&query("A", 0), now) else { panic!("not sent") };
    schedule.begin(failed, now);
    schedule.end(failed, None);

    let repeated = schedule.ask(&query("A", 0), now + SECOND);

    assert_eq!(repeated, Decision::NotBefore(now + IDENTICAL + SLACK));
}

#[test]
fn a_query_counts_from_its_write_and_before_that_without_end() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::<String>::new());
    let held: Vec<_> = (0..5).map(|n| schedule.ask(&query("A", n), now)).collect();
    let Decision::Send(no) = held[0] else { panic!("not sent") };

    let blocked = schedule.ask(&query("A", 5), now + 60 * SECOND);
    schedule.begin(no, now + 60 * SECOND);
    let counted = schedule.ask(&query("A", 5), now + 61 * SECOND);

    assert_eq!(blocked, Decision::AfterAnother);
    assert_eq!(counted, Decision::NotBefore(now + 62 * SECOND + SLACK));
}

/// (L5)
#[test]
fn the_fifty_first_open_query_waits_for_another_to_end() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::<String>::new());
    let long = |n| HistoryQuery { is_small: false, ..query("A", n) };
    let open: Vec<_> = (0..50).map(|n| schedule.ask(&long(n), now)).collect();
    assert_eq!(schedule.ask(&long(50), now), Decision::AfterAnother);

    let Decision::Send(no) = open[0] else { panic!("not sent") };
    schedule.end(no, None);

    assert!(matches!(schedule.ask(&long(50), now), Decision::Send(_)));
}

/// (L4) IB paces longer bars softly.
#[test]
fn long_bars_wait_for_no_rate() {
    let (now, mut schedule) = (Instant::now(), HistorySchedule::new());
    let long = |n| HistoryQuery { is_small: false, ..query("A", n) };

    let sends = (0..200).filter(|_| sent(&mut schedule, &long(0), now).is_ok()).count();

    assert_eq!((sends, schedule.left(now)), (200, 0));
}
