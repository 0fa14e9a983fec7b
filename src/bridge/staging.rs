//! What tests stage on the mock gateway besides prices and books: instruments, depth, news, scans and
//! facts about the login. Functions on the gateway, each releasing the interpreter.

use aioibkr_mock_gateway as mock;
use pyo3::prelude::*;

use crate::mock::{MockGateway, duration};

/// Offers the functions of this module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(stage_instrument, module)?)?;
    module.add_function(wrap_pyfunction!(stage_trade, module)?)?;
    module.add_function(wrap_pyfunction!(stage_bars, module)?)?;
    module.add_function(wrap_pyfunction!(stage_depth, module)?)?;
    module.add_function(wrap_pyfunction!(stage_depth_reset, module)?)?;
    module.add_function(wrap_pyfunction!(stage_depth_halt, module)?)?;
    module.add_function(wrap_pyfunction!(stage_bust, module)?)?;
    module.add_function(wrap_pyfunction!(stage_statistic, module)?)?;
    module.add_function(wrap_pyfunction!(stage_scanner_rows, module)?)?;
    module.add_function(wrap_pyfunction!(stage_providers, module)?)?;
    module.add_function(wrap_pyfunction!(stage_headline, module)?)?;
    module.add_function(wrap_pyfunction!(stage_bulletin, module)?)?;
    module.add_function(wrap_pyfunction!(stage_family_code, module)?)?;
    module.add_function(wrap_pyfunction!(stage_white_branding, module)?)?;
    module.add_function(wrap_pyfunction!(stage_bar_interval, module)?)?;
    Ok(())
}

#[pyfunction]
#[pyo3(signature = (gateway, *, con_id, symbol, security_type, exchange, currency, price, tick,
                    multiplier, expiry, strike, right, long_name))]
#[expect(clippy::too_many_arguments, reason = "one keyword per fact about an instrument")]
fn stage_instrument(
    py: Python<'_>,
    gateway: &MockGateway,
    con_id: i32,
    symbol: String,
    security_type: String,
    exchange: String,
    currency: String,
    price: f64,
    tick: f64,
    multiplier: f64,
    expiry: String,
    strike: f64,
    right: String,
    long_name: String,
) -> PyResult<()> {
    let new = mock::NewInstrument {
        con_id,
        symbol,
        security_type,
        exchange,
        currency,
        price,
        tick,
        multiplier,
        expiry,
        strike,
        right,
        long_name,
    };
    gateway.control(py, |gateway| gateway.add_instrument(&new))
}

#[pyfunction]
fn stage_trade(
    py: Python<'_>,
    gateway: &MockGateway,
    symbol: &str,
    price: f64,
    size: f64,
) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.trade(symbol, price, size))
}

/// Start in epoch seconds, open, high, low, close, volume.
type BarRow = (i64, f64, f64, f64, f64, f64);

#[pyfunction]
fn stage_bars(
    py: Python<'_>,
    gateway: &MockGateway,
    symbol: &str,
    bars: Vec<BarRow>,
) -> PyResult<()> {
    let bar = |(start, open, high, low, close, volume): BarRow| mock::HistoryBar {
        start,
        open,
        high,
        low,
        close,
        volume,
    };
    let bars: Vec<_> = bars.into_iter().map(bar).collect();
    gateway.control(py, |gateway| gateway.set_bars(symbol, &bars))
}

/// Price, size, maker.
type Row = (f64, f64, String);

#[pyfunction]
fn stage_depth(
    py: Python<'_>,
    gateway: &MockGateway,
    symbol: &str,
    bids: Vec<Row>,
    asks: Vec<Row>,
) -> PyResult<()> {
    let row = |(price, size, maker): Row| mock::DepthRow { price, size, maker };
    let bids: Vec<_> = bids.into_iter().map(row).collect();
    let asks: Vec<_> = asks.into_iter().map(row).collect();
    gateway.control(py, |gateway| gateway.set_depth(symbol, &bids, &asks))
}

#[pyfunction]
fn stage_depth_reset(py: Python<'_>, gateway: &MockGateway, symbol: &str) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.reset_depth(symbol))
}

#[pyfunction]
fn stage_depth_halt(py: Python<'_>, gateway: &MockGateway, symbol: &str) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.halt_depth(symbol))
}

#[pyfunction]
fn stage_bust(py: Python<'_>, gateway: &MockGateway, symbol: &str) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.bust_bars(symbol))
}

#[pyfunction]
fn stage_statistic(
    py: Python<'_>,
    gateway: &MockGateway,
    symbol: &str,
    name: &str,
    value: &str,
) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.set_statistic(symbol, name, value))
}

#[pyfunction]
fn stage_scanner_rows(
    py: Python<'_>,
    gateway: &MockGateway,
    code: &str,
    symbols: Vec<String>,
) -> PyResult<()> {
    let symbols: Vec<_> = symbols.iter().map(String::as_str).collect();
    gateway.control(py, |gateway| gateway.set_scanner_rows(code, &symbols))
}

#[pyfunction]
fn stage_providers(
    py: Python<'_>,
    gateway: &MockGateway,
    providers: Vec<(String, String)>,
) -> PyResult<()> {
    gateway.control(py, |gateway| {
        gateway.set_news_providers(&providers);
        Ok(())
    })
}

#[pyfunction]
#[pyo3(signature = (gateway, *, time, provider, article_id, headline, symbol, body, is_binary))]
#[expect(clippy::too_many_arguments, reason = "one keyword per fact about a headline")]
fn stage_headline(
    py: Python<'_>,
    gateway: &MockGateway,
    time: i64,
    provider: String,
    article_id: String,
    headline: String,
    symbol: Option<String>,
    body: String,
    is_binary: bool,
) -> PyResult<()> {
    let article = match is_binary {
        true => mock::Article::Binary(body),
        false => mock::Article::Text(body),
    };
    let item = mock::Headline { time, provider, article_id, headline, symbol, article };
    gateway.control(py, |gateway| gateway.add_headline(item))
}

#[pyfunction]
fn stage_bulletin(
    py: Python<'_>,
    gateway: &MockGateway,
    kind: i32,
    text: String,
    exchange: String,
) -> PyResult<()> {
    gateway.control(py, |gateway| {
        gateway.send_bulletin(mock::Bulletin { kind, text, exchange });
        Ok(())
    })
}

#[pyfunction]
fn stage_family_code(
    py: Python<'_>,
    gateway: &MockGateway,
    account: &str,
    code: &str,
) -> PyResult<()> {
    gateway.control(py, |gateway| gateway.set_family_code(account, code))
}

#[pyfunction]
fn stage_white_branding(py: Python<'_>, gateway: &MockGateway, brand: &str) -> PyResult<()> {
    gateway.control(py, |gateway| {
        gateway.set_white_branding(brand);
        Ok(())
    })
}

#[pyfunction]
fn stage_bar_interval(py: Python<'_>, gateway: &MockGateway, seconds: f64) -> PyResult<()> {
    let interval = duration(py, "interval", seconds)?;
    gateway.control(py, |gateway| {
        gateway.set_real_time_bar(interval);
        Ok(())
    })
}
