//! Contracts, venues and the login of the mock gateway, as a foreign client sees them.

use aioibkr_mock_gateway::NewInstrument;
use futures_util::StreamExt;
use ibapi::accounts::FaDataType;
use ibapi::contracts::OptionRight;
use ibapi::prelude::*;

use crate::mock_fixture::{ACCOUNT, PATIENCE, aapl, gateway_with_client, next};

#[tokio::test]
async fn test_every_kind_of_security_has_details() {
    let (_gateway, client) = gateway_with_client().await;
    let cases = [
        (SecurityType::ForexPair, "EUR", 12_087_792),
        (SecurityType::Index, "SPX", 416_904),
        (SecurityType::Crypto, "BTC", 479_624_278),
        (SecurityType::Bond, "900000AA1", 900_000_010),
    ];

    for (security_type, symbol, con_id) in cases {
        let contract = Contract {
            symbol: symbol.into(),
            security_type,
            exchange: "".into(),
            ..Contract::default()
        };
        let rows = client.contract_details(&contract).await.unwrap();
        assert_eq!(rows[0].contract.contract_id, con_id, "{symbol}");
    }
}

/// (K4) A bond's row carries what only bonds have.
#[tokio::test]
async fn test_a_bond_shows_its_coupon() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = Contract {
        symbol: "900000AA1".into(),
        security_type: SecurityType::Bond,
        ..Contract::default()
    };

    let rows = client.contract_details(&contract).await.unwrap();

    assert_eq!((rows[0].coupon, rows[0].cusip.as_str()), (4.0, "900000AA1"));
}

#[tokio::test]
async fn test_an_option_is_found_by_strike_and_right() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        strike: 190.0,
        right: Some(OptionRight::Call),
        ..Contract::default()
    };

    let rows = client.contract_details(&contract).await.unwrap();

    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.under_contract_id == 265_598), "{rows:?}");
    assert!(rows.iter().all(|row| row.contract.local_symbol.ends_with("C00190000")));
}

/// (K5) A combo gets no answer of any kind; the connection goes on.
#[tokio::test]
async fn test_a_combo_gets_no_details() {
    let (_gateway, client) = gateway_with_client().await;
    let combo = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Spread,
        ..Contract::default()
    };

    let asked = client.contract_details(&combo);
    let silence = tokio::time::timeout(PATIENCE / 50, asked).await;

    assert!(silence.is_err());
    client.server_time().await.unwrap();
}

/// (K7) An empty exchange gives a row per exchange, a named one only the End.
#[tokio::test]
async fn test_option_parameters_come_per_exchange() {
    let (_gateway, client) = gateway_with_client().await;

    let everywhere = client.option_chain("AAPL", SecurityType::Stock, 265_598).subscribe().await;
    let rows: Vec<_> = everywhere.unwrap().filter_data().collect().await;
    let named = client.option_chain("AAPL", SecurityType::Stock, 265_598).exchange("SMART");
    let none: Vec<_> = named.subscribe().await.unwrap().filter_data().collect().await;
    let nobody = client.option_chain("AAPL", SecurityType::Stock, 0).subscribe().await;
    let refused = next(&mut nobody.unwrap()).await;

    let first = rows[0].as_ref().unwrap();
    assert_eq!((rows.len(), first.expirations.len(), first.strikes.len()), (20, 4, 11));
    assert!(none.is_empty());
    assert!(refused.unwrap_err().to_string().contains("321"));
}

/// (K10) An unknown rule is refused without a request id, so only the notice stream can tell.
#[tokio::test]
async fn test_a_market_rule_is_a_ladder_of_steps() {
    let (_gateway, client) = gateway_with_client().await;

    let rule = client.market_rule(109).await.unwrap();

    let steps: Vec<_> = rule.price_increments.iter().map(|s| (s.low_edge, s.increment)).collect();
    assert_eq!(steps, [(0.0, 0.01), (3.0, 0.05)]);
}

