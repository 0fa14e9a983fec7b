//! Invariant 4: every await ends by its deadline, and what nobody waits for any more is cancelled at the
//! gateway and leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::time::Duration;

use aioibkr_core::{Client, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, MockGateway};
use futures_util::future::{BoxFuture, join_all};

use crate::core_gateway::{MILLI, SECOND, connected, count, eventually};
use crate::core_orders::{aapl, market};
use crate::core_retry::an_hour;
use crate::mock_raw::resident_kib;

type Read = fn(Client, Duration) -> BoxFuture<'static, Result<(), Error>>;

/// Requests that IB lets be cancelled, and how.
fn cancellable() -> [(&'static str, &'static str, Read); 3] {
    [
        ("req_contract_data", "cancel_contract_data", |client, within| {
            Box::pin(async move { client.contract_details(aapl(), Some(within)).await.map(drop) })
        }),
        ("req_mkt_data", "cancel_mkt_data", |client, within| {
            Box::pin(async move { client.quote(aapl(), None, Some(within)).await.map(drop) })
        }),
        ("req_historical_data", "cancel_historical_data", |client, within| {
            Box::pin(async move { client.bars(aapl(), an_hour(), Some(within)).await.map(drop) })
        }),
    ]
}

async fn qualified(gateway: &MockGateway) -> Client {
    let client = connected(gateway).await;
    client.wait_ready(None).await.unwrap();
    client.qualify(aapl(), None).await.unwrap();
    client
}

#[tokio::test]
async fn core_a_request_that_runs_out_of_time_is_cancelled_at_the_gateway() {
    for (kind, cancel, read) in cancellable() {
        let gateway = market();
        let client = qualified(&gateway).await;
        let _silence = gateway.inject(Fault::Mute(kind.into())).unwrap();

        let began = tokio::time::Instant::now();
        let error = read(client.clone(), 80 * MILLI).await.unwrap_err();

        assert!(began.elapsed() < SECOND, "{kind}: {:?}", began.elapsed());
        let ends = [ErrorKind::RequestTimeout, ErrorKind::MarketData];
        assert!(ends.contains(&error.kind()), "{kind}: {error}");
        eventually(cancel, || count(&gateway, cancel) == 1).await;
    }
}

#[tokio::test]
async fn core_a_request_whose_await_is_dropped_is_cancelled_at_the_gateway() {
    for (kind, cancel, read) in cancellable() {
        let gateway = market();
        let client = qualified(&gateway).await;
        let before = count(&gateway, kind);
        let _silence = gateway.inject(Fault::Mute(kind.into())).unwrap();

        let reading = tokio::spawn(read(client.clone(), 10 * SECOND));
        eventually(kind, || count(&gateway, kind) > before).await;
        reading.abort();

        eventually(cancel, || count(&gateway, cancel) == 1).await;
    }
}

/// What was answered is over: only a line goes on until it is cancelled.
#[tokio::test]
async fn core_an_answered_request_is_not_cancelled() {
    let gateway = market();
    let client = qualified(&gateway).await;

    for (_, _, read) in cancellable() {
        read(client.clone(), 5 * SECOND).await.unwrap();
    }
    eventually("the line's cancel", || count(&gateway, "cancel_mkt_data") == 1).await;

    let cancels = ["cancel_contract_data", "cancel_historical_data"];
    assert_eq!(cancels.map(|cancel| count(&gateway, cancel)), [0, 0]);
}

/// Reads that IB has no cancel for end as well; what is kept is told when it comes.
#[tokio::test]
async fn core_every_read_ends_by_its_deadline_and_the_next_one_is_answered() {
    for (kind, _, read) in cancellable() {
        let gateway = market();
        let client = qualified(&gateway).await;
        let late = gateway.inject(Fault::Delay(kind.into(), 100 * MILLI)).unwrap();

        let ended = join_all((0..50).map(|_| read(client.clone(), 20 * MILLI))).await;
        assert!(ended.iter().all(Result::is_err), "{kind}");
        late.clear();
        // The late answers of the others come meanwhile, and are nobody's.
        let answer = read(client.clone(), 5 * SECOND).await;

        assert!(answer.is_ok(), "{kind}: {answer:?}");
    }
}

/// A thousand of each kind, in flight together by fifties, then the same again: what the first thousand
/// took is all there is.
#[tokio::test]
async fn core_a_thousand_requests_that_ran_out_of_time_leave_nothing_behind() {
    let gateway = market();
    let client = qualified(&gateway).await;
    for (kind, ..) in cancellable() {
        drop(gateway.inject(Fault::Mute(kind.into())).unwrap());
    }
    let executions = gateway.inject(Fault::Mute("req_executions".into())).unwrap();
    let mut resident = Vec::new();
    for _ in 0..2 {
        for _ in 0..20 {
            let reads = cancellable().map(|(_, _, read)| read);
            let reads = reads.into_iter().flat_map(|read| std::iter::repeat_n(read, 50));
            let lost = join_all(reads.map(|read| read(client.clone(), 10 * MILLI))).await;
            assert!(lost.iter().all(Result::is_err));
            let unanswered = (0..50).map(|_| client.executions(Some(10 * MILLI)));
            join_all(unanswered).await;
        }
        resident.push(resident_kib());
    }

    executions.clear();
    assert!(client.executions(None).await.is_ok());
    let asked = |kind| count(&gateway, kind);
    eventually("the last cancel", || {
        asked("cancel_contract_data") == asked("req_contract_data") - 1
    })
    .await;
    // The gateway's record of them is some 2 KiB each; a request's queue would be 120.
    assert!(resident[1] < resident[0] + 40_000, "{resident:?} KiB");
    assert!(client.health().lines.iter().all(|row| row.used == 0));
}
