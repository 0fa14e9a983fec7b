//! What `docs/mock-gateway/ibapi-crate.md` shows: a program for the `ibapi` crate on the mock gateway.

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, MockGateway, Prices, Settings};
use futures_util::StreamExt;
use ibapi::orders::order_builder::market_order;
use ibapi::prelude::*;

/// Buys at the market and waits for the price: the code under test.
async fn buy(client: &Client, symbol: &str, quantity: f64) -> Result<Option<f64>, Error> {
    let contract = Contract::stock(symbol).build();
    let (order, id) = (market_order(Action::Buy, quantity), client.next_order_id());
    let mut updates = client.place_order(id, &contract, &order).await?.filter_data();
    while let Some(update) = updates.next().await {
        if let PlaceOrder::ExecutionData(data) = update? {
            return Ok(Some(data.execution.price));
        }
    }
    Ok(None)
}

#[tokio::test]
async fn test_buying_pays_the_ask() {
    let gateway = MockGateway::start(Settings::default()).unwrap();
    let prices = Prices { bid: Some(189.9), ask: Some(190.1), ..Prices::default() };
    gateway.set_price("AAPL", prices).unwrap();
    let client = Client::connect(&gateway.address().to_string(), 1).await.unwrap();

    let price = buy(&client, "AAPL", 10.0).await.unwrap();

    assert_eq!(price, Some(190.1));
    let [execution] = &gateway.executions()[..] else { panic!("one execution") };
    assert_eq!((execution.symbol.as_str(), execution.quantity), ("AAPL", 10.0));
    assert_eq!(gateway.requests(Some("place_order")).unwrap().len(), 1);
}

#[tokio::test]
async fn test_a_refused_order_is_an_error() {
    let gateway = MockGateway::start(Settings::default()).unwrap();
    let _refusing = gateway.inject(Fault::RejectOrder(201, "no margin".into())).unwrap();
    let client = Client::connect(&gateway.address().to_string(), 1).await.unwrap();

    let bought = tokio::time::timeout(Duration::from_secs(5), buy(&client, "AAPL", 10.0)).await;

    assert!(bought.unwrap().is_err());
    assert!(gateway.executions().is_empty());
}
