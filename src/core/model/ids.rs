//! Identifiers as distinct types: two bare integers of different meaning never meet.

use std::fmt;

use crate::error::{Error, Result};

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// Number a client announces at START_API; 0 is a valid client id with extra rights.
    ClientId(i32)
);
integer_id!(
    /// Transport handle of an order, unique per client id only.
    OrderId(i32)
);
integer_id!(
    /// IB's durable identity of an order, unique in the account.
    PermId(i64)
);
integer_id!(
    /// IB's identity of a contract (`conId`).
    ContractId(i32)
);
integer_id!(
    /// Number of the link a reply or stream item came from, counted from 1.
    Generation(u64)
);

/// An account code such as `DU1234567`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub String);

impl AccountId {
    /// Whether the id is a paper account's (`DU…`, `DF…`). The port never decides this.
    #[must_use]
    pub fn is_paper(&self) -> bool {
        self.0.starts_with("DU") || self.0.starts_with("DF")
    }

    /// The error of whoever asks for this account of a login that manages others.
    pub(crate) fn unmanaged(&self, managed: &[Self]) -> Error {
        let names = managed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Error::config(format!("account {self} is not managed by this login: it manages {names}"))
            .with_detail("account", self)
            .with_detail("managed", names)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// IB's identity of one execution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionId(pub String);

/// Our durable identity of an order: placing the same key twice places one order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(String);

impl OrderKey {
    /// Checks a caller's key: 1 to 38 printable ASCII characters without `|` and blanks around.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the key.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        let printable = key.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'|');
        if key.is_empty() || key.len() > 38 || !printable || key.trim() != key {
            return Err(Error::config(format!(
                "order key {key:?}: give 1 to 38 printable ASCII characters without '|'"
            )));
        }
        Ok(Self(key))
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What travels in IB's `orderRef`: the user's own reference and our key, as `ref|key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRef {
    /// The user's own tag, possibly empty.
    pub reference: String,
    /// Our key; `None` on orders of other programs.
    pub key: Option<OrderKey>,
}

impl OrderRef {
    /// Longest `ref|key` that is sent.
    pub const MAX_LENGTH: usize = 40;

    /// Joins a user's reference and a key for the wire.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the two together exceed 40 characters or
    /// the reference is not printable ASCII without `|`.
    pub fn new(reference: &str, key: OrderKey) -> Result<Self> {
        let printable = reference.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'|');
        if !printable || reference.len() + 1 + key.as_str().len() > Self::MAX_LENGTH {
            return Err(Error::config(format!(
                "order_ref {reference:?} with key {key}: printable ASCII without '|', \
                 at most 39 characters together"
            )));
        }
        Ok(Self { reference: reference.into(), key: Some(key) })
    }

    /// The text for IB's `orderRef`.
    #[must_use]
    pub fn to_wire(&self) -> String {
        match &self.key {
            Some(key) => format!("{}|{key}", self.reference),
            None => self.reference.clone(),
        }
    }

    /// Reads IB's `orderRef`; a reference of another program passes untouched.
    #[must_use]
    pub fn from_wire(text: &str) -> Self {
        let split = text.rsplit_once('|');
        match split.and_then(|(reference, key)| Some((reference, OrderKey::new(key).ok()?))) {
            Some((reference, key)) => Self { reference: reference.into(), key: Some(key) },
            None => Self { reference: text.into(), key: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_ref_round_trips() {
        let key = OrderKey::new("rebalance-42").unwrap();
        let sent = OrderRef::new("mine", key).unwrap();

        assert_eq!(OrderRef::from_wire(&sent.to_wire()), sent);
    }

    #[test]
    fn foreign_references_pass_untouched() {
        for text in ["", "algo7", "a|b|", "|", "x| y"] {
            assert_eq!(OrderRef::from_wire(text).to_wire(), text, "{text:?}");
        }
    }

    #[test]
    fn keys_that_could_be_misread_are_refused() {
        for key in ["", "a|b", "é", " a", "123456789012345678901234567890123456789"] {
            assert!(OrderKey::new(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn paper_is_decided_by_the_account_id() {
        assert!(AccountId("DU1".into()).is_paper());
        assert!(AccountId("DF1".into()).is_paper());
        assert!(!AccountId("U1".into()).is_paper());
    }
}
