//! Contracts, venues, options, scanners and news.

use ibapi::prelude::*;
use ibapi::scanner::ScannerSubscription;
use serde_json::json;
use time::macros::datetime;

use crate::session::{Failure, Read, Session, code_of, drain, first, sorted, stock};

pub(crate) async fn contract_details(session: &mut Session) -> Read {
    let rows = session.client.contract_details(&stock("AAPL")).await?;
    let [row] = &rows[..] else { return Err(format!("one row: {rows:?}").into()) };
    Ok(json!([
        row.contract.contract_id,
        row.contract.primary_exchange.to_string(),
        row.contract.trading_class,
        row.long_name,
        row.min_tick,
        row.stock_type,
        row.price_magnifier
    ]))
}

/// The contracts of the future ES.
pub(crate) async fn listed_futures(session: &Session) -> Result<Vec<Contract>, Failure> {
    let described = Contract {
        symbol: "ES".into(),
        security_type: SecurityType::Future,
        exchange: "CME".into(),
        ..Contract::default()
    };
    let rows = session.client.contract_details(&described).await?;
    Ok(rows.into_iter().map(|row| row.contract).collect())
}

pub(crate) async fn futures(session: &mut Session) -> Read {
    let rows = listed_futures(session).await?;
    let row = |row: &Contract| {
        Ok::<_, Failure>(json!([row.local_symbol, row.multiplier.parse::<f64>()?]))
    };
    Ok(sorted(rows.iter().map(row).collect::<Result<_, _>>()?))
}

pub(crate) async fn forex(session: &mut Session) -> Read {
    let described = Contract {
        symbol: "EUR".into(),
        security_type: SecurityType::ForexPair,
        exchange: "IDEALPRO".into(),
        ..Contract::default()
    };
    let rows = session.client.contract_details(&described).await?;
    let row = &rows.first().ok_or("no row")?.contract;
    let kind = row.security_type.as_str();
    Ok(json!([row.symbol.to_string(), row.currency.to_string(), kind]))
}

pub(crate) async fn ambiguous_contract(session: &mut Session) -> Read {
    let rows = session.client.contract_details(&stock("AMB")).await?;
    let exchange =
        |row: &ibapi::contracts::ContractDetails| json!(row.contract.primary_exchange.to_string());
    Ok(sorted(rows.iter().map(exchange).collect()))
}

pub(crate) async fn unknown_contract(session: &mut Session) -> Read {
    let refused = session.client.contract_details(&stock("NOPE")).await;
    Ok(json!(refused.err().as_ref().and_then(code_of)))
}

pub(crate) async fn symbol_search(session: &mut Session) -> Read {
    let rows = session.client.matching_symbols("LIVE").await?;
    let row = |row: &Contract| {
        json!([row.symbol.to_string(), row.contract_id, row.security_type.as_str()])
    };
    Ok(rows.iter().map(|found| row(&found.contract)).collect())
}

pub(crate) async fn option_parameters(session: &mut Session) -> Read {
    let chain = session.client.option_chain("UNDL", SecurityType::Stock, 9101).subscribe().await?;
    let rows = drain(chain.filter_data()).await?;
    let row = |row: &ibapi::contracts::OptionChain| {
        let mut words = vec![json!(row.underlying_contract_id)];
        words.extend(row.expirations.iter().map(|day| json!(day)));
        words.extend(row.strikes.iter().map(|strike| json!(strike)));
        json!(words)
    };
    Ok(sorted(rows.iter().map(row).collect()))
}

pub(crate) async fn market_rule(session: &mut Session) -> Read {
    let rule = session.client.market_rule(109).await?;
    Ok(rule.price_increments.iter().map(|step| json!([step.low_edge, step.increment])).collect())
}

pub(crate) async fn smart_components(session: &mut Session) -> Read {
    let rows = session.client.smart_components("9c0001").await?;
    let wanted = rows.iter().filter(|row| ["Q", "N"].contains(&row.exchange_letter.as_str()));
    Ok(sorted(wanted.map(|row| json!(row.exchange)).collect()))
}

