//! Whose login a gateway has: an account it does not manage is told once, at connect, and nothing that
//! a gateway refuses is asked for without end.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{AccountId, Generation, SessionState};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{MockGateway, Settings};
use tokio::runtime::Handle;

use crate::core_gateway::{MILLI, SECOND, config, connected_with, count, eventually};

const OURS: &str = "DU1234567";
const OTHER: &str = "DU7654321";

fn gateway_of(accounts: &[&str], port: u16) -> MockGateway {
    let accounts = accounts.iter().map(ToString::to_string).collect();
    MockGateway::start(Settings { accounts, port, ..Settings::default() }).unwrap()
}

/// The gateway's place is taken by one with another login.
fn relogged(gateway: MockGateway, accounts: &[&str]) -> MockGateway {
    let port = gateway.address().port();
    drop(gateway);
    gateway_of(accounts, port)
}

fn acting_for(account: &str, gateway: &MockGateway) -> Config {
    Config { account: Some(AccountId(account.into())), ..config(gateway) }
}

fn assert_names_both(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.message().contains(OURS) && error.message().contains(OTHER), "{error}");
    assert_eq!(error.details()["managed"], OTHER);
}

#[tokio::test]
async fn core_an_account_of_another_login_is_told_once_at_connect() {
    for wait in [false, true] {
        let gateway = gateway_of(&[OTHER], 0);
        let settings = Config { wait, ..acting_for(OURS, &gateway) };
        let client = Client::new(settings, Handle::current()).unwrap();

        let error = client.open().await.unwrap_err();

        assert_names_both(&error);
        assert_eq!((client.state(), client.is_paper()), (SessionState::Idle, None));
        assert_eq!((gateway.connect_count(), client.metrics().failures), (1, 1));
        eventually("the socket is closed", || gateway.clients().is_empty()).await;
        assert!(gateway.requests(Some("req_pnl")).unwrap().is_empty());
    }
}

#[tokio::test]
async fn core_a_client_of_another_login_may_be_opened_once_the_login_is_right() {
    let gateway = gateway_of(&[OTHER], 0);
    let client = Client::new(acting_for(OURS, &gateway), Handle::current()).unwrap();
    client.open().await.unwrap_err();

    let _gateway = relogged(gateway, &[OURS, OTHER]);
    client.open().await.unwrap();

    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    assert_eq!(client.is_paper(), Some(true));
}

#[tokio::test]
async fn core_a_login_that_changed_is_waited_for_after_a_loss() {
    let gateway = gateway_of(&[OURS], 0);
    let client = connected_with(acting_for(OURS, &gateway)).await;

    let gateway = relogged(gateway, &[OTHER]);
    eventually("the other login is met", || gateway.connect_count() >= 2).await;
    let reason = client.health().control.reason.unwrap();
    assert!(reason.contains("is not managed by this login"), "{reason}");
    assert!(!client.is_connected());

    let _gateway = relogged(gateway, &[OURS]);
    eventually("the next link", || client.generation() == Generation(2)).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
}

/// The login lost an account between two links; what was read of it is subscribed there no more.
#[tokio::test]
async fn core_what_a_gateway_refuses_is_asked_for_more_and_more_rarely() {
    let gateway = gateway_of(&[OURS, OTHER], 0);
    let client = connected_with(acting_for(OURS, &gateway)).await;
    let other = Some(AccountId(OTHER.into()));
    client.pnl(other.clone(), Some(5 * SECOND)).await.unwrap();

    let gateway = relogged(gateway, &[OURS]);
    eventually("three refusals", || count(&gateway, "req_pnl") >= 4).await;
    let asked = count(&gateway, "req_pnl");
    tokio::time::sleep(1500 * MILLI).await;

    assert_eq!(count(&gateway, "req_pnl"), asked, "the next pause is of four seconds");
    client.wait_ready(Some(5 * SECOND)).await.unwrap();
    let rows = client.subscriptions();
    let row = rows.iter().find(|row| row.account == other && row.reason.is_some()).unwrap();
    assert!(row.reason.as_ref().unwrap().contains("321"), "{row:?}");
}
