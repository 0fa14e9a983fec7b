//! What a connection is made with, as Python gives it: read and judged once, before anything is begun.
//!
//! It starts nothing, so that a program may make it before it forks. A text that is blank stands for
//! "not given", as everywhere in the package.

use std::collections::HashMap;
use std::time::Duration;

use aioibkr_core::config::Deadlines;
use aioibkr_core::model::{ClientId, ClientIds, LineBudget};
use pyo3::prelude::*;

use crate::models::RiskLimits;
use crate::supervision::Supervision;
use crate::text::{Text, Word};
use crate::{convert, errors};

/// Settings of a connection that could be meant.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Config(pub(crate) aioibkr_core::Config);

#[pymethods]
impl Config {
    #[new]
    #[pyo3(signature = (*, host, port, client_id, account=None, timeout=None, wait=false,
        allow_live=false, read_only=false, market_data_type=None, delayed_fallback=true,
        risk=None, deadlines=None, feed=true, feed_client_id=None, lines=None, supervision=None,
        client_ids=None))]
    #[expect(clippy::too_many_arguments, reason = "one keyword per setting")]
    fn new(
        py: Python<'_>,
        host: Text,
        port: i64,
        client_id: i64,
        account: Option<Text>,
        timeout: Option<f64>,
        wait: bool,
        allow_live: bool,
        read_only: bool,
        market_data_type: Option<Word>,
        delayed_fallback: bool,
        risk: Option<Bound<'_, RiskLimits>>,
        deadlines: Option<HashMap<String, f64>>,
        feed: bool,
        feed_client_id: Option<i64>,
        lines: Option<HashMap<String, i64>>,
        supervision: Option<Supervision>,
        client_ids: Option<(i64, i64)>,
    ) -> PyResult<Self> {
        let default = aioibkr_core::Config::default();
        let config = aioibkr_core::Config {
            host: host.into(),
            port: convert::integer(py, "port", port)?,
            client_id: ClientId(convert::integer(py, "client_id", client_id)?),
            client_ids: client_ids.map(|ids| read_client_ids(py, ids)).transpose()?,
            account: convert::account(account),
            connect_timeout: convert::seconds(py, "timeout", timeout)?
                .unwrap_or(default.connect_timeout),
            wait,
            deadlines: read_deadlines(py, &deadlines.unwrap_or_default())?,
            allow_live,
            read_only,
            market_data_type: convert::market_data_type(py, market_data_type)?
                .unwrap_or(default.market_data_type),
            delayed_fallback,
            risk: risk.map(|limits| limits.get().0.clone()),
            feed,
            feed_client_id: feed_client_id
                .map(|id| convert::integer(py, "feed_client_id", id).map(ClientId))
                .transpose()?,
            lines: read_lines(py, &lines.unwrap_or_default())?,
            ..default
        };
        let config = match supervision {
            Some(supervision) => supervision.of(py, config)?,
            None => config,
        };
        config.validate().map_err(|error| errors::to_py(py, &error))?;
        Ok(Self(config))
    }
}

fn read_client_ids(py: Python<'_>, (first, last): (i64, i64)) -> PyResult<ClientIds> {
    let id = |value| convert::integer(py, "client_ids", value).map(ClientId);
    let ids = ClientIds::new(id(first)?, id(last)?);
    ids.map_err(|error| errors::to_py(py, &error))
}

fn read_deadlines(py: Python<'_>, given: &HashMap<String, f64>) -> PyResult<Deadlines> {
    let mut deadlines = Deadlines::default();
    for (name, &value) in given {
        let place: &mut Duration = match name.as_str() {
            "account" => &mut deadlines.account,
            "order" => &mut deadlines.order,
            "positions" => &mut deadlines.positions,
            "market_data" => &mut deadlines.market_data,
            "history" => &mut deadlines.history,
            "read" => &mut deadlines.read,
            "download" => &mut deadlines.download,
            "close" => &mut deadlines.close,
            unknown => {
                return Err(convert::invalid(
                    py,
                    format!("no kind of request has the deadline {unknown:?}"),
                ));
            }
        };
        *place = convert::seconds(py, &format!("{name} timeout"), Some(value))?.unwrap_or(*place);
    }
    Ok(deadlines)
}

fn read_lines(py: Python<'_>, given: &HashMap<String, i64>) -> PyResult<LineBudget> {
    let mut budget = LineBudget::default();
    for (name, &value) in given {
        let place = match name.as_str() {
            "market_data" => &mut budget.market_data,
            "depth" => &mut budget.depth,
            "tick_by_tick" => &mut budget.tick_by_tick,
            unknown => {
                return Err(convert::invalid(py, format!("no kind of line is {unknown:?}")));
            }
        };
        *place = convert::integer(py, &format!("{name} lines"), value)?;
    }
    Ok(budget)
}
