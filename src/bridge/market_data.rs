//! Quotes and historical bars: what a client reads of markets.

use aioibkr_core::model::{BarSize, BarsRequest, ContractId, WhatToShow};
use pyo3::prelude::*;
use pyo3::types::PyDateTime;

use crate::awaitable::Awaitable;
use crate::client::{Client, nothing};
use crate::models::{self, BarColumns, Bars, Contract, Quote};
use crate::text::{Text, Word};
use crate::{convert, request};

#[pymethods]
impl Client {
    #[pyo3(signature = (contract, *, max_age=None, timeout=None, retry=false))]
    fn quote(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        max_age: Option<f64>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let max_age = convert::seconds(py, "max_age", max_age)?;
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, contract) = (self.reading(true, retry), contract.get().0.clone());
        let answer = async move { client.quote(contract, max_age, timeout).await };
        request::read(py, answer, |py, quote| models::object(py, Quote::from(quote)))
    }

    /// An effect: the line stays open when the await is cancelled, until it is released.
    #[pyo3(signature = (contract, *, timeout=None))]
    fn subscribe_quote(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        timeout: Option<f64>,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, contract) = (self.core.clone(), contract.get().0.clone());
        let answer = async move { client.subscribe_quote(contract, timeout).await };
        request::effect(py, answer, |py, quote| models::object(py, Quote::from(quote)))
    }

    fn unsubscribe_quote(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
    ) -> PyResult<Awaitable> {
        let id = identity(contract)?;
        let client = self.core.clone();
        let release = async move {
            client.unsubscribe_quote(id).await;
            Ok(())
        };
        request::effect(py, release, nothing)
    }

    fn latest_quote(&self, contract: &Bound<'_, Contract>) -> PyResult<Option<Quote>> {
        Ok(self.core.latest_quote(identity(contract)?).map(Quote::from))
    }

    #[pyo3(
        signature = (contract, *, duration, bar_size, what_to_show="TRADES".into(), use_rth=true,
            end=None, timeout=None, retry=false),
        text_signature = "($self, contract, *, duration, bar_size, what_to_show='TRADES', use_rth=True, \
            end=None, timeout=None, retry=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "one keyword per choice of the request")]
    fn bars(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        duration: Text,
        bar_size: Word,
        what_to_show: Word,
        use_rth: bool,
        end: Option<&Bound<'_, PyDateTime>>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let end = end.map(|end| convert::moment("end", end)).transpose()?;
        let wanted =
            BarsRequest { end, ..bars_request(py, duration, &bar_size, &what_to_show, use_rth)? };
        let (client, contract) = (self.reading(true, retry), contract.get().0.clone());
        // The columns are made here, on the runtime's thread: no event loop waits for them.
        let answer = async move {
            client.bars(contract, wanted, timeout).await.map(|bars| BarColumns::of(&bars))
        };
        request::read(py, answer, |py, columns| models::object(py, Bars::new(columns)))
    }
}

fn identity(contract: &Bound<'_, Contract>) -> PyResult<ContractId> {
    let contract_ref = &contract.get().0;
    contract_ref.contract_id.ok_or_else(|| {
        let text = format!("contract {contract_ref} has no contract_id: qualify it first");
        convert::invalid(contract.py(), text)
    })
}

/// A request for bars up to now.
pub(crate) fn bars_request(
    py: Python<'_>,
    duration: Text,
    bar_size: &str,
    what_to_show: &str,
    use_rth: bool,
) -> PyResult<BarsRequest> {
    Ok(BarsRequest {
        duration: duration.into(),
        bar_size: read_bar_size(py, bar_size)?,
        what_to_show: read_what_to_show(py, what_to_show)?,
        use_rth,
        end: None,
    })
}

fn read_bar_size(py: Python<'_>, name: &str) -> PyResult<BarSize> {
    BarSize::from_name(name).ok_or_else(|| {
        let sizes = BarSize::NAMES.join(", ");
        convert::invalid(py, format!("bar_size {name:?}: give one of {sizes}"))
    })
}

pub(crate) fn read_what_to_show(py: Python<'_>, name: &str) -> PyResult<WhatToShow> {
    WhatToShow::from_name(name).ok_or_else(|| {
        let names = WhatToShow::names().join(", ");
        convert::invalid(py, format!("what_to_show {name:?}: give one of {names}"))
    })
}
