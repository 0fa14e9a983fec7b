//! One opaque error for the whole core.
//!
//! Callers ask questions ([`Error::kind`], [`Error::is_retryable`], [`Error::code`]) instead of
//! parsing text. Messages are for people: lower case, no final full stop, never a secret.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the words a caller acts on. Each kind is one Python exception class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No link and nobody is making one: connect first.
    NotConnected,
    /// The first connect used up its tries or its time.
    ConnectTimeout,
    /// The link was lost while the request was in flight or before it could be sent.
    ConnectionLost,
    /// Another connection holds the client id (IB code 326).
    ClientIdInUse,
    /// The circuit breaker refuses to try before its time is up.
    CircuitOpen,
    /// The gateway negotiates a server version below the one needed.
    GatewayTooOld,
    /// The peer accepted the socket but did not complete the handshake.
    HandshakeFailed,
    /// No answer within the request's deadline.
    RequestTimeout,
    /// The state asked for is not known for this generation.
    StateUnknown,
    /// The gateway refused a request.
    Request,
    /// No contract matches (IB code 200).
    ContractNotFound,
    /// More than one contract matches.
    AmbiguousContract,
    /// IB refused for pacing (100, 162 with a pacing cause, 420), or the request's turn under our own
    /// pacing did not come in time and nothing was sent.
    PacingViolation,
    /// Market data could not be delivered.
    MarketData,
    /// The account lacks the market-data entitlement (354, 10089, 10090, 10168 …).
    NotEntitled,
    /// A stream's reader fell behind and its policy is to fail.
    StreamLagged,
    /// No market-data line is left (101, 309, 10190).
    LineLimit,
    /// An order request failed.
    Order,
    /// IB rejected the order (201, 110, 321 …).
    OrderRejected,
    /// A rule of ours refused the order; nothing was sent. `rule` names it.
    OrderRefused,
    /// The order may or may not exist at the gateway. `key` names it.
    OrderOutcomeUnknown,
    /// The key was used before for a different order.
    DuplicateOrderKey,
    /// The account is live and `allow_live` was not given.
    LiveTradingDisabled,
    /// The client was opened read-only.
    ReadOnly,
    /// A setting or argument is invalid.
    Config,
}

/// The error of every fallible operation of the core. Clones share their source.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    code: Option<i32>,
    request_id: Option<i32>,
    details: BTreeMap<&'static str, String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` with a message for a person.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            code: None,
            request_id: None,
            details: BTreeMap::new(),
            source: None,
        }))
    }

    /// An invalid argument or setting: names it, its value and what is allowed.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// An order refused by a rule of ours before anything was sent.
    pub fn refused(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::OrderRefused, message).with_detail("rule", rule)
    }

    /// Adds IB's code.
    #[must_use]
    pub fn with_code(mut self, code: i32) -> Self {
        self.0.code = Some(code);
        self
    }

    /// Adds the request id the gateway named.
    #[must_use]
    pub fn with_request_id(mut self, request_id: i32) -> Self {
        self.0.request_id = Some(request_id);
        self
    }

    /// Adds a named value that a program may act on (`rule`, `key`, `symbol`, `candidates` …).
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.details.insert(name, value.to_string());
        self
    }

    /// Names at the end of the message what the request was about.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        self.0.message = format!("{}: {subject}", self.0.message);
        self
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message for a person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// IB's code, where the gateway gave one.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.0.code
    }

    /// The request id the gateway named, where it named one.
    #[must_use]
    pub fn request_id(&self) -> Option<i32> {
        self.0.request_id
    }

    /// The values a program may act on, by name.
    #[must_use]
    pub fn details(&self) -> &BTreeMap<&'static str, String> {
        &self.0.details
    }

    /// Whether repeating the same read may succeed. Never true of orders.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::ConnectTimeout
                | ErrorKind::ConnectionLost
                | ErrorKind::ClientIdInUse
                | ErrorKind::CircuitOpen
                | ErrorKind::RequestTimeout
                | ErrorKind::StateUnknown
                | ErrorKind::PacingViolation
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("code", &self.0.code)
            .field("details", &self.0.details)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
