//! Invariant 5: after a reconnect the subscriptions equal the desired set, or each missing one says why.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::collections::BTreeMap;

use aioibkr_core::config::Deadlines;
use aioibkr_core::model::{Generation, Subscription, SubscriptionKind, SubscriptionState};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{Fault, Injection};

use crate::core_gateway::{MILLI, SECOND, config, connected_with, eventually};
use crate::feed_reader::{
    CONTROL, depth, feed_link, is_last, market, quotes, set_market, tick_by_tick,
};
use SubscriptionKind as Kind;
use SubscriptionState as State;
use aioibkr_core::model::TickByTickKind;

/// Kind and symbol or account, with how it stands; of equals the last.
fn roll(client: &Client) -> BTreeMap<(Kind, String), Subscription> {
    let named = |row: &Subscription| match (&row.contract, &row.account) {
        (Some(contract), _) => contract.symbol.clone(),
        (None, Some(account)) => account.0.clone(),
        (None, None) => String::new(),
    };
    client.subscriptions().into_iter().map(|row| ((row.kind, named(&row)), row)).collect()
}

fn stands(client: &Client, kind: Kind, name: &str) -> Option<State> {
    roll(client).get(&(kind, name.to_owned())).map(|row| row.state)
}

#[tokio::test]
async fn core_every_subscription_is_listed_and_says_how_it_stands() {
    let (gateway, client) = market().await;
    client.wait_ready(None).await.unwrap();
    client.pnl(None, None).await.unwrap();
    let quotes = quotes(&client, &["AAPL", "MSFT"]).await;
    let _trades = tick_by_tick(&client, &["AAPL"], TickByTickKind::Last).await;
    quotes.find(is_last(190.0)).await;
    set_market(&gateway, "MSFT", 400.0);
    quotes.find(is_last(400.0)).await;

    let rows = roll(&client);

    let states: Vec<_> =
        rows.iter().map(|((kind, name), row)| (*kind, name.as_str(), row.state)).collect();
    let expected = [
        (Kind::MarketData, "AAPL", State::Live),
        (Kind::MarketData, "MSFT", State::Live),
        (Kind::TickByTick, "AAPL", State::Opening),
        (Kind::AccountValues, "DU1234567", State::Live),
        (Kind::Positions, "", State::Live),
        (Kind::Pnl, "DU1234567", State::Live),
    ];
    assert_eq!(states, expected);
    assert!(rows.values().all(|row| row.generation == Generation(1) && row.reason.is_none()));
}

#[tokio::test]
async fn core_after_a_reconnect_each_missing_subscription_says_why() {
    let (gateway, _) = market().await;
    let settings = Config { delayed_fallback: false, ..config(&gateway) };
    let client = connected_with(settings).await;
    let quotes = quotes(&client, &["AAPL", "MSFT", "GOOG"]).await;
    let _books = depth(&client, "AAPL", 5).await;
    for symbol in ["AAPL", "MSFT", "GOOG"] {
        set_market(&gateway, symbol, 100.0);
        eventually(symbol, || stands(&client, Kind::MarketData, symbol) == Some(State::Live)).await;
    }

    gateway.set_data_error("MSFT", Some(354)).unwrap();
    gateway.set_data_error("GOOG", Some(10197)).unwrap();
    gateway.drop_connections().unwrap();
    feed_link(&client, 2).await;
    let state = |symbol| stands(&client, Kind::MarketData, symbol);
    eventually("the refusal", || state("MSFT") == Some(State::Failed)).await;
    eventually("the restored line", || state("AAPL") == Some(State::Live)).await;
    eventually("the advice", || quotes.stream.advice().contains_key(&2)).await;

    let rows = roll(&client);
    let why = |symbol: &str| rows[&(Kind::MarketData, symbol.to_owned())].reason.clone();
    assert!(why("MSFT").unwrap().contains("354") && why("AAPL").is_none());
    assert_eq!(state("GOOG"), Some(State::Restoring));
    assert!(why("GOOG").unwrap().contains("10197"));
    assert!(rows.contains_key(&(Kind::Depth, "AAPL".to_owned())));
    assert!(rows.values().all(|row| row.generation == Generation(2)), "{rows:?}");
}

#[tokio::test]
async fn core_without_a_link_everything_is_being_restored_and_says_why() {
    let (gateway, client) = market().await;
    client.wait_ready(None).await.unwrap();
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    gateway.down().unwrap();
    eventually("the loss", || {
        client.subscriptions().iter().all(|row| row.state == State::Restoring)
    })
    .await;
    let rows = client.subscriptions();
    gateway.up().unwrap();

    assert!(rows.iter().all(|row| row.reason.is_some()), "{rows:?}");
    eventually("restoration", || client.subscriptions().iter().all(|row| row.state == State::Live))
        .await;
}

#[tokio::test]
async fn core_data_that_is_delayed_is_listed_as_delayed() {
    let (gateway, client) = market().await;
    gateway.set_entitlement("AAPL", false).unwrap();

    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    assert_eq!(stands(&client, Kind::MarketData, "AAPL"), Some(State::Delayed));
}

#[tokio::test]
async fn core_an_account_download_that_stands_still_says_so() {
    let (gateway, _) = market().await;
    let deadlines = Deadlines { download: 100 * MILLI, ..Deadlines::default() };
    let mute = Injection::from(Fault::Mute("position_end".into())).for_client(CONTROL + 1);
    let _silence = gateway.inject(mute).unwrap();
    let settings = Config {
        deadlines,
        client_id: aioibkr_core::model::ClientId(CONTROL + 1),
        ..config(&gateway)
    };
    let client = connected_with(settings).await;

    let positions = || roll(&client).remove(&(Kind::Positions, String::new())).unwrap();
    eventually("the reason", || positions().reason.is_some()).await;

    assert_eq!(positions().state, State::Opening);
    assert!(client.wait_ready(Some(SECOND / 10)).await.is_err());
}

#[tokio::test]
async fn core_a_closed_stream_leaves_the_list() {
    let (_gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let before = client.subscriptions().len();

    quotes.stream.close();

    assert_eq!(client.subscriptions().len(), before - 1);
}
