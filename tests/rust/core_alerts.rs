//! Alerts: what raises them, what holds them back, and outages that are expected.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::events::Listener;
use aioibkr_core::model::{
    Alert, AlertKind, AlertRules, Event, Generation, Overflow, RestartWindow, SessionState, Topic,
};
use aioibkr_core::{Client, Config, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway};
use time::macros::format_description;
use time::{Duration as Span, OffsetDateTime};
use tokio::runtime::Handle;

use crate::core_events::{hear, heard};
use crate::core_gateway::{MILLI, SECOND, config, connected, eventually, gateway};
use crate::core_orders::{aapl, key, market, resting};
use crate::feed_reader::ticks_with;

fn alerts(listener: &Listener) -> Vec<Alert> {
    let alert = |event| match event {
        Event::Alert(alert) => alert,
        other => panic!("{other:?}"),
    };
    heard(listener).iter().map(|event| alert(Event::clone(event))).collect()
}

/// A client that is connected, and what it alerts of since it was made: a connect that takes long may
/// make it blind.
async fn alerting(gateway: &MockGateway, rules: AlertRules) -> (Client, Listener) {
    let settings = Config { alerts: rules, ..config(gateway) };
    let client = Client::new(settings, Handle::current()).unwrap();
    let listener = hear(&client, Topic::Alert);
    client.open().await.unwrap();
    (client, listener)
}

/// A window that began an hour ago and ends in an hour.
fn around_now() -> RestartWindow {
    let clock = |hours| {
        let moment = OffsetDateTime::now_utc() + Span::hours(hours);
        moment.format(format_description!("[hour]:[minute]")).unwrap()
    };
    RestartWindow::new(&clock(-1), &clock(1), "UTC", None).unwrap()
}

fn blind_after(blind_after: Duration) -> AlertRules {
    AlertRules { blind_after, ..AlertRules::default() }
}

#[tokio::test]
async fn core_a_lost_link_is_told_once_and_the_next_alert_counts_those_held_back() {
    let gateway = gateway();
    let rules = AlertRules { repeat_after: 2 * SECOND, ..AlertRules::default() };
    let (client, listener) = alerting(&gateway, rules).await;
    let began = tokio::time::Instant::now();

    for generation in 2..=3 {
        gateway.drop_connections().unwrap();
        eventually("the next link", || client.generation() == Generation(generation)).await;
    }
    let told = alerts(&listener);
    assert!(began.elapsed() < 2 * SECOND, "too slow to tell");
    tokio::time::sleep_until(began + 3 * SECOND).await;
    gateway.drop_connections().unwrap();
    eventually("the next alert", || listener.has_news()).await;

    let kinds: Vec<_> = told.iter().map(|alert| (alert.kind, alert.suppressed)).collect();
    assert_eq!(kinds, [(AlertKind::LinkLost, 0)]);
    assert_eq!(told[0].context["link"], "control");
    assert_eq!(alerts(&listener)[0].suppressed, 1);
}

#[tokio::test]
async fn core_an_outage_that_lasts_makes_the_client_blind() {
    let gateway = gateway();
    let (client, listener) = alerting(&gateway, blind_after(100 * MILLI)).await;

    gateway.down().unwrap();
    let is_blind = || alerts(&listener).into_iter().find(|alert| alert.kind == AlertKind::Blind);
    let deadline = tokio::time::Instant::now() + 10 * SECOND;
    let blind = loop {
        assert!(tokio::time::Instant::now() < deadline, "nobody said so");
        if let Some(alert) = is_blind() {
            break alert;
        }
        tokio::time::sleep(5 * MILLI).await;
    };

    let seconds: f64 = blind.context["seconds"].parse().unwrap();
    assert!((0.1..5.0).contains(&seconds), "{seconds}");
    assert_eq!(client.health().expected_outage_until, None);
}

#[tokio::test]
async fn core_an_outage_inside_a_window_is_expected() {
    let gateway = gateway();
    let rules = AlertRules { windows: vec![around_now()], ..blind_after(MILLI) };
    let (client, listener) = alerting(&gateway, rules).await;
    assert_eq!(client.health().expected_outage_until, None, "there is no outage");

    gateway.down().unwrap();
    eventually("a few tries", || client.metrics().failures >= 3).await;

    let left = client.health().expected_outage_until.unwrap() - OffsetDateTime::now_utc();
    assert!((58..=60).contains(&left.whole_minutes()), "{left}");
    assert!(alerts(&listener).iter().all(|alert| alert.kind != AlertKind::Blind));
}

#[tokio::test]
async fn core_an_outage_told_by_the_gateway_makes_a_client_blind_too() {
    let gateway = gateway();
    let (client, listener) = alerting(&gateway, blind_after(50 * MILLI)).await;

    gateway.notice(1100);
    eventually("both", || listener.waiting() == 2).await;

    let mut kinds: Vec<_> = alerts(&listener).iter().map(|alert| alert.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [AlertKind::Degraded, AlertKind::Blind]);
    assert_eq!(client.state(), SessionState::Degraded);
}

#[tokio::test]
async fn core_an_order_of_unknown_fate_raises_an_alert_that_names_it() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let listener = hear(&client, Topic::Alert);

    let _mute = gateway.inject(Fault::Mute("place_order".into())).unwrap();
    let error = client.place(aapl(), resting(1), key("mine"), Some(100 * MILLI)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::OrderOutcomeUnknown);
    let told = alerts(&listener);
    assert_eq!((told[0].kind, told[0].subject.as_str()), (AlertKind::OrderUnknown, "mine"));
}

#[tokio::test]
async fn core_a_stream_that_drops_ticks_raises_one_alert() {
    let gateway = market();
    let client = connected(&gateway).await;
    let listener = hear(&client, Topic::Alert);
    let ticks = ticks_with(&client, &["AAPL"], 4, Overflow::Conflate).await;

    ticks.find(|_| true).await;
    let _flood = gateway.flood("AAPL", 10_000).unwrap();
    eventually("losses", || ticks.stream.lost() > 1000).await;

    let told = alerts(&listener);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].kind, told[0].subject.as_str()), (AlertKind::Lagged, "AAPL"));
}
