//! What an error of the wire means to a caller.

use ibapi::Error as WireError;
use ibapi::Notice as WireNotice;

use crate::error::{Error, ErrorKind};
use crate::events::codes;
use crate::model::Contract;

/// The kind of error a code stands for when it ends a request.
pub(super) fn request_kind(code: i32, message: &str) -> ErrorKind {
    codes::failure_kind(code, message).unwrap_or(ErrorKind::Request)
}

/// Adds the contract a request was about.
pub(super) fn about(error: Error, contract: &Contract) -> Error {
    error.about(contract).with_detail("contract", contract).with_detail("symbol", &contract.symbol)
}

/// The error a failed `request` ends with.
pub(super) fn request_error(request: &str, error: WireError) -> Error {
    match error {
        WireError::Notice(notice) => noticed(request, &notice),
        WireError::InvalidArgument(text) => Error::config(format!("{request}: {text}")),
        error if is_lost(&error) => lost(request, error),
        error => Error::new(ErrorKind::Request, format!("{request}: {error}"))
            .with_detail("request", request)
            .with_source(error),
    }
}

fn noticed(request: &str, notice: &WireNotice) -> Error {
    let kind = request_kind(notice.code, &notice.message);
    let message = format!("{request}: {} (code {})", notice.message.trim(), notice.code);
    let error = Error::new(kind, message).with_code(notice.code).with_detail("request", request);
    match notice.request_id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// Whether the link is gone.
pub(super) fn is_lost(error: &WireError) -> bool {
    error.is_connection_lost()
        || matches!(
            error,
            WireError::ConnectionFailed
                | WireError::Shutdown
                | WireError::UnexpectedEndOfStream
                | WireError::Io(_)
        )
}

fn lost(request: &str, error: WireError) -> Error {
    Error::new(ErrorKind::ConnectionLost, format!("{request}: the link to the gateway was lost"))
        .with_detail("request", request)
        .with_source(error)
}

/// The error of a request that was in flight when the link ended.
pub(super) fn link_ended(request: &str) -> Error {
    lost(request, WireError::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_meaning_callers_act_on() {
        let table = [
            (200, "No security definition", ErrorKind::ContractNotFound),
            (354, "not subscribed", ErrorKind::NotEntitled),
            (10168, "delayed not enabled", ErrorKind::NotEntitled),
            (162, "pacing violation", ErrorKind::PacingViolation),
            (162, "query returned no data", ErrorKind::Request),
            (162, "No market data permissions for NYSE", ErrorKind::NotEntitled),
            (420, "Invalid Real-time Query:No market data permissions", ErrorKind::NotEntitled),
            (420, "Invalid Real-time Query:pacing violation", ErrorKind::PacingViolation),
            (101, "max tickers", ErrorKind::LineLimit),
            (321, "validation", ErrorKind::Request),
        ];

        for (code, message, kind) in table {
            assert_eq!(request_kind(code, message), kind, "{code} {message}");
        }
    }
}