#[tokio::test]
async fn test_an_instrument_that_was_added_is_found_and_searched() {
    let (gateway, client) = gateway_with_client().await;
    let new = NewInstrument {
        con_id: 42,
        symbol: "ZZTOP".into(),
        price: 12.5,
        tick: 0.05,
        long_name: "SHARP DRESSED".into(),
        ..NewInstrument::default()
    };
    gateway.add_instrument(&new).unwrap();

    let details = client.contract_details(&Contract::stock("ZZTOP").build()).await.unwrap();
    let by_symbol = client.matching_symbols("ZZ").await.unwrap();
    let by_name = client.matching_symbols("dressed").await.unwrap();

    assert_eq!((details[0].contract.contract_id, details[0].min_tick), (42, 0.05));
    let found = [by_symbol, by_name].map(|rows| rows[0].contract.contract_id);
    assert_eq!(found, [42, 42]);
}

#[tokio::test]
async fn test_venues_are_listed() {
    let (_gateway, client) = gateway_with_client().await;

    let components = client.smart_components("9c0001").await.unwrap();
    let depth = client.market_depth_exchanges().await.unwrap();

    assert!(components.iter().any(|one| one.exchange == "NASDAQ" && one.exchange_letter == "Q"));
    assert!(depth.iter().any(|one| one.exchange_name == "NASDAQ"), "{depth:?}");
}

#[tokio::test]
async fn test_facts_about_the_login_are_those_that_were_set() {
    let (gateway, client) = gateway_with_client().await;
    gateway.set_family_code(ACCOUNT, "F77").unwrap();
    gateway.set_white_branding("brand");

    let codes = client.family_codes().await.unwrap();
    let user = client.user_info().await.unwrap();

    assert_eq!((codes[0].account_id.as_str(), codes[0].family_code.as_str()), (ACCOUNT, "F77"));
    assert_eq!(user.white_branding_id, "brand");
}

/// (M21) One answer each; a price and its volatility agree.
#[tokio::test]
async fn test_an_option_price_gives_its_volatility_back() {
    let (_gateway, client) = gateway_with_client().await;
    let contract = Contract {
        symbol: "AAPL".into(),
        security_type: SecurityType::Option,
        strike: 190.0,
        right: Some(OptionRight::Call),
        ..Contract::default()
    };
    let option = client.contract_details(&contract).await.unwrap().remove(0).contract;

    let priced = client.calculate_option_price(&option, 0.31, 188.0).await.unwrap();
    let price = priced.option_price.unwrap();
    let implied = client.calculate_implied_volatility(&option, price, 188.0).await.unwrap();

    assert!((implied.implied_volatility.unwrap() - 0.31).abs() < 1e-6, "{implied:?}");
    assert!((0.0..1.0).contains(&priced.delta.unwrap()));
    assert!(client.calculate_option_price(&aapl(), 0.31, 188.0).await.is_err());
}

/// (A18, W7) What the login does not have is refused.
#[tokio::test]
async fn test_what_the_login_does_not_have_is_refused() {
    let (_gateway, client) = gateway_with_client().await;

    let calendar = client.wsh_metadata().await.unwrap_err();
    let replaced = client.replace_fa(FaDataType::Groups, "<x/>").await.unwrap_err();

    assert!(calendar.to_string().contains("10276"), "{calendar}");
    assert!(replaced.to_string().contains("321"), "{replaced}");
}

#[tokio::test]
async fn test_a_display_group_shows_what_was_put_in_it() {
    let (_gateway, client) = gateway_with_client().await;

    let groups = client.display_groups().await.unwrap();
    let mut shown = client.subscribe_to_group_events(groups[0]).await.unwrap();
    let before = next(&mut *shown).await.unwrap();
    shown.update("265598@SMART").await.unwrap();
    let after = next(&mut *shown).await.unwrap();

    let told = [before, after].map(|item| item.into_data().unwrap().contract_info);
    assert_eq!(told, ["none", "265598@SMART"]);
}
