//! Accounts, positions and profit and loss of the mock gateway, as a foreign client sees them.

use ibapi::prelude::*;

use crate::mock_fixture::{ACCOUNT, collect_until, gateway_with_client, market, next};

#[tokio::test]
async fn test_summary_rows_come_by_tag_with_one_end_and_then_only_changes() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_account_value(ACCOUNT, "NetLiquidation", "250000.00", "USD").unwrap();
    let tags = &["TotalCashValue", "NetLiquidation"];
    let group = AccountGroup("All".into());
    let mut summary = client.account_summary(&group, tags).await.unwrap().filter_data();

    let rows = collect_until(&mut summary, |row| matches!(row, AccountSummaryResult::End)).await;
    gateway.set_account_value(ACCOUNT, "NetLiquidation", "260000.00", "USD").unwrap();
    let later = next(&mut summary).await.unwrap();

    let shown = |row: &AccountSummaryResult| match row {
        AccountSummaryResult::Summary(row) => (row.tag.clone(), row.value.clone()),
        AccountSummaryResult::End => ("End".into(), String::new()),
    };
    let expected = [("NetLiquidation", "250000.00"), ("TotalCashValue", "1000000.00")];
    let expected = expected.map(|(tag, value)| (tag.to_owned(), value.to_owned()));
    assert_eq!(rows.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(shown(&later), ("NetLiquidation".into(), "260000.00".into()));
}

#[tokio::test]
async fn test_the_ledger_flag_gives_the_cash_rows_that_were_set() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_account_value(ACCOUNT, "CashBalance", "777.00", "EUR").unwrap();
    let group = AccountGroup("All".into());
    let mut summary = client.account_summary(&group, &["$LEDGER:EUR"]).await.unwrap().filter_data();

    let rows = collect_until(&mut summary, |row| matches!(row, AccountSummaryResult::End)).await;

    let [AccountSummaryResult::Summary(row)] = rows.as_slice() else { panic!("one row: {rows:?}") };
    let shown = (row.tag.as_str(), row.value.as_str(), row.currency.as_str());
    assert_eq!(shown, ("CashBalance", "777.00", "EUR"));
}

#[tokio::test]
async fn test_positions_end_once_and_then_follow_changes() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 180.0).unwrap();
    let mut positions = client.positions().await.unwrap().filter_data();

    let rows =
        collect_until(&mut positions, |row| matches!(row, PositionUpdate::PositionEnd)).await;
    gateway.set_position(ACCOUNT, "AAPL", 0.0, 0.0).unwrap();
    let closed = next(&mut positions).await.unwrap();

    let [PositionUpdate::Position(held)] = rows.as_slice() else { panic!("one row: {rows:?}") };
    assert_eq!((held.account.as_str(), held.position, held.average_cost), (ACCOUNT, 10.0, 180.0));
    assert_eq!(held.contract.exchange.to_string(), "NASDAQ");
    let PositionUpdate::Position(closed) = closed else { panic!("a row") };
    assert_eq!(closed.position, 0.0);
}

#[tokio::test]
async fn test_account_updates_hold_values_portfolio_and_one_end() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 180.0).unwrap();
    let account = AccountId(ACCOUNT.into());
    let mut updates = client.account_updates(&account).await.unwrap().filter_data();

    let rows = collect_until(&mut updates, |row| matches!(row, AccountUpdate::End)).await;

    let value = |key: &str| {
        rows.iter().find_map(|row| match row {
            AccountUpdate::AccountValue(row) if row.key == key && row.currency == "USD" => {
                Some(row.value.clone())
            }
            _ => None,
        })
    };
    assert_eq!(value("NetLiquidation").as_deref(), Some("1001900.00"));
    assert_eq!(value("UnrealizedPnL").as_deref(), Some("100.00"));
    let portfolio = rows.iter().find_map(|row| match row {
        AccountUpdate::PortfolioValue(row) => Some(row),
        _ => None,
    });
    let portfolio = portfolio.unwrap();
    assert_eq!((portfolio.position, portfolio.market_value), (10.0, 1900.0));
}

#[tokio::test]
async fn test_profit_and_loss_follows_prices_unless_it_is_set() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_price("AAPL", market(189.9, 190.1, 190.0)).unwrap();
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 180.0).unwrap();
    let account = AccountId(ACCOUNT.into());
    let mut pnl = client.pnl(&account, None).await.unwrap().filter_data();

    let first = next(&mut pnl).await.unwrap();
    gateway.set_price("AAPL", market(190.9, 191.1, 191.0)).unwrap();
    let moved = next(&mut pnl).await.unwrap();
    gateway.set_pnl(ACCOUNT, 12.5, 100.0, 1.0).unwrap();
    let set = next(&mut pnl).await.unwrap();

    assert_eq!(first.unrealized_pnl, Some(100.0));
    assert_eq!(moved.unrealized_pnl, Some(110.0));
    assert_eq!((set.daily_pnl, set.realized_pnl), (12.5, Some(1.0)));
}
