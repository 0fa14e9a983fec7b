//! What the control API refuses, and why.

use std::net::IpAddr;

/// A refused control call. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No instrument has this symbol.
    UnknownSymbol(String),
    /// The login has no such account.
    UnknownAccount(String),
    /// A number is not finite, or too large for a decimal; the name says which.
    BadNumber(&'static str),
    /// A description does not make an instrument; the text says why.
    BadInstrument(&'static str),
    /// No message kind has this name.
    UnknownKind(String),
    /// A count or probability was given for a fault that is a state rather than strikes.
    NotCounted,
    /// No fault has this name, or its fields do not fit it; the text says which.
    BadFault(String),
    /// A limit is not one, or its value does not fit it; the text has both.
    BadLimit(String),
    /// A scenario is wrong; the text names the line.
    BadScenario(String),
    /// A recording is wrong; the text names the line.
    BadRecording(String),
    /// A message is no request; the text says why.
    BadRequest(String),
    /// A file of prices is wrong, or names an instrument that is not there; the text says where.
    BadPrices(String),
    /// The address can be reached from other machines and that was not allowed.
    NotLoopback(IpAddr),
    /// No account was given, or a name is not plain letters and digits.
    BadAccounts,
    /// The versions are not an ascending pair within what this gateway speaks.
    BadServerVersions {
        /// Lowest version asked for.
        min: i32,
        /// Highest version asked for.
        max: i32,
    },
    /// The gateway could not listen again on its port; the text is the system's.
    CannotListen(String),
    /// No execution has this id, or it was replaced already.
    UnknownExecution(String),
    /// The order is one a client would be refused; the text is what it would be sent.
    Refused(String),
    /// The gateway is stopped.
    Stopped,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownSymbol(symbol) => write!(f, "no instrument has the symbol {symbol:?}"),
            Self::UnknownAccount(name) => write!(f, "the login has no account {name:?}"),
            Self::BadNumber(field) => write!(f, "{field} is not a usable number"),
            Self::BadInstrument(cause) => write!(f, "this is no instrument: {cause}"),
            Self::UnknownKind(kind) => write!(f, "no message kind is called {kind:?}"),
            Self::NotCounted => {
                write!(f, "a fault that is a state takes neither count nor probability")
            }
            Self::BadFault(cause) => write!(f, "{cause}"),
            Self::BadLimit(cause) => write!(f, "limit {cause}"),
            Self::BadScenario(cause) => write!(f, "scenario {cause}"),
            Self::BadRecording(cause) => write!(f, "recording {cause}"),
            Self::BadRequest(cause) => write!(f, "this is no request: {cause}"),
            Self::BadPrices(cause) => write!(f, "prices {cause}"),
            Self::NotLoopback(host) => {
                write!(f, "{host} is not a loopback address and that was not allowed")
            }
            Self::BadAccounts => write!(f, "account names must be given, in letters and digits"),
            Self::BadServerVersions { min, max } => {
                write!(f, "server versions {min} to {max} are not within 157 to 226")
            }
            Self::CannotListen(reason) => write!(f, "cannot listen again: {reason}"),
            Self::UnknownExecution(id) => write!(f, "no execution has the id {id:?}"),
            Self::Refused(text) => write!(f, "the order is refused: {text}"),
            Self::Stopped => write!(f, "the mock gateway is stopped"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
