//! Depth, generic ticks, option ticks and news ticks of the mock gateway, as a foreign client sees them.

use aioibkr_mock_gateway::{Article, DepthRow, Headline, Prices};
use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::MarketDataType;
use ibapi::market_data::realtime::MarketDepths;
use ibapi::prelude::*;

use crate::mock_fixture::{aapl, gateway_with_client, market, next};

fn row(price: f64, size: f64, maker: &str) -> DepthRow {
    DepthRow { price, size, maker: maker.to_owned() }
}

#[tokio::test]
async fn test_smart_depth_shows_the_book_that_was_set_and_its_changes() {
    let (gateway, client) = gateway_with_client().await;
    let (bids, asks) = ([row(9.0, 1.0, "ARCA")], [row(11.0, 2.0, "NASDAQ")]);
    gateway.set_depth("AAPL", &bids, &asks).unwrap();
    let contract = aapl();

    let depth = client.market_depth(&contract, 5).smart_depth(SmartDepth::Yes).subscribe().await;
    let mut depth = depth.unwrap().filter_data();
    let ask = next(&mut depth).await.unwrap();
    let bid = next(&mut depth).await.unwrap();
    gateway.set_depth("AAPL", &bids, &[]).unwrap();
    let gone = next(&mut depth).await.unwrap();

    let rows = [ask, bid, gone].map(|told| match told {
        MarketDepths::MarketDepthL2(r) => (r.operation, r.side, r.price, r.size, r.market_maker),
        other => panic!("a row with its maker: {other:?}"),
    });
    assert_eq!(rows[0], (0, 0, 11.0, 2.0, "NASDAQ".to_owned()));
    assert_eq!(rows[1], (0, 1, 9.0, 1.0, "ARCA".to_owned()));
    assert_eq!((rows[2].0, rows[2].1), (2, 0));
}

/// (D1) A reset empties the book, and the stream goes on.
#[tokio::test]
async fn test_a_reset_book_is_sent_again_and_a_halted_one_ends() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_depth("ES", &[row(5_600.0, 3.0, "")], &[]).unwrap();
    let listed = Contract {
        symbol: "ES".into(),
        security_type: SecurityType::Future,
        exchange: "CME".into(),
        ..Contract::default()
    };
    let future = client.contract_details(&listed).await.unwrap().remove(0).contract;

    let depth = client.market_depth(&future, 5).subscribe().await.unwrap();
    let mut depth = depth.filter_data();
    next(&mut depth).await.unwrap();
    gateway.reset_depth("ES").unwrap();
    let reset = next(&mut depth).await.unwrap();
    let again = next(&mut depth).await.unwrap();
    gateway.halt_depth("ES").unwrap();
    let halted = next(&mut depth).await.unwrap_err();

    assert!(matches!(reset, MarketDepths::Reset), "{reset:?}");
    let MarketDepths::MarketDepth(again) = again else { panic!("a row: {again:?}") };
    assert_eq!((again.operation, again.price, again.size), (0, 5_600.0, 3.0));
    assert!(halted.to_string().contains("316"));
}

/// (D2)
#[tokio::test]
async fn test_an_exchange_without_depth_is_refused() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = Contract::stock("AAPL").on_exchange("CBOE").build();

    let mut depth = client.market_depth(&contract, 5).subscribe().await.unwrap();

    assert!(next(&mut depth).await.unwrap_err().to_string().contains("10092"));
}

#[tokio::test]
async fn test_generic_ticks_show_what_was_set_and_what_moves() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_statistic("AAPL", "implied_volatility", "0.4321").unwrap();
    let contract = aapl();

    let ticks = client.market_data(&contract).generic_ticks(&["106", "233", "456"]).subscribe();
    let mut ticks = ticks.await.unwrap().filter_data();
    let volatility = generic_of(&mut ticks, TickType::OptionImpliedVol).await;
    gateway.set_statistic("AAPL", "dividends", "0.9,1.0,20261201,0.25").unwrap();
    let dividends = text_of(&mut ticks, TickType::IbDividends).await;
    gateway.trade("AAPL", 190.5, 7.0).unwrap();
    let volume = text_of(&mut ticks, TickType::RtVolume).await;

    assert_eq!((volatility, dividends.as_str()), (0.4321, "0.9,1.0,20261201,0.25"));
    assert!(volume.starts_with("190.5;7;"), "{volume}");
}

