//! What each kind of stream delivers of what the market does, and how streams share lines.
#![allow(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

use aioibkr_core::model::{
    BarSize, BarsRequest, Contract, DepthBook, Generation, LineKind, Right, SecurityType,
    TickByTickKind, WhatToShow,
};
use aioibkr_mock_gateway::{DepthRow, HistoryBar, Prices};

use crate::core_gateway::{MILLI, eventually};
use crate::feed_reader::{
    ample, asked, bars, depth, is_last, market, quotes, quotes_of, set_last, set_market,
    tick_by_tick, ticks,
};

const LAST_PRICE: i32 = 4;

#[tokio::test]
async fn feed_a_quote_shows_what_the_market_tells() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    let sizes = Prices {
        bid: Some(191.0),
        bid_size: Some(300.0),
        ask_size: Some(400.0),
        volume: Some(5000.0),
        close: Some(185.5),
        open: Some(186.0),
        ..Prices::default()
    };

    gateway.set_price("AAPL", sizes).unwrap();
    let quote = quotes.find(|quote| quote.bid == Some(191.0) && quote.open.is_some()).await;

    assert_eq!((quote.ask, quote.last), (Some(190.1), Some(190.0)));
    assert_eq!((quote.bid_size, quote.ask_size), (Some(300.0), Some(400.0)));
    assert_eq!((quote.volume, quote.close, quote.open), (Some(5000.0), Some(185.5), Some(186.0)));
    assert_eq!((quote.min_tick, quote.is_delayed(), quote.is_gap), (Some(0.01), false, false));
    assert_eq!(quote.generation, Generation(1));
    assert_eq!(quotes.stream.latest(0).unwrap().bid, Some(191.0));
}

/// (M8) A side that goes away is told as -1 without a size.
#[tokio::test]
async fn feed_a_side_that_goes_away_is_none() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    gateway.clear_price("AAPL").unwrap();
    let quote = quotes.find(|quote| quote.bid.is_none() && quote.ask.is_none()).await;

    assert_eq!((quote.bid_size, quote.mid()), (Some(0.0), None));
    assert_eq!(quote.last, Some(190.0), "only the sides went away");
}

#[tokio::test]
async fn feed_generic_ticks_and_times_reach_the_quote() {
    let (gateway, client) = market().await;
    gateway.set_statistic("AAPL", "shortable_shares", "12345").unwrap();

    let quotes = quotes_of(&client, vec![Contract::stock("AAPL")], "236,232").await;
    let quote = quotes.find(|quote| quote.shortable_shares.is_some()).await;

    assert_eq!((quote.shortable, quote.shortable_shares), (Some(3.0), Some(12345.0)));
    assert_eq!(quote.mark, Some(190.0));
    assert!(quote.last_timestamp.unwrap().year() >= 2024);
}

#[tokio::test]
async fn feed_an_option_quote_has_greeks() {
    let (gateway, client) = market().await;
    let wanted = Contract {
        strike: Some(190.0),
        right: Some(Right::Call),
        exchange: "SMART".into(),
        ..Contract::new(SecurityType::Option, "AAPL")
    };
    let option = client.contract_details(wanted, None).await.unwrap().remove(3).contract;
    let symbol = option.local_symbol.clone();

    let quotes = quotes_of(&client, vec![option], "").await;
    let quote = quotes.find(|quote| quote.model_greeks.is_some()).await;
    set_market(&gateway, "AAPL", 195.0);
    let moved = |price: Option<f64>| price == Some(195.0);
    let quote_after = quotes
        .find(|quote| {
            quote.model_greeks.as_ref().is_some_and(|greeks| moved(greeks.underlying_price))
        })
        .await;

    let greeks = quote.model_greeks.as_ref().unwrap();
    assert!((0.0..=1.0).contains(&greeks.delta.unwrap()), "{symbol}: {greeks:?}");
    assert_eq!(greeks.underlying_price, Some(190.0));
    assert!(quote_after.model_greeks.as_ref().unwrap().delta > greeks.delta);
}

#[tokio::test]
async fn feed_ticks_bring_every_change_in_order_with_its_contract() {
    let (gateway, client) = market().await;
    let ticks = ticks(&client, &["MSFT", "AAPL"]).await;
    eventually("both lines", || asked(&gateway, "req_mkt_data") == 2).await;

    let prices: Vec<f64> = (1..=200).map(|step| 100.0 + f64::from(step)).collect();
    prices.iter().for_each(|last| set_last(&gateway, "AAPL", *last));
    let mut told = Vec::new();
    while told.last() != prices.last() {
        let rows = ticks.next().await.unwrap().rows;
        let of_aapl = |row: &usize| rows.contract[*row] == 1 && rows.tick_type[*row] == LAST_PRICE;
        told.extend((0..rows.time.len()).filter(of_aapl).map(|row| rows.price[row]));
    }

    let first = told.iter().position(|price| *price == prices[0]).unwrap();
    assert_eq!(told[first..], prices);
    assert_eq!(ticks.stream.lost(), 0);
}

