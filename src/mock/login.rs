//! What tests set about the login itself, and what its display groups show.

use std::collections::BTreeMap;

/// Facts about the login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    /// Family code by account.
    pub(crate) family_codes: BTreeMap<String, String>,
    pub(crate) white_branding: String,
    /// Name by account, where an advisor gave one.
    pub(crate) aliases: BTreeMap<String, String>,
    /// Contract shown by each display group that shows one.
    pub(crate) groups: BTreeMap<i32, String>,
}
