//! The server version two sides agreed on: it decides the encoding of each message and, in text, its
//! fields.

/// The first version whose frames start with a binary message id (FORMAT section 1).
const RAW_IDS: i32 = 201;

/// A server version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerVersion(pub(crate) i32);

impl ServerVersion {
    /// Whether the message id is four bytes rather than the first text field.
    pub(crate) const fn has_raw_ids(self) -> bool {
        self.0 >= RAW_IDS
    }
}
