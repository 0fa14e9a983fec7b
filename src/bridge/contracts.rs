//! Contracts: how a client looks them up.

use pyo3::prelude::*;

use crate::awaitable::Awaitable;
use crate::client::Client;
use crate::models::{self, Contract, ContractDetails};
use crate::{convert, request};

#[pymethods]
impl Client {
    #[pyo3(signature = (contract, *, timeout=None, retry=false))]
    fn contract_details(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, contract) = (self.reading(true, retry), contract.get().0.clone());
        let answer = async move { client.contract_details(contract, timeout).await };
        request::read(py, answer, |py, found| models::list(py, found, ContractDetails))
    }

    #[pyo3(signature = (contract, *, timeout=None, retry=false))]
    fn qualify(
        &self,
        py: Python<'_>,
        contract: &Bound<'_, Contract>,
        timeout: Option<f64>,
        retry: bool,
    ) -> PyResult<Awaitable> {
        let timeout = convert::seconds(py, "timeout", timeout)?;
        let (client, contract) = (self.reading(true, retry), contract.get().0.clone());
        let answer = async move { client.qualify(contract, timeout).await };
        request::read(py, answer, |py, found| models::object(py, Contract(found)))
    }
}
