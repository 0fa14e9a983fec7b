//! Whether another try to open a link may succeed.

/// What a failed try says of the next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The gateway may be starting; try again.
    MayPass,
    /// Another connection holds the client id, perhaps an old one that is being forgotten: a first
    /// round waits for it, however many tries that takes.
    Held,
    /// A first connect need not try again; a reconnect may.
    Lasting,
    /// The gateway is not the one meant: nobody waits for another, but one that was lost may come
    /// back as it was.
    Mismatch,
    /// Trying again cannot help.
    Never,
}
