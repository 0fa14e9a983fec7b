//! Accounts, positions, profit and loss, and facts about the login.

use ibapi::prelude::*;
use serde_json::json;

use crate::session::{ACCOUNT, Failure, Read, Session, account, first, until};

pub(crate) async fn server_version(session: &mut Session) -> Read {
    Ok(json!(session.client.server_version()))
}

pub(crate) async fn managed_accounts(session: &mut Session) -> Read {
    Ok(json!(session.client.managed_accounts().await?))
}

pub(crate) async fn server_time(session: &mut Session) -> Read {
    Ok(json!(session.client.server_time().await?.unix_timestamp()))
}

pub(crate) async fn account_summary(session: &mut Session) -> Read {
    let tags = &["NetLiquidation", "TotalCashValue"];
    let rows = session.client.account_summary(&AccountGroup("All".into()), tags).await?;
    let value = first(rows.filter_data(), |row| match row {
        AccountSummaryResult::Summary(row) if row.tag == "NetLiquidation" => Some(row.value),
        _ => None,
    });
    Ok(json!(value.await?))
}

async fn account_updates(session: &Session) -> Result<Vec<AccountUpdate>, Failure> {
    let rows = session.client.account_updates(&account()).await?;
    until(rows.filter_data(), |row| matches!(row, AccountUpdate::End), Some).await
}

pub(crate) async fn account_value(session: &mut Session) -> Read {
    let rows = account_updates(session).await?;
    let value = rows.into_iter().find_map(|row| match row {
        AccountUpdate::AccountValue(row)
            if row.key == "NetLiquidation" && row.currency == "USD" =>
        {
            Some(row.value)
        }
        _ => None,
    });
    Ok(json!(value))
}

pub(crate) async fn portfolio(session: &mut Session) -> Read {
    let rows = account_updates(session).await?;
    let rows: Vec<_> = rows
        .into_iter()
        .filter_map(|row| match row {
            AccountUpdate::PortfolioValue(row) => Some(row),
            _ => None,
        })
        .collect();
    let [row] = &rows[..] else { return Err(format!("one row: {rows:?}").into()) };
    let (contract, exchange) = (&row.contract, row.contract.primary_exchange.to_string());
    Ok(json!([
        contract.symbol.to_string(),
        exchange,
        row.position,
        row.average_cost,
        row.market_price,
        row.account
    ]))
}

pub(crate) async fn positions(session: &mut Session) -> Read {
    let rows = session.client.positions().await?;
    let is_end = |row: &PositionUpdate| matches!(row, PositionUpdate::PositionEnd);
    let rows = until(rows.filter_data(), is_end, |row| match row {
        PositionUpdate::Position(row) => Some(row),
        PositionUpdate::PositionEnd => None,
    });
    let rows = rows.await?;
    let [row] = &rows[..] else { return Err(format!("one row: {rows:?}").into()) };
    let symbol = row.contract.symbol.to_string();
    Ok(json!([symbol, row.contract.contract_id, row.position, row.average_cost, row.account]))
}

pub(crate) async fn pnl(session: &mut Session) -> Read {
    let rows = session.client.pnl(&account(), None).await?;
    let row = first(rows.filter_data(), Some).await?;
    Ok(json!([row.daily_pnl, row.unrealized_pnl, row.realized_pnl]))
}

pub(crate) async fn pnl_single(session: &mut Session) -> Read {
    let rows = session.client.pnl_single(&account(), ContractId(272_093), None).await?;
    let row = first(rows.filter_data(), Some).await?;
    Ok(json!([row.position, row.value]))
}

pub(crate) async fn positions_multi(session: &mut Session) -> Read {
    let rows = session.client.positions_multi(Some(&account()), None).await?;
    let is_end = |row: &PositionUpdateMulti| matches!(row, PositionUpdateMulti::PositionEnd);
    let rows = until(rows.filter_data(), is_end, |row| match row {
        PositionUpdateMulti::Position(row) if row.contract.symbol.as_str() == "MSFT" => {
            Some(json!(["MSFT", row.position, row.average_cost]))
        }
        _ => None,
    });
    Ok(json!(rows.await?))
}

pub(crate) async fn account_updates_multi(session: &mut Session) -> Read {
    let rows = session.client.account_updates_multi(Some(&account()), None).await?;
    let value = first(rows.filter_data(), |row| match row {
        AccountUpdateMulti::AccountMultiValue(row)
            if row.key == "NetLiquidation" && row.currency == "USD" && row.account == ACCOUNT =>
        {
            Some(row.value)
        }
        _ => None,
    });
    Ok(json!(value.await?))
}

pub(crate) async fn family_codes(session: &mut Session) -> Read {
    let rows = session.client.family_codes().await?;
    Ok(rows.iter().map(|row| json!([row.account_id, row.family_code])).collect())
}

pub(crate) async fn user_info(session: &mut Session) -> Read {
    Ok(json!(session.client.user_info().await?.white_branding_id))
}
