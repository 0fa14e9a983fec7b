//! An error without a request may be about anything: it ends no read that happens to be waiting.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::ErrorKind;
use aioibkr_mock_gateway::Fault;

use crate::core_gateway::{MILLI, SECOND, connected, eventually};
use crate::core_orders::market;
use crate::core_retry::reads;

/// Codes of errors and of notices, none of which says anything about the link or a request.
const UNRELATED: [i32; 6] = [320, 321, 504, 1101, 2100, 10_000];

#[tokio::test]
async fn core_no_error_without_a_request_ends_a_read_that_waits() {
    for code in UNRELATED {
        for (kind, read) in reads() {
            let gateway = market();
            let _late = gateway.inject(Fault::Delay(kind.into(), 60 * MILLI)).unwrap();
            let client = connected(&gateway).await;
            let asked = || gateway.requests(Some(kind)).unwrap().len();
            let before = asked();

            let reading = tokio::spawn(read(client.clone()));
            eventually(kind, || asked() > 0 && (asked() > before || reading.is_finished())).await;
            gateway.notice(code);
            let answer = tokio::time::timeout(10 * SECOND, reading).await.unwrap().unwrap();

            assert!(answer.is_ok(), "{kind} and {code}: {answer:?}");
        }
    }
}

/// A gateway that means the read says so again.
#[tokio::test]
async fn core_an_error_that_comes_again_is_about_the_read() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _silence = gateway.inject(Fault::Mute("req_current_time".into())).unwrap();
    let asked = || gateway.requests(Some("req_current_time")).unwrap().len();

    let reading = tokio::spawn(async move { client.server_time(Some(5 * SECOND)).await });
    for count in 1..=2 {
        eventually("the question", || asked() == count).await;
        gateway.notice(321);
    }
    let error = reading.await.unwrap().unwrap_err();

    assert_eq!((error.kind(), error.code()), (ErrorKind::Request, Some(321)));
}
