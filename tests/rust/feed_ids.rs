//! Which client id the feed link gets, and what is left of a client without one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{ClientId, Contract, SessionState};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway};

use crate::core_gateway::{MILLI, SECOND, config, connected_with, eventually, gateway};
use crate::feed_reader::{FEED, ample, brisk, is_last, market, quotes, set_market, strike_once};
use crate::mock_fixture;

fn feed_id(client: &Client) -> Option<ClientId> {
    client.health().feed.unwrap().client_id
}

async fn refused(client: &Client) -> Error {
    let opened = client.quotes(vec![Contract::stock("AAPL")], String::new(), ample().0).await;
    opened.err().expect("no feed")
}

fn hold(gateway: &MockGateway, id: i32) -> FaultHandle {
    gateway.inject(Injection::from(Fault::ClientIdHeld).for_client(id)).unwrap()
}

#[tokio::test]
async fn feed_the_link_is_opened_by_the_first_stream_under_its_own_id() {
    let (gateway, client) = market().await;
    let before = client.health();
    assert_eq!((before.feed.unwrap().state, gateway.clients()), (SessionState::Idle, vec![7]));

    let _first = quotes(&client, &["AAPL"]).await;
    let _second = quotes(&client, &["MSFT"]).await;

    let feed = client.health().feed.unwrap();
    assert_eq!((feed.state, feed.client_id), (SessionState::Live, Some(ClientId(FEED))));
    assert!(feed.server_version >= Some(213) && feed.reason.is_none());
    assert_eq!(gateway.clients(), [7, FEED]);
}

#[tokio::test]
async fn feed_takes_the_id_it_is_told() {
    let gateway = gateway();
    let settings = Config { feed_client_id: Some(ClientId(33)), ..config(&gateway) };
    let client = connected_with(settings).await;

    let _quotes = quotes(&client, &["AAPL"]).await;

    assert_eq!(gateway.clients(), [7, 33]);
}

/// (S7) A held id is refused with 326.
#[tokio::test]
async fn feed_the_next_free_id_is_taken_and_shown() {
    let (gateway, client) = market().await;
    let _held = [
        mock_fixture::connect(&gateway, FEED).await,
        mock_fixture::connect(&gateway, FEED + 1).await,
    ];

    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    assert_eq!(feed_id(&client), Some(ClientId(FEED + 2)));
}

/// (S8) The gateway has not noticed that the old link is gone.
#[tokio::test]
async fn feed_a_link_whose_old_id_is_still_held_comes_back_under_another() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;
    let _held = hold(&gateway, FEED);

    strike_once(&gateway, FEED, Fault::Reset("tick_price".into()));
    set_market(&gateway, "AAPL", 191.0);
    quotes.find(is_last(191.0)).await;

    assert_eq!(feed_id(&client), Some(ClientId(FEED + 1)));
}

#[tokio::test]
async fn feed_with_all_ids_held_streams_fail_and_the_rest_works() {
    let (gateway, client) = market().await;
    let held: Vec<_> = (0..9).map(|offset| hold(&gateway, FEED + offset)).collect();

    let error = refused(&client).await;

    assert_eq!((error.kind(), error.code()), (ErrorKind::ClientIdInUse, Some(326)));
    let ids = (0..9).map(|offset| (FEED + offset).to_string()).collect::<Vec<_>>().join(", ");
    assert!(error.message().contains(&ids), "{error}");
    assert!(client.health().feed.unwrap().reason.unwrap().contains(&ids));
    assert!(client.quote(Contract::stock("AAPL"), None, None).await.is_ok());
    held.into_iter().for_each(|fault| fault.clear());
    quotes(&client, &["AAPL"]).await.find(is_last(190.0)).await;
}

#[tokio::test]
async fn feed_switched_off_refuses_streams_and_nothing_else() {
    let gateway = gateway();
    set_market(&gateway, "AAPL", 190.0);
    let client = connected_with(Config { feed: false, ..config(&gateway) }).await;

    let error = refused(&client).await;

    assert_eq!(error.kind(), ErrorKind::MarketData);
    assert!(error.message().contains("feed=True"), "{error}");
    assert!(client.health().feed.is_none());
    assert!(client.quote(Contract::stock("AAPL"), None, None).await.is_ok());
    assert_eq!(gateway.clients(), [7]);
}

#[tokio::test]
async fn feed_without_a_gateway_streams_fail_in_time_and_name_the_reason() {
    let gateway = gateway();
    let client = connected_with(Config { connect_timeout: SECOND, ..brisk(&gateway) }).await;
    client.qualify(Contract::stock("AAPL"), None).await.unwrap();
    gateway.down().unwrap();
    eventually("the loss", || !client.is_connected()).await;
    let began = tokio::time::Instant::now();

    let error = refused(&client).await;

    assert!(began.elapsed() < 3 * SECOND);
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error}");
    assert!(error.message().contains("feed link"), "{error}");
    let reason = client.health().feed.unwrap().reason.unwrap();
    assert!(reason.contains("no feed link"), "{reason}");
}

#[tokio::test]
async fn feed_a_gateway_that_does_not_answer_is_given_up_in_time() {
    let gateway = gateway();
    let settings = Config { connect_timeout: 300 * MILLI, ..brisk(&gateway) };
    let client = connected_with(settings).await;
    let mute = Injection::from(Fault::Mute("next_valid_id".into())).for_client(FEED);
    let _fault = gateway.inject(mute).unwrap();

    let error = refused(&client).await;

    assert_eq!(error.kind(), ErrorKind::ConnectTimeout, "{error}");
    assert!(error.message().contains("no handshake"), "{error}");
    assert!(client.server_time(None).await.is_ok());
}
