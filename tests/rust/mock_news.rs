//! News and scanners of the mock gateway, as a foreign client sees them.

use aioibkr_mock_gateway::{Article, Bulletin, Headline};
use ibapi::prelude::*;
use ibapi::scanner::ScannerSubscription;
use time::macros::datetime;

use crate::mock_fixture::{gateway, gateway_with_client, next};
use crate::mock_raw::{ERROR, RawClient, code_of};

const REQ_SCANNER: u32 = 222;
const SCANNER_DATA: u32 = 220;

const SECOND: i64 = 1_795_187_400;

fn headline(article_id: &str) -> Headline {
    Headline {
        time: SECOND * 1_000,
        provider: "BRFG".into(),
        article_id: article_id.into(),
        headline: "Apple beats".into(),
        symbol: Some("AAPL".into()),
        article: Article::Text("by a mile".into()),
    }
}

/// (W5, W6)
#[tokio::test]
async fn test_a_headline_is_in_history_with_its_article() {
    let (gateway, client) = gateway_with_client().await;
    gateway.add_headline(headline("BRFG$1")).unwrap();
    gateway.add_headline(Headline { time: SECOND * 1_000 + 60_000, ..headline("BRFG$2") }).unwrap();
    let (start, end) = (datetime!(2026-11-20 00:00 UTC), datetime!(2026-11-21 00:00 UTC));

    let found = client.historical_news(265_598, &["BRFG"], start, end, 1).await.unwrap();
    let first = next(&mut found.filter_data()).await.unwrap();
    let article = client.news_article("BRFG", "BRFG$1").await.unwrap();
    let missing = client.news_article("BRFG", "BRFG$9").await.unwrap_err();

    assert_eq!((first.article_id.as_str(), first.headline.as_str()), ("BRFG$2", "Apple beats"));
    assert_eq!(first.time.unix_timestamp(), SECOND + 60);
    assert_eq!(article.article_text, "by a mile");
    assert!(missing.to_string().contains("10172"));
}

#[tokio::test]
async fn test_providers_are_those_that_were_set() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_news_providers(&[("ME".to_owned(), "My Own".to_owned())]);

    let providers = client.news_providers().await.unwrap();

    assert_eq!((providers[0].code.as_str(), providers[0].name.as_str()), ("ME", "My Own"));
    assert_eq!(providers.len(), 1);
}

#[tokio::test]
async fn test_bulletins_of_the_day_come_first_if_asked_for() {
    let (gateway, client) = gateway_with_client().await;
    let bulletin =
        |text: &str| Bulletin { kind: 1, text: text.to_owned(), exchange: "NYSE".to_owned() };
    gateway.send_bulletin(bulletin("early"));

    let mut stream = client.news_bulletins(true).await.unwrap().filter_data();
    let early = next(&mut stream).await.unwrap();
    gateway.send_bulletin(bulletin("late"));
    let late = next(&mut stream).await.unwrap();

    assert_eq!((early.message.as_str(), late.message.as_str()), ("early", "late"));
    assert_eq!((late.message_id, late.exchange.as_str()), (2, "NYSE"));
}

fn scan(code: &str) -> ScannerSubscription {
    ScannerSubscription {
        number_of_rows: 2,
        instrument: Some("STK".into()),
        location_code: Some("STK.US.MAJOR".into()),
        scan_code: Some(code.into()),
        ..ScannerSubscription::default()
    }
}

#[tokio::test]
async fn test_scanner_rows_are_those_that_were_set_and_follow_changes() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_scanner_rows("TOP_PERC_GAIN", &["IBM", "AAPL", "SPY"]).unwrap();

    let stream = client.scanner_subscription(&scan("TOP_PERC_GAIN"), &Vec::new()).await.unwrap();
    let mut stream = stream.filter_data();
    let first = next(&mut stream).await.unwrap();
    gateway.set_scanner_rows("TOP_PERC_GAIN", &["SPY"]).unwrap();
    let second = next(&mut stream).await.unwrap();

    let symbols = |rows: &[ibapi::scanner::ScannerData]| {
        rows.iter().map(|row| row.contract_details.contract.symbol.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(symbols(&first), ["IBM", "AAPL"]);
    assert_eq!(symbols(&second), ["SPY"]);
}

/// (W3)
#[tokio::test]
async fn test_a_scan_that_is_not_there_is_refused_with_162() {
    let (_gateway, client) = gateway_with_client().await;

    let mut stream = client.scanner_subscription(&scan("NO_SUCH"), &Vec::new()).await.unwrap();
    let refused = next(&mut stream).await.unwrap_err();

    assert!(refused.to_string().contains("162"), "{refused}");
}

#[tokio::test]
async fn test_scanner_parameters_name_the_scans() {
    let (_gateway, client) = gateway_with_client().await;

    let xml = client.scanner_parameters().await.unwrap();

    assert!(xml.contains("<scanCode>MOST_ACTIVE</scanCode>"), "{xml}");
}

/// (W1)
#[tokio::test]
async fn test_a_scan_without_hits_lives_and_later_rows_come() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_scanner_rows("TOP_PERC_GAIN", &[]).unwrap();
    let scan = scan("TOP_PERC_GAIN");

    let mut stream = client.scanner_subscription(&scan, &Vec::new()).await.unwrap();
    let note = next(&mut stream).await.unwrap();
    let empty = next(&mut stream).await.unwrap();
    gateway.set_scanner_rows("TOP_PERC_GAIN", &["SPY"]).unwrap();
    let later = next(&mut stream).await.unwrap();

    assert!(matches!(note, SubscriptionItem::Notice(notice) if notice.code == 165));
    assert!(matches!(empty, SubscriptionItem::Data(rows) if rows.is_empty()));
    assert!(matches!(later, SubscriptionItem::Data(rows) if rows.len() == 1));
}

/// (W2)
#[test]
fn test_a_scan_of_what_is_not_entitled_is_imprecise_and_follows() {
    let gateway = gateway();
    gateway.set_scanner_rows("TOP_PERC_GAIN", &["SPY"]).unwrap();
    gateway.set_entitlement("SPY", false).unwrap();
    let mut client = RawClient::connect(&gateway, 7);

    client.send(REQ_SCANNER, &raw_scan(1));

    assert_eq!(code_of(&client.read_until(ERROR)), Some(492));
    client.read_until(SCANNER_DATA);
}

/// (L7)
#[test]
fn test_an_eleventh_scanner_is_refused() {
    let gateway = gateway();
    gateway.set_scanner_rows("TOP_PERC_GAIN", &["SPY"]).unwrap();
    let mut client = RawClient::connect(&gateway, 7);

    (1..=11).for_each(|id| client.send(REQ_SCANNER, &raw_scan(id)));

    (1..=10).for_each(|_| drop(client.read_until(SCANNER_DATA)));
    assert_eq!(code_of(&client.read_until(ERROR)), Some(162));
}

/// The best gainers among stocks, under this id.
fn raw_scan(id: u8) -> Vec<u8> {
    let subscription = b"\x12\x03STK\x22\x0dTOP_PERC_GAIN";
    let length = u8::try_from(subscription.len()).unwrap();
    [&[8, id, 18, length][..], subscription].concat()
}
