//! What a client tells of itself: states, readiness, notices, failures, orders, updates.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use std::cell::RefCell;
use std::sync::Arc;

use aioibkr_core::events::{Heard, Listener};
use aioibkr_core::model::{
    Action, Event, FailureCategory, Generation, Keepalive, Kept, LinkName, LinkNotice, NoticeClass,
    Order, OrderStatus, SessionState, StateChange, Topic,
};
use aioibkr_core::{Client, Config};
use aioibkr_mock_gateway::{Fault, Injection, MockGateway};
use tokio::runtime::Handle;

use crate::core_gateway::{MILLI, SECOND, config, connected, connected_with, eventually, gateway};
use crate::core_orders::{aapl, market, placed, resting};
use crate::feed_reader::{CONTROL, FEED, quotes, set_last};

pub(crate) fn hear(client: &Client, topic: Topic) -> Listener {
    client.hear(topic, 10_000, Arc::new(|| {}))
}

/// What waits.
pub(crate) fn heard(listener: &Listener) -> Vec<Arc<Event>> {
    let next = || match listener.take() {
        Heard::Event(event) => Some(event),
        Heard::Nothing | Heard::Over => None,
    };
    std::iter::from_fn(next).collect()
}

fn changes(listener: &Listener, link: LinkName) -> Vec<StateChange> {
    let change = |event: &Arc<Event>| match &**event {
        Event::State(change) if change.link == link => Some(change.clone()),
        _ => None,
    };
    heard(listener).iter().filter_map(change).collect()
}

fn notices(listener: &Listener) -> Vec<LinkNotice> {
    let notice = |event: &Arc<Event>| match &**event {
        Event::Notice(notice) => Some(notice.clone()),
        _ => None,
    };
    heard(listener).iter().filter_map(notice).collect()
}

fn unopened(gateway: &MockGateway) -> Client {
    Client::new(config(gateway), Handle::current()).unwrap()
}

#[tokio::test]
async fn core_every_state_is_told_once_and_each_begins_where_the_last_ended() {
    use SessionState::{Closed, Connecting, Handshaking, Idle, Live, Waiting};
    let gateway = gateway();
    let client = unopened(&gateway);
    let states = hear(&client, Topic::State);

    client.open().await.unwrap();
    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation() == Generation(2)).await;
    client.close().await.unwrap();

    let told = changes(&states, LinkName::Control);
    let path: Vec<_> = told.iter().map(|change| change.to).collect();
    let expected = [Connecting, Handshaking, Live, Waiting, Connecting, Handshaking, Live, Closed];
    assert_eq!((told[0].from, path), (Idle, expected.to_vec()));
    assert!(told.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].time <= pair[1].time));
    assert!(told[3].reason.as_ref().unwrap().contains("was lost"), "{:?}", told[3]);
    assert_eq!((told[2].generation, told[6].generation), (Generation(1), Generation(2)));
}

#[tokio::test]
async fn core_states_that_follow_within_a_moment_are_all_told() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    let states = hear(&client, Topic::State);

    for _ in 0..50 {
        gateway.notice(1100);
        gateway.notice(1102);
    }
    eventually("a hundred changes", || states.waiting() == 100).await;

    let told = changes(&states, LinkName::Control);
    let degraded = told.iter().filter(|change| change.to == SessionState::Degraded).count();
    assert_eq!((degraded, told[99].to), (50, SessionState::Live));
    assert!(told[0].reason.as_ref().unwrap().contains("IB's servers"));
}

#[tokio::test]
async fn core_states_of_the_feed_link_are_told_beside_those_of_the_control_link() {
    use SessionState::{Connecting, Handshaking, Live, Waiting};
    let gateway = market();
    let client = connected(&gateway).await;
    let states = hear(&client, Topic::State);
    let disconnected = hear(&client, Topic::Disconnected);

    let quotes = quotes(&client, &["AAPL"]).await;
    let drop_feed = Injection::from(Fault::Drop("tick_price".into())).for_client(FEED).times(1);
    let _drop = gateway.inject(drop_feed).unwrap();
    set_last(&gateway, "AAPL", 191.0);
    quotes.find(|quote| quote.generation == Generation(2) && !quote.is_gap).await;

    let path: Vec<_> = changes(&states, LinkName::Feed).iter().map(|change| change.to).collect();
    let expected = [Connecting, Handshaking, Live, Waiting, Connecting, Handshaking, Live];
    assert_eq!(path, expected);
    assert!(!disconnected.has_news(), "that is about the control link");
}