#[tokio::test]
async fn feed_trades_come_one_by_one_with_exchange_and_size() {
    let (gateway, client) = market().await;
    for kind in [TickByTickKind::Last, TickByTickKind::AllLast] {
        let trades = tick_by_tick(&client, &["AAPL"], kind).await;
        let requests = || asked(&gateway, "req_tick_by_tick_data");
        let wanted = if kind == TickByTickKind::Last { 1 } else { 2 };
        eventually("the line", || requests() == wanted).await;

        (1..=50).for_each(|n| gateway.trade("AAPL", 150.0 + f64::from(n), f64::from(n)).unwrap());
        let mut told = Vec::new();
        while told.len() < 50 {
            let rows = trades.next().await.unwrap().rows;
            let texts = &trades.stream.texts;
            assert!(rows.exchange.iter().all(|number| &*texts.text(*number) == "NASDAQ"));
            told.extend(rows.price.into_iter().zip(rows.size));
        }

        let expected: Vec<_> = (1..=50).map(f64::from).map(|n| (150.0 + n, n)).collect();
        assert_eq!(told, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn feed_quotes_and_middles_come_one_by_one() {
    let (gateway, client) = market().await;
    let sides = tick_by_tick(&client, &["AAPL"], TickByTickKind::BidAsk).await;
    let middles = tick_by_tick(&client, &["AAPL"], TickByTickKind::MidPoint).await;
    eventually("both lines", || asked(&gateway, "req_tick_by_tick_data") == 2).await;

    set_market(&gateway, "AAPL", 200.0);
    let side = sides.find(|batch| batch.rows.price.last() == Some(&199.9)).await.rows;
    let middle = middles.find(|batch| batch.rows.price.last() == Some(&200.0)).await.rows;

    assert_eq!(side.ask.last(), Some(&200.1));
    assert!(*side.size.last().unwrap() > 0.0 && *side.ask_size.last().unwrap() > 0.0);
    assert!(middle.size.last().unwrap().is_nan(), "a middle has no size");
}

fn row(price: f64, size: f64, maker: &str) -> DepthRow {
    DepthRow { price, size, maker: maker.into() }
}

fn prices(book: &DepthBook) -> (Vec<f64>, Vec<f64>) {
    let side =
        |rows: &[aioibkr_core::model::DepthLevel]| rows.iter().map(|row| row.price).collect();
    (side(&book.bids), side(&book.asks))
}

#[tokio::test]
async fn feed_a_book_follows_the_exchange_row_by_row() {
    let (gateway, client) = market().await;
    let asks = [row(11.0, 2.0, "NASDAQ"), row(12.0, 3.0, "ARCA")];
    gateway.set_depth("AAPL", &[row(9.0, 1.0, "ARCA")], &asks).unwrap();

    let books = depth(&client, "AAPL", 5).await;
    let first = books.find(|book| book.bids.len() + book.asks.len() == 3).await;
    gateway.set_depth("AAPL", &[row(9.5, 4.0, "BATS"), row(9.0, 1.0, "ARCA")], &[]).unwrap();
    let second = books.find(|book| book.asks.is_empty() && book.bids.len() == 2).await;

    assert_eq!(prices(&first), (vec![9.0], vec![11.0, 12.0]));
    assert_eq!(first.asks[1].market_maker.as_deref(), Some("ARCA"));
    assert_eq!(prices(&second), (vec![9.5, 9.0], vec![]));
    assert_eq!((second.bids[0].size, second.anomalies), (4.0, 0));
}

/// (D2) An exchange shows its own book, with makers where it has them.
#[tokio::test]
async fn feed_one_exchange_shows_its_own_book() {
    let (gateway, client) = market().await;
    gateway.set_depth("AAPL", &[row(9.0, 1.0, "GSCO")], &[]).unwrap();
    for (exchange, maker) in [("NASDAQ", Some("GSCO")), ("NYSE", None)] {
        let contract = Contract { exchange: exchange.into(), ..Contract::stock("AAPL") };
        let (options, _bell) = ample();
        let books = client.depth(contract, 5, false, options).await.unwrap();
        let best = || books.latest(0).and_then(|book| book.bids.first().cloned());
        eventually("the book", || best().is_some()).await;

        assert_eq!(best().unwrap().market_maker.as_deref(), maker, "{exchange}");
    }
}

/// (D1) A reset empties the book, and the stream goes on.
#[tokio::test]
async fn feed_a_book_that_begins_again_is_a_gap_first() {
    let (gateway, client) = market().await;
    gateway.set_depth("AAPL", &[row(9.0, 1.0, "ARCA")], &[]).unwrap();
    let books = depth(&client, "AAPL", 5).await;
    books.find(|book| book.bids.len() == 1).await;

    gateway.reset_depth("AAPL").unwrap();
    let gap = books.next().await.unwrap();
    let again = books.find(|book| !book.is_gap).await;

    assert!(gap.is_gap && gap.bids.is_empty());
    assert_eq!((prices(&again).0, again.anomalies), (vec![9.0], 0));
}

#[tokio::test]
async fn feed_five_second_bars_arrive() {
    let (gateway, client) = market().await;
    gateway.set_real_time_bar(20 * MILLI);
    let kind = LineKind::RealTimeBars { what_to_show: WhatToShow::Midpoint, use_rth: false };

    let bars = bars(&client, "AAPL", kind).await;
    let first = bars.next().await.unwrap().rows.remove(0);

    assert_eq!((first.open, first.close), (190.0, 190.0));
    assert_eq!(first.volume, None, "a middle has no volume");
}

fn kept_up_to_date() -> LineKind {
    LineKind::Bars(BarsRequest {
        duration: "1 D".into(),
        bar_size: BarSize::from_name("1 hour").unwrap(),
        what_to_show: WhatToShow::Trades,
        use_rth: false,
        end: None,
    })
}

#[tokio::test]
async fn feed_bars_bring_history_first_and_then_what_happens() {
    let (gateway, client) = market().await;
    let start = gateway.market_time() / 3600 * 3600;
    let bar =
        |start| HistoryBar { start, open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 10.0 };
    gateway.set_bars("AAPL", &[bar(start - 7200), bar(start - 3600)]).unwrap();

    let bars = bars(&client, "AAPL", kept_up_to_date()).await;
    let history = bars.next().await.unwrap().rows;
    gateway.trade("AAPL", 222.0, 3.0).unwrap();
    let update = bars.find(|batch| batch.rows.last().unwrap().close == 222.0).await.rows;

    let starts: Vec<_> = history.iter().map(|bar| bar.time.unix_timestamp()).collect();
    assert_eq!(starts[..2], [start - 7200, start - 3600]);
    assert_eq!((history[0].open, history[0].volume), (1.0, Some(10.0)));
    assert!(update.last().unwrap().time.unix_timestamp() >= start);
}

#[tokio::test]
async fn feed_two_streams_of_a_contract_cost_one_line_until_the_last_is_closed() {
    let (gateway, client) = market().await;
    let quotes = quotes(&client, &["AAPL"]).await;
    let ticks = ticks(&client, &["AAPL", "AAPL"]).await;
    quotes.find(is_last(190.0)).await;

    ticks.stream.close();
    set_last(&gateway, "AAPL", 191.0);
    quotes.find(is_last(191.0)).await;
    assert_eq!((asked(&gateway, "req_mkt_data"), asked(&gateway, "cancel_mkt_data")), (1, 0));
    assert_eq!(client.health().lines[0].used, 1);
    quotes.stream.close();
    quotes.stream.close();

    eventually("the cancel", || asked(&gateway, "cancel_mkt_data") == 1).await;
    assert_eq!(client.health().lines[0].used, 0);
    assert!(quotes.end().await.is_none() && ticks.end().await.is_none());
}

#[tokio::test]
async fn feed_a_later_stream_is_told_at_once_what_is_known() {
    let (gateway, client) = market().await;
    let first = quotes(&client, &["AAPL"]).await;
    first.find(is_last(190.0)).await;

    let second = quotes(&client, &["MSFT", "AAPL"]).await;
    let quote = second.find(is_last(190.0)).await;

    assert_eq!(quote.contract.symbol, "AAPL");
    assert_eq!(second.stream.latest(1).unwrap().bid, Some(189.9));
    eventually("the other line", || asked(&gateway, "req_mkt_data") == 2).await;
}

#[tokio::test]
async fn feed_another_exchange_or_generic_tick_is_another_line() {
    let (gateway, client) = market().await;
    let arca = Contract { exchange: "ARCA".into(), ..Contract::stock("AAPL") };

    let streams = [
        quotes(&client, &["AAPL"]).await,
        quotes_of(&client, vec![arca], "").await,
        quotes_of(&client, vec![Contract::stock("AAPL")], "236").await,
    ];

    for stream in &streams {
        stream.find(is_last(190.0)).await;
    }
    assert_eq!(asked(&gateway, "req_mkt_data"), 3);
    assert_eq!(client.health().lines[0].used, 3);
}

#[tokio::test]
async fn feed_one_stream_brings_many_contracts_each_as_itself() {
    let (gateway, client) = market().await;
    let symbols = ["AAPL", "MSFT", "GOOG", "AMZN", "NVDA"];
    let quotes = quotes(&client, &symbols).await;
    for (number, symbol) in symbols.iter().enumerate() {
        set_market(&gateway, symbol, 50.0 + number as f64);
    }

    for number in 0..symbols.len() {
        let wanted = Some(50.0 + number as f64);
        let latest = || quotes.stream.latest(number).and_then(|quote| quote.last);
        eventually("each price", || latest() == wanted).await;
    }

    let quote = quotes.stream.latest(3).unwrap();
    assert_eq!((quote.contract.symbol.as_str(), quote.bid), ("AMZN", Some(52.9)));
}
