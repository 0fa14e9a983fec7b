//! The rules an order breaks: all of them are told, the first names the refusal.

use crate::error::{Error, Result};

/// A rule that is broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    rule: &'static str,
    message: String,
}

/// Broken rules in the order they are checked, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    /// Adds a broken rule; of one that is known to be broken the first reason stays.
    pub(super) fn add(&mut self, rule: &'static str, message: String) {
        if !self.names(rule) {
            self.0.push(Violation { rule, message });
        }
    }

    /// Whether a rule is broken.
    pub(super) fn names(&self, rule: &str) -> bool {
        self.0.iter().any(|known| known.rule == rule)
    }

    /// Nothing, if no rule is broken.
    ///
    /// # Errors
    /// `OrderRefused` by the first rule; the message and the detail `rules` tell of all.
    pub(crate) fn verdict(&self) -> Result<()> {
        let Some(first) = self.0.first() else { return Ok(()) };
        let messages: Vec<_> = self.0.iter().map(|broken| broken.message.as_str()).collect();
        let error = Error::refused(first.rule, messages.join("; "));
        Err(error.with_detail("rules", self.rules().join(",")))
    }

    pub(super) fn rules(&self) -> Vec<&'static str> {
        self.0.iter().map(|broken| broken.rule).collect()
    }
}