#[tokio::test]
async fn core_notices_of_both_links_carry_class_and_meaning() {
    let gateway = market();
    let client = connected(&gateway).await;
    let _quotes = quotes(&client, &["AAPL"]).await;
    let listener = hear(&client, Topic::Notice);

    gateway.notice(2103);
    let told = RefCell::new(Vec::new());
    eventually("both", || {
        let broken = notices(&listener).into_iter().filter(|notice| notice.code == 2103);
        told.borrow_mut().extend(broken);
        told.borrow().len() == 2
    })
    .await;

    for link in [LinkName::Control, LinkName::Feed] {
        let told = told.borrow();
        let notice = told.iter().find(|notice| notice.link == link).unwrap();
        assert_eq!((notice.code, notice.class), (2103, NoticeClass::Warning));
        assert!(notice.meaning.starts_with("market-data farm connection broken"));
        assert!(notice.message.contains("usfarm") && notice.generation == Generation(1));
    }
}

#[tokio::test]
async fn core_readiness_is_told_of_each_link() {
    let gateway = gateway();
    let client = unopened(&gateway);
    let ready = hear(&client, Topic::Ready);

    client.open().await.unwrap();
    eventually("readiness", || ready.waiting() == 1).await;
    gateway.drop_connections().unwrap();
    eventually("readiness of the next link", || ready.waiting() == 2).await;

    let generation = |event: &Arc<Event>| match &**event {
        Event::Ready(readiness) => (readiness.is_ready, readiness.generation.0),
        other => panic!("{other:?}"),
    };
    let told: Vec<_> = heard(&ready).iter().map(generation).collect();
    assert_eq!(told, [(true, 1), (true, 2)]);
}

#[tokio::test]
async fn core_a_listener_that_is_slow_keeps_the_newest_and_the_exact_count_of_the_rest() {
    let gateway = gateway();
    let client = connected(&gateway).await;
    // A gateway greets with the state of three farms.
    eventually("the greeting", || client.health().control.farms.len() == 3).await;
    let all = hear(&client, Topic::Notice);
    let few = client.hear(Topic::Notice, 3, Arc::new(|| {}));

    (0..200).for_each(|_| gateway.notice(2104));
    eventually("all", || all.waiting() == 200).await;

    assert_eq!((few.waiting(), few.lost(), all.lost()), (3, 197, 0));
    assert_eq!(notices(&few), notices(&all)[197..]);
}

#[tokio::test]
async fn core_the_watch_over_a_silent_link_tells_its_steps() {
    let gateway = gateway();
    let times = Keepalive {
        idle: 50 * MILLI,
        probe_timeout: 30 * MILLI,
        give_up: 60 * MILLI,
        spacing: 30 * MILLI,
    };
    let client =
        Client::new(Config { keepalive: Some(times), ..config(&gateway) }, Handle::current());
    let client = client.unwrap();
    let topics = [Topic::Started, Topic::SoftTimeout, Topic::HardTimeout, Topic::Stopped];
    let steps = topics.map(|topic| hear(&client, topic));
    client.open().await.unwrap();

    let mute = Injection::from(Fault::Mute("all".into())).for_client(CONTROL);
    let silence = gateway.inject(mute).unwrap();
    eventually("the drop", || client.generation() == Generation(1) && !client.is_connected()).await;
    silence.clear();
    eventually("the next link", || client.generation() > Generation(1)).await;

    for (topic, listener) in topics.iter().zip(&steps) {
        let Heard::Event(event) = listener.take() else { panic!("{topic:?} was not told") };
        let Event::Keepalive(step) = &*event else { panic!("{event:?}") };
        assert_eq!((step.link, step.generation), (LinkName::Control, Generation(1)));
    }
}

