//! The recorder as a Python object: a proxy on a thread of its own that writes down a conversation.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Mutex;

use aioibkr_mock_gateway as mock;
use pyo3::prelude::*;

use crate::convert;
use crate::mailbox::lock;
use crate::mock::unstartable;

/// A running recorder on a thread of its own.
#[pyclass(frozen, module = "aioibkr._native")]
pub(crate) struct Recorder {
    address: SocketAddr,
    recorder: Mutex<Option<mock::Recorder>>,
}

#[pymethods]
impl Recorder {
    #[new]
    #[pyo3(signature = (*, upstream, listen, out, mask_accounts, masks, allow_non_loopback))]
    fn new(
        py: Python<'_>,
        upstream: (String, u16),
        listen: (String, u16),
        out: PathBuf,
        mask_accounts: bool,
        masks: Vec<String>,
        allow_non_loopback: bool,
    ) -> PyResult<Self> {
        let settings = mock::RecorderSettings {
            upstream: address(py, "upstream host", &upstream)?,
            listen: address(py, "host", &listen)?,
            out,
            is_masked: mask_accounts,
            masks,
            allow_non_loopback,
        };
        let started = py.detach(|| mock::Recorder::start(settings));
        let recorder = started.map_err(|error| unstartable(py, error))?;
        Ok(Self { address: recorder.address(), recorder: Mutex::new(Some(recorder)) })
    }

    #[getter]
    fn host(&self) -> String {
        self.address.ip().to_string()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.address.port()
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| drop(lock(&self.recorder).take()));
    }
}

fn address(py: Python<'_>, name: &str, (given, port): &(String, u16)) -> PyResult<SocketAddr> {
    let host: Result<IpAddr, _> = given.parse();
    let host =
        host.map_err(|_| convert::invalid(py, format!("{name} {given:?} is not an IP address")))?;
    Ok(SocketAddr::new(host, *port))
}