pub(crate) async fn depth_exchanges(session: &mut Session) -> Read {
    let rows = session.client.market_depth_exchanges().await?;
    let wanted = rows.iter().filter(|row| ["CME", "NASDAQ"].contains(&row.exchange_name.as_str()));
    Ok(sorted(wanted.map(|row| json!(row.exchange_name)).collect()))
}

/// The one option there is on UNDL.
async fn option(session: &Session) -> Result<Contract, Failure> {
    let described =
        Contract { contract_id: 9102, security_type: SecurityType::Option, ..Contract::default() };
    let rows = session.client.contract_details(&described).await?;
    Ok(rows.into_iter().next().ok_or("no option")?.contract)
}

pub(crate) async fn option_contract(session: &mut Session) -> Read {
    let row = option(session).await?;
    let right = row.right.map(|right| right.as_str());
    let expiry = row.last_trade_date_or_contract_month;
    Ok(json!([row.symbol.to_string(), expiry, row.strike, right]))
}

pub(crate) async fn option_price(session: &mut Session) -> Read {
    let option = option(session).await?;
    let found = session.client.calculate_option_price(&option, 0.31, 50.0).await?;
    let (volatility, underlying) = (found.implied_volatility, found.underlying_price);
    Ok(json!([volatility, underlying, found.option_price, found.delta]))
}

pub(crate) async fn implied_volatility(session: &mut Session) -> Read {
    let option = option(session).await?;
    let priced = session.client.calculate_option_price(&option, 0.31, 50.0).await?;
    let price = priced.option_price.ok_or("no price")?;
    let found = session.client.calculate_implied_volatility(&option, price, 50.0).await?;
    let volatility = found.implied_volatility.ok_or("no volatility")?;
    Ok(json!([(volatility * 1e6).round() / 1e6, found.underlying_price]))
}

pub(crate) async fn scanner_parameters(session: &mut Session) -> Read {
    let xml = session.client.scanner_parameters().await?;
    Ok(json!(xml.contains("<scanCode>MOST_ACTIVE</scanCode>")))
}

pub(crate) async fn scanner(session: &mut Session) -> Read {
    let scan = ScannerSubscription {
        number_of_rows: 2,
        instrument: Some("STK".into()),
        location_code: Some("STK.US.MAJOR".into()),
        scan_code: Some("TOP_PERC_GAIN".into()),
        ..ScannerSubscription::default()
    };
    let rows = session.client.scanner_subscription(&scan, &Vec::new()).await?;
    let rows = first(rows.filter_data(), Some).await?;
    let row = |row: &ibapi::scanner::ScannerData| {
        json!([row.rank, row.contract_details.contract.symbol.to_string()])
    };
    Ok(rows.iter().map(row).collect())
}

pub(crate) async fn news_providers(session: &mut Session) -> Read {
    let rows = session.client.news_providers().await?;
    Ok(rows.iter().map(|row| json!([row.code, row.name])).collect())
}

pub(crate) async fn historical_news(session: &mut Session) -> Read {
    let (start, end) = (datetime!(2026-11-20 00:00 UTC), datetime!(2026-11-21 00:00 UTC));
    let rows = session.client.historical_news(265_598, &["ME"], start, end, 5).await?;
    let rows = drain(rows.filter_data()).await?;
    let row =
        |row: &ibapi::news::NewsArticle| json!([row.provider_code, row.article_id, row.headline]);
    Ok(rows.iter().map(row).collect())
}

pub(crate) async fn news_article(session: &mut Session) -> Read {
    Ok(json!(session.client.news_article("ME", "ME$1").await?.article_text))
}

pub(crate) async fn news_bulletins(session: &mut Session) -> Read {
    let rows = session.client.news_bulletins(true).await?;
    let row = first(rows.filter_data(), Some).await?;
    Ok(json!([row.message_type, row.message, row.exchange]))
}
