//! What a client knows of its present link: readiness, and what it lacks, by name.

use std::time::Duration;

use super::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::Link;
use crate::model::Subscription;

impl Client {
    /// Whether accounts, positions, open and completed orders and executions are known for the
    /// present link.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.missing().is_empty()
    }

    /// What readiness still lacks: `link` alone while there is none, else the parts that were not
    /// told on this link.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let Some(link) = self.link().filter(Link::is_up) else { return vec!["link"] };
        let mut missing = self.0.accounts.missing(link.generation());
        missing.extend(self.0.orders.missing(link.generation()));
        missing
    }

    /// Everything this client has subscribed to, accounts first, then stream by stream, and how each
    /// stands: what could not be restored says why.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let mut rows = self.0.accounts.subscriptions();
        rows.extend(self.0.feed.subscriptions());
        rows
    }

    /// Waits for readiness; without a timeout as long as a connect may take.
    ///
    /// # Errors
    /// `StateUnknown` naming what is not known yet when the time is over, `NotConnected` when
    /// nothing was opened.
    pub async fn wait_ready(&self, timeout: Option<Duration>) -> Result<()> {
        let deadline = self.deadline(timeout, self.0.config.connect_timeout);
        self.0.session.live("wait_ready", deadline).await?;
        let mut accounts = self.0.accounts.watch();
        let mut orders = self.0.orders.watch();
        let mut session = self.0.session.watch();
        loop {
            if self.is_ready() {
                return Ok(());
            }
            if self.0.session.status().is_at_rest() {
                return Err(self.0.session.not_connected(&self.0.session.status()));
            }
            tokio::select! {
                _ = accounts.changed() => {}
                _ = orders.changed() => {}
                _ = session.changed() => {}
                () = tokio::time::sleep_until(deadline.at()) => return Err(self.unready(&self.missing())),
            }
        }
    }

    /// Tells a caller who does not wait which of `parts`, or that the link, is not there now. A
    /// client at rest has better words for that.
    pub(super) fn known_now(&self, parts: &[&str]) -> Result<()> {
        let status = self.0.session.status();
        if self.1.wait || status.is_at_rest() {
            return Ok(());
        }
        let missing = if status.is_kept() { self.missing() } else { vec!["link"] };
        let is_asked = |name: &&str| *name == "link" || parts.contains(name);
        let missing: Vec<_> = missing.into_iter().filter(is_asked).collect();
        if missing.is_empty() { Ok(()) } else { Err(self.unready(&missing)) }
    }

    /// Names what is missing, and why where the gateway said so.
    fn unready(&self, missing: &[&str]) -> Error {
        let names = missing.join(", ");
        let whys = missing.iter().filter_map(|part| self.0.accounts.why_missing(part));
        let message = std::iter::once(format!("not ready: {names} not known yet")).chain(whys);
        let message = message.collect::<Vec<_>>().join("; ");
        Error::new(ErrorKind::StateUnknown, message).with_detail("missing", names)
    }
}
