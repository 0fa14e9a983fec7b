//! How a session watches and reopens its links: the settings of `aioibkr.config` as the core's.

use aioibkr_core::model::{AlertRules, Breaker, ConnectTries, Keepalive, Reconnect, RestartWindow};
use pyo3::prelude::*;

use crate::{convert, errors};

/// `aioibkr.Keepalive`, by its fields.
#[derive(FromPyObject)]
pub(crate) struct KeepaliveFields {
    idle: f64,
    probe_timeout: f64,
    give_up: f64,
    spacing: f64,
}

/// `aioibkr.Breaker`, by its fields.
#[derive(FromPyObject)]
pub(crate) struct BreakerFields {
    failures: i64,
    pause: f64,
}

/// `aioibkr.Reconnect`, by its fields.
#[derive(FromPyObject)]
pub(crate) struct ReconnectFields {
    first: f64,
    longest: f64,
    jitter_percent: i64,
    attempts: Option<i64>,
    tries: Vec<TriesFields>,
}

/// `aioibkr.ConnectTries`, by its fields.
#[derive(FromPyObject)]
struct TriesFields {
    after: i64,
    count: i64,
    pause: f64,
    timeout: f64,
}

/// `aioibkr.AlertRules`, by its fields.
#[derive(FromPyObject)]
pub(crate) struct AlertRulesFields {
    blind_after: f64,
    repeat_after: f64,
}

/// `aioibkr.RestartWindow`, by its fields.
#[derive(FromPyObject)]
pub(crate) struct RestartWindowFields {
    start: String,
    end: String,
    zone: String,
    days: Option<Vec<String>>,
}

impl AlertRulesFields {
    /// The rules as given, or the core's; the windows either way.
    pub(crate) fn read(
        given: Option<Self>,
        windows: &[RestartWindowFields],
        py: Python<'_>,
    ) -> PyResult<AlertRules> {
        let mut rules = AlertRules::default();
        if let Some(given) = given {
            rules.blind_after = convert::some_seconds(py, "blind_after", given.blind_after)?;
            rules.repeat_after = convert::some_seconds(py, "repeat_after", given.repeat_after)?;
        }
        let windows = windows.iter().map(|window| window.read(py));
        rules.windows = windows.collect::<PyResult<_>>()?;
        Ok(rules)
    }
}

impl RestartWindowFields {
    fn read(&self, py: Python<'_>) -> PyResult<RestartWindow> {
        let window = RestartWindow::new(&self.start, &self.end, &self.zone, self.days.as_deref());
        window.map_err(|error| errors::to_py(py, &error))
    }
}

impl KeepaliveFields {
    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Keepalive> {
        Ok(Keepalive {
            idle: convert::some_seconds(py, "keepalive idle", self.idle)?,
            probe_timeout: convert::some_seconds(
                py,
                "keepalive probe_timeout",
                self.probe_timeout,
            )?,
            give_up: convert::some_seconds(py, "keepalive give_up", self.give_up)?,
            spacing: convert::some_seconds(py, "keepalive spacing", self.spacing)?,
        })
    }
}

impl BreakerFields {
    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Breaker> {
        Ok(Breaker {
            failures: convert::integer(py, "breaker failures", self.failures)?,
            pause: convert::some_seconds(py, "breaker pause", self.pause)?,
        })
    }
}

impl ReconnectFields {
    pub(crate) fn tries(&self, py: Python<'_>) -> PyResult<Vec<ConnectTries>> {
        self.tries.iter().map(|row| row.read(py)).collect()
    }

    pub(crate) fn read(&self, py: Python<'_>) -> PyResult<Reconnect> {
        let attempts = self.attempts.map(|most| convert::integer(py, "reconnect attempts", most));
        Ok(Reconnect {
            first: convert::some_seconds(py, "reconnect first", self.first)?,
            longest: convert::some_seconds(py, "reconnect longest", self.longest)?,
            jitter_percent: convert::integer(py, "reconnect jitter_percent", self.jitter_percent)?,
            attempts: attempts.transpose()?,
        })
    }
}

impl TriesFields {
    fn read(&self, py: Python<'_>) -> PyResult<ConnectTries> {
        Ok(ConnectTries {
            after: convert::integer(py, "tries after", self.after)?,
            count: convert::integer(py, "tries count", self.count)?,
            pause: convert::some_seconds(py, "tries pause", self.pause)?,
            timeout: convert::some_seconds(py, "tries timeout", self.timeout)?,
        })
    }
}