#[tokio::test]
async fn core_failures_are_kept_by_category() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let listener = hear(&client, Topic::Error);
    let nothing = Order::limit(Action::Buy, 0.into(), 10.0);

    client.place(aapl(), nothing, None, None).await.unwrap_err();
    gateway.notice(1100);
    eventually("the outage", || listener.waiting() == 2).await;
    gateway.drop_connections().unwrap();
    eventually("the loss", || listener.waiting() >= 3).await;

    let count = |category| client.failures(Some(category)).len();
    assert_eq!(count(FailureCategory::Order), 1);
    assert_eq!(client.failures(Some(FailureCategory::Connection))[0].code, Some(1100));
    assert_eq!(count(FailureCategory::Socket), 1, "the gateway closed it");
    assert_eq!(client.failures(None).len(), listener.waiting());
}

/// What listeners hear of orders, in words.
fn orders(listeners: &[Listener]) -> Vec<String> {
    let word = |event: &Arc<Event>| match &**event {
        Event::OrderStatus(trade) => trade.status.to_string(),
        Event::Execution(fill) => format!("execution {}", fill.execution.execution_id.0),
        Event::Commission(fill) => format!("commission {}", fill.execution.execution_id.0),
        other => panic!("{other:?}"),
    };
    listeners
        .iter()
        .flat_map(|listener| heard(listener).iter().map(word).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn core_what_happens_to_an_order_is_told_once_across_a_reconnect() {
    let gateway = market();
    let client = connected(&gateway).await;
    let topics = [Topic::OrderStatus, Topic::Execution, Topic::Commission];
    let listeners = topics.map(|topic| hear(&client, topic));

    let trade = placed(&client, Order::market(Action::Buy, 10.into())).await;
    trade.done(Some(5 * SECOND)).await.unwrap();
    eventually("the commission", || listeners[2].waiting() == 1).await;
    let first = orders(&listeners);
    gateway.drop_connections().unwrap();
    eventually("the next link", || client.generation() == Generation(2)).await;
    client.wait_ready(Some(5 * SECOND)).await.unwrap();

    let id = &trade.latest().fills[0].execution.execution_id.0;
    assert!(first.contains(&OrderStatus::Filled.to_string()), "{first:?}");
    assert_eq!(first[first.len() - 2..], [format!("execution {id}"), format!("commission {id}")]);
    assert_eq!(orders(&listeners), Vec::<String>::new(), "the lists of the next link repeat it");
}

#[tokio::test]
async fn core_an_order_that_works_on_tells_a_notice_and_one_that_is_refused_a_failure() {
    let gateway = market();
    let client = connected(&gateway).await;
    let listener = hear(&client, Topic::Notice);

    let reject = Fault::RejectOrder(201, "no margin".into());
    let rejecting = gateway.inject(Injection::from(reject).times(1)).unwrap();
    client.place(aapl(), resting(1), None, None).await.unwrap_err();
    rejecting.clear();
    let trade = placed(&client, resting(1)).await;
    client.cancel(trade.latest().order_id, None).await.unwrap();

    let failures = client.failures(Some(FailureCategory::Order));
    assert_eq!(failures.iter().map(|failure| failure.code).collect::<Vec<_>>(), [Some(201)]);
    assert!(notices(&listener).iter().all(|notice| notice.code != 201));
}

#[tokio::test]
async fn core_updates_name_what_changed() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    client.subscribe_quote(aapl(), None).await.unwrap();
    let listener = hear(&client, Topic::Update);
    let update = |kept: Kept| {
        let listener = &listener;
        async move {
            let told = || heard(listener).iter().any(|event| **event == Event::Update(kept));
            eventually(kept.as_str(), told).await;
        }
    };

    gateway.set_position("DU1234567", "AAPL", 7.0, 100.0).unwrap();
    update(Kept::Positions).await;
    gateway.set_account_value("DU1234567", "NetLiquidation", "5", "USD").unwrap();
    update(Kept::Accounts).await;
    placed(&client, resting(1)).await;
    update(Kept::Orders).await;
    for last in [191.0, 192.0, 193.0] {
        set_last(&gateway, "AAPL", last);
        update(Kept::Quotes).await;
    }
}

#[tokio::test]
async fn core_listeners_end_with_the_client_and_keep_none_alive() {
    let gateway = gateway();
    let closed = connected(&gateway).await;
    let dropped =
        connected_with(Config { client_id: aioibkr_core::model::ClientId(8), ..config(&gateway) })
            .await;
    let listeners = [&closed, &dropped].map(|client| hear(client, Topic::State));

    closed.close().await.unwrap();
    drop(dropped);

    assert_eq!(changes(&listeners[0], LinkName::Control)[0].to, SessionState::Closed);
    eventually("the end", || listeners.iter().all(|listener| listener.take() == Heard::Over)).await;
    eventually("both sockets", || gateway.disconnect_count() == 2).await;
    assert_eq!(hear(&closed, Topic::State).take(), Heard::Over);
}

/// The first notice with that code.
async fn notice_of(listener: &Listener, code: i32) -> LinkNotice {
    let found = RefCell::new(None);
    eventually("the notice", || {
        let told = notices(listener).into_iter().find(|notice| notice.code == code);
        found.replace_with(|known| known.take().or(told));
        found.borrow().is_some()
    })
    .await;
    found.into_inner().unwrap()
}

#[tokio::test]
async fn core_advice_about_a_line_is_a_notice_and_its_end_a_failure() {
    let gateway = market();
    gateway.set_data_error("AAPL", Some(10090)).unwrap();
    gateway.set_data_error("MSFT", Some(354)).unwrap();
    let client = connected_with(Config { delayed_fallback: false, ..config(&gateway) }).await;
    let listener = hear(&client, Topic::Notice);

    let _quotes = quotes(&client, &["AAPL", "MSFT"]).await;
    let advice = notice_of(&listener, 10090).await;
    let ended = || client.failures(Some(FailureCategory::MarketData));
    eventually("the end of the line", || !ended().is_empty()).await;

    assert_eq!((advice.link, advice.class), (LinkName::Feed, NoticeClass::Request));
    assert!(advice.request_id.is_some() && !advice.meaning.is_empty());
    assert_eq!((ended()[0].code, ended()[0].link), (Some(354), Some(LinkName::Feed)));
}

#[tokio::test]
async fn core_advice_about_a_quote_is_a_notice_of_the_control_link() {
    let gateway = market();
    gateway.set_data_error("AAPL", Some(10090)).unwrap();
    let client = connected(&gateway).await;
    let listener = hear(&client, Topic::Notice);

    client.quote(aapl(), None, None).await.unwrap();

    let advice = notice_of(&listener, 10090).await;
    assert_eq!((advice.link, advice.generation), (LinkName::Control, Generation(1)));
}

#[tokio::test]
async fn core_a_remark_about_an_order_is_a_notice_that_names_it() {
    let gateway = market();
    let client = connected(&gateway).await;
    let listener = hear(&client, Topic::Notice);

    let trade = placed(&client, resting(1)).await;
    client.cancel(trade.latest().order_id, None).await.unwrap();

    let cancelled = notice_of(&listener, 202).await;
    assert_eq!(cancelled.request_id, Some(trade.latest().order_id.0));
    assert_eq!((cancelled.link, cancelled.class), (LinkName::Control, NoticeClass::Order));
}

#[tokio::test]
async fn core_a_refusal_that_nobody_waits_for_any_more_is_a_failure() {
    let gateway = market();
    let client = connected(&gateway).await;
    client.wait_ready(None).await.unwrap();
    let _refuse = gateway.inject(Fault::RejectOrder(201, "no margin".into())).unwrap();
    let _late = gateway.inject(Fault::Delay("place_order".into(), 300 * MILLI)).unwrap();

    let error = client.place(aapl(), resting(1), None, Some(50 * MILLI)).await.unwrap_err();
    eventually("the refusal", || !client.failures(Some(FailureCategory::Order)).is_empty()).await;

    assert_eq!(error.kind(), aioibkr_core::ErrorKind::OrderOutcomeUnknown);
    assert_eq!(client.failures(Some(FailureCategory::Order))[0].code, Some(201));
    assert_eq!(client.failures(Some(FailureCategory::Severe)).len(), 1);
}