/// (M16)
#[tokio::test]
async fn test_an_illegal_generic_tick_is_refused_with_the_legal_ones() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = aapl();

    let mut ticks =
        client.market_data(&contract).generic_ticks(&["578"]).subscribe().await.unwrap();
    let refused = next(&mut ticks).await.unwrap_err().to_string();

    assert!(refused.contains("321") && refused.contains("(STK) are: 100,101,104"), "{refused}");
}

async fn option(client: &Client) -> Contract {
    let described = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        strike: 190.0,
        right: Some(OptionRight::Call),
        ..Contract::default()
    };
    client.contract_details(&described).await.unwrap().remove(3).contract
}

/// Greeks follow the option's own prices and those of its underlying.
#[tokio::test]
async fn test_option_ticks_imply_a_volatility_and_follow_the_underlying() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    let option = option(&client).await;
    gateway.set_price(&option.local_symbol, market(19.9, 20.1, 20.0)).unwrap();

    let ticks = client.market_data(&option).subscribe().await.unwrap();
    let mut ticks = ticks.filter_data();
    let before = computation_of(&mut ticks, TickType::ModelOption).await;
    gateway.set_price("AAPL", Prices { last: Some(195.0), ..Prices::default() }).unwrap();
    let after = computation_of(&mut ticks, TickType::ModelOption).await;

    assert_eq!((before.underlying_price, after.underlying_price), (Some(190.0), Some(195.0)));
    assert!((before.option_price.unwrap() - 20.0).abs() < 1e-6, "{before:?}");
    // Dearer underlying, same price: less volatility.
    assert!(before.implied_volatility > after.implied_volatility, "{before:?} {after:?}");
}

/// (M4, M14) Delayed option data has its own tick ids.
#[tokio::test]
async fn test_delayed_option_ticks_have_their_own_ids() {
    let (gateway, client) = gateway_with_client().await;
    let option = option(&client).await;
    gateway.set_entitlement(&option.local_symbol, false).unwrap();
    client.switch_market_data_type(MarketDataType::Delayed).await.unwrap();

    let ticks = client.market_data(&option).subscribe().await.unwrap();
    let model = computation_of(&mut ticks.filter_data(), TickType::DelayedModelOption).await;

    assert!(model.delta.unwrap() > 0.0, "{model:?}");
}

/// (W8) News is a part of market data: of an instrument, or of a provider.
#[tokio::test]
async fn test_headlines_reach_those_who_follow_them() {
    let (gateway, client) = gateway_with_client().await;
    let contract = aapl();
    let about = client.contract_news(&contract, &["BRFG"]).await.unwrap();
    let mut about = about.filter_data();
    let mut tape = client.broad_tape_news("DJNL").await.unwrap().filter_data();
    client.server_time().await.unwrap();
    let headline = |provider: &str, symbol: Option<&str>| Headline {
        time: 1_795_187_400_000,
        provider: provider.into(),
        article_id: format!("{provider}$1"),
        headline: format!("from {provider}"),
        symbol: symbol.map(str::to_owned),
        article: Article::Text(String::new()),
    };

    gateway.add_headline(headline("BRFG", None)).unwrap();
    gateway.add_headline(headline("DJNL", Some("AAPL"))).unwrap();
    gateway.add_headline(headline("BRFG", Some("AAPL"))).unwrap();
    let first = next(&mut about).await.unwrap();
    let second = next(&mut tape).await.unwrap();

    assert_eq!((first.headline.as_str(), second.headline.as_str()), ("from BRFG", "from DJNL"));
}

async fn generic_of<S>(ticks: &mut S, kind: TickType) -> f64
where
    S: futures_util::Stream<Item = Result<TickTypes, Error>> + Unpin,
{
    loop {
        match next(ticks).await.unwrap() {
            TickTypes::Generic(tick) if tick.tick_type == kind => return tick.value,
            _ => {}
        }
    }
}

async fn text_of<S>(ticks: &mut S, kind: TickType) -> String
where
    S: futures_util::Stream<Item = Result<TickTypes, Error>> + Unpin,
{
    loop {
        match next(ticks).await.unwrap() {
            TickTypes::String(tick) if tick.tick_type == kind => return tick.value,
            _ => {}
        }
    }
}

async fn computation_of<S>(ticks: &mut S, kind: TickType) -> ibapi::contracts::OptionComputation
where
    S: futures_util::Stream<Item = Result<TickTypes, Error>> + Unpin,
{
    loop {
        match next(ticks).await.unwrap() {
            TickTypes::OptionComputation(tick) if tick.field == kind => return tick,
            _ => {}
        }
    }
}
