//! What a client opens: arguments checked, streams returned.

use std::sync::Arc;

use aioibkr_core::client;
use aioibkr_core::market_data::{BatchQueue, Board, Stream};
use aioibkr_core::model::{self, LineKind, Overflow, TickByTickKind};
use pyo3::prelude::*;

use super::columns::{Items, Names, OpenQueue, Queued};
use super::contracts::Contracts;
use super::latest::{Conflated, OpenBoard, Value};
use super::notifier::Notifier;
use super::opened::_Stream;
use crate::awaitable::Awaitable;
use crate::client::Client;
use crate::market_data::bars_request;
use crate::models::Contract;
use crate::text::{Text, Word};
use crate::{convert, request};

/// Items kept for a reader that does not come, unless told.
const CAPACITY: usize = 1 << 20;

/// Size and options of a stream as a caller gives them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct StreamOptions {
    capacity: Option<i64>,
    policy: Word,
    timeout: Option<f64>,
}

impl StreamOptions {
    /// Options, and the notifier that news rings.
    fn read(self, py: Python<'_>) -> PyResult<(client::StreamOptions, Arc<Notifier>)> {
        let overflow = Overflow::from_name(&self.policy).ok_or_else(|| {
            let names = Overflow::names().join(", ");
            convert::invalid(py, format!("policy {:?}: give one of {names}", &*self.policy))
        })?;
        let capacity = match self.capacity {
            Some(capacity) => convert::integer(py, "capacity", capacity)?,
            None => CAPACITY,
        };
        let timeout = convert::seconds(py, "timeout", self.timeout)?;
        let notifier = Arc::<Notifier>::default();
        let told = Arc::clone(&notifier);
        let notify = Arc::new(move || told.notify());
        Ok((client::StreamOptions { capacity, overflow, notify, timeout }, notifier))
    }
}

fn contracts_of(contracts: Vec<Bound<'_, Contract>>) -> Vec<model::Contract> {
    contracts.iter().map(|contract| contract.get().0.clone()).collect()
}

fn queue<R: Items>(
    py: Python<'_>,
    stream: Stream<BatchQueue<R>>,
    texts: Arc<model::TextTable>,
    notifier: Arc<Notifier>,
) -> PyResult<Py<PyAny>> {
    let contracts = Contracts::of(py, stream.contracts())?;
    let names = Names { contracts, texts };
    _Stream::object(py, OpenQueue(Queued::new(stream, names, notifier)))
}

fn board<T: Value>(
    py: Python<'_>,
    stream: Stream<Board<T>>,
    notifier: Arc<Notifier>,
) -> PyResult<Py<PyAny>> {
    _Stream::object(py, OpenBoard(Conflated::new(py, stream, notifier)?))
}

#[pymethods]
impl Client {
    fn open_quotes(
        &self,
        py: Python<'_>,
        contracts: Vec<Bound<'_, Contract>>,
        generic_ticks: Text,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let (options, notifier) = stream.read(py)?;
        let (client, contracts) = (self.core.clone(), contracts_of(contracts));
        let opened = async move { client.quotes(contracts, generic_ticks.into(), options).await };
        request::read(py, opened, |py, stream| board(py, stream, notifier))
    }

    fn open_ticks(
        &self,
        py: Python<'_>,
        contracts: Vec<Bound<'_, Contract>>,
        generic_ticks: Text,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let (options, notifier) = stream.read(py)?;
        let (client, contracts) = (self.core.clone(), contracts_of(contracts));
        let opened = async move { client.ticks(contracts, generic_ticks.into(), options).await };
        request::read(py, opened, |py, stream| queue(py, stream, Arc::default(), notifier))
    }

    fn open_tick_by_tick(
        &self,
        py: Python<'_>,
        contracts: Vec<Bound<'_, Contract>>,
        kind: Word,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let (options, notifier) = stream.read(py)?;
        let kind = read_kind(py, &kind)?;
        let (client, contracts) = (self.core.clone(), contracts_of(contracts));
        let opened = async move { client.tick_by_tick(contracts, kind, options).await };
        request::read(py, opened, |py, opened| queue(py, opened.stream, opened.texts, notifier))
    }

    fn open_depth(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        rows: i64,
        is_smart: bool,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let (options, notifier) = stream.read(py)?;
        let rows = convert::integer(py, "rows", rows)?;
        let (client, contract) = (self.core.clone(), contract.get().0.clone());
        let opened = async move { client.depth(contract, rows, is_smart, options).await };
        request::read(py, opened, |py, stream| board(py, stream, notifier))
    }

    fn open_real_time_bars(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        what_to_show: Word,
        use_rth: bool,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let what_to_show = crate::market_data::read_what_to_show(py, &what_to_show)?;
        self.open_bars(py, contract, LineKind::RealTimeBars { what_to_show, use_rth }, stream)
    }

    #[expect(clippy::too_many_arguments, reason = "one argument per choice of the request")]
    fn open_bar_stream(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        duration: Text,
        bar_size: Word,
        what_to_show: Word,
        use_rth: bool,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let wanted = bars_request(py, duration, &bar_size, &what_to_show, use_rth)?;
        self.open_bars(py, contract, LineKind::Bars(wanted), stream)
    }
}

impl Client {
    fn open_bars(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        kind: LineKind,
        stream: StreamOptions,
    ) -> PyResult<Awaitable> {
        let (options, notifier) = stream.read(py)?;
        let (client, contract) = (self.core.clone(), contract.get().0.clone());
        let opened = async move { client.bar_stream(contract, kind, options).await };
        request::read(py, opened, |py, stream| queue(py, stream, Arc::default(), notifier))
    }
}

fn read_kind(py: Python<'_>, name: &str) -> PyResult<TickByTickKind> {
    TickByTickKind::from_name(name).ok_or_else(|| {
        let names = TickByTickKind::names().join(", ");
        convert::invalid(py, format!("kind {name:?}: give one of {names}"))
    })
}
