//! How sessions watch, reopen and report their links: the settings of `aioibkr.config` as the core's.

use aioibkr_core::Config;
use aioibkr_core::model::{
    AlertRules, Breaker, ConnectTries, Keepalive, Pacing, Reconnect, RestartWindow,
};
use pyo3::prelude::*;

use crate::text::Word;
use crate::{convert, errors};

/// How sessions are watched, reopened and reported, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Supervision {
    keepalive: Option<KeepaliveFields>,
    breaker: Option<BreakerFields>,
    reconnect: Option<ReconnectFields>,
    pacing: Option<PacingFields>,
    stale_after: Option<f64>,
    alert_rules: AlertRulesFields,
    restart_windows: Vec<RestartWindowFields>,
}

impl Supervision {
    /// These settings with those.
    pub(crate) fn of(self, py: Python<'_>, config: Config) -> PyResult<Config> {
        let tries = self.reconnect.as_ref().map(|fields| fields.tries(py)).transpose()?;
        Ok(Config {
            keepalive: self.keepalive.map(|fields| fields.read(py)).transpose()?,
            breaker: self.breaker.map(|fields| fields.read(py)).transpose()?,
            tries: tries.unwrap_or_default(),
            reconnect: self.reconnect.map(|fields| fields.read(py)).transpose()?,
            pacing: self.pacing.map(|fields| fields.read(py)).transpose()?,
            stale_after: convert::seconds(py, "stale_after", self.stale_after)?
                .unwrap_or(config.stale_after),
            alerts: self.alert_rules.read(&self.restart_windows, py)?,
            ..config
        })
    }
}

/// `aioibkr.Pacing`, by its fields.
#[derive(FromPyObject)]
struct PacingFields {
    messages_per_second: i64,
}

/// `aioibkr.Keepalive`, by its fields.
#[derive(FromPyObject)]
struct KeepaliveFields {
    idle: f64,
    probe_timeout: f64,
    give_up: f64,
    spacing: f64,
}

/// `aioibkr.Breaker`, by its fields.
#[derive(FromPyObject)]
struct BreakerFields {
    failures: i64,
    pause: f64,
}

/// `aioibkr.Reconnect`, by its fields.
#[derive(FromPyObject)]
struct ReconnectFields {
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
struct AlertRulesFields {
    blind_after: f64,
    repeat_after: f64,
}

/// `aioibkr.RestartWindow`, by its fields.
#[derive(FromPyObject)]
struct RestartWindowFields {
    start: Word,
    end: Word,
    zone: Word,
    days: Option<Vec<Word>>,
}

impl AlertRulesFields {
    fn read(&self, windows: &[RestartWindowFields], py: Python<'_>) -> PyResult<AlertRules> {
        let windows = windows.iter().map(|window| window.read(py));
        Ok(AlertRules {
            blind_after: convert::some_seconds(py, "blind_after", self.blind_after)?,
            repeat_after: convert::some_seconds(py, "repeat_after", self.repeat_after)?,
            windows: windows.collect::<PyResult<_>>()?,
        })
    }
}

impl RestartWindowFields {
    fn read(&self, py: Python<'_>) -> PyResult<RestartWindow> {
        let days: Option<Vec<String>> =
            self.days.as_ref().map(|days| days.iter().map(|day| day.to_string()).collect());
        let window = RestartWindow::new(&self.start, &self.end, &self.zone, days.as_deref());
        window.map_err(|error| errors::to_py(py, &error))
    }
}

impl KeepaliveFields {
    fn read(&self, py: Python<'_>) -> PyResult<Keepalive> {
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
    fn read(&self, py: Python<'_>) -> PyResult<Breaker> {
        Ok(Breaker {
            failures: convert::integer(py, "breaker failures", self.failures)?,
            pause: convert::some_seconds(py, "breaker pause", self.pause)?,
        })
    }
}

impl ReconnectFields {
    fn tries(&self, py: Python<'_>) -> PyResult<Vec<ConnectTries>> {
        self.tries.iter().map(|row| row.read(py)).collect()
    }

    fn read(&self, py: Python<'_>) -> PyResult<Reconnect> {
        let attempts = self.attempts.map(|most| convert::integer(py, "reconnect attempts", most));
        Ok(Reconnect {
            first: convert::some_seconds(py, "reconnect first", self.first)?,
            longest: convert::some_seconds(py, "reconnect longest", self.longest)?,
            jitter_percent: convert::integer(py, "reconnect jitter_percent", self.jitter_percent)?,
            attempts: attempts.transpose()?,
        })
    }
}

impl PacingFields {
    fn read(&self, py: Python<'_>) -> PyResult<Pacing> {
        let rate = convert::integer(py, "messages_per_second", self.messages_per_second)?;
        Ok(Pacing { messages_per_second: rate })
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
