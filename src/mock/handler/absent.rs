//! Features this login does not have: event calendars (100 to 103, W7), fundamental reports (52), which
//! are retired everywhere (H25), third-party verification (65, 66) and remote configuration (108, 109).
//! Each is refused as a gateway without it would; cancels are silent.

use crate::client::{NO_REQUEST, Outlet};
use crate::wire::pb;

pub(super) fn event_calendar(to: &Outlet, id: Option<i32>) {
    to.error(id.unwrap_or(NO_REQUEST), 10_276, "News feed is not allowed.");
}

pub(super) fn fundamentals(to: &Outlet, request: &pb::FundamentalsDataRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    to.error(id, 10_358, "Fundamentals data is not allowed.");
}

/// A program that was not registered is not verified.
pub(super) fn verification(to: &Outlet) {
    to.send(&pb::VerifyCompleted {
        is_successful: Some(false),
        error_text: Some("API verification is not enabled for this login.".to_owned()),
    });
}

pub(super) fn configuration(to: &Outlet, id: Option<i32>) {
    let text = "Error validating request. Configuration over the API is not enabled.";
    to.error(id.unwrap_or(NO_REQUEST), 321, text);
}
