//! A gateway whose API is read-only: everything about orders is refused, all else goes on (S13).

use crate::client::{NO_REQUEST, Outlet, RequestId};
use crate::wire::Request;
use crate::world::World;

/// Refuses a request about orders where the gateway is read-only; `true` if it did.
pub(super) fn refuses(world: &World, to: &Outlet, request: &Request) -> bool {
    let refused = refused_on(request).filter(|_| world.settings.profile.is_read_only);
    if let Some(id) = refused {
        to.error(id, 321, READ_ONLY);
    }
    refused.is_some()
}

/// The id a refusal carries; what a read-only gateway serves has none.
fn refused_on(request: &Request) -> Option<RequestId> {
    match request {
        Request::PlaceOrder(r) => Some(r.order_id.unwrap_or(NO_REQUEST)),
        Request::CancelOrder(r) => Some(r.order_id.unwrap_or(NO_REQUEST)),
        Request::ReqGlobalCancel(_)
        | Request::ReqOpenOrders(_)
        | Request::ReqAllOpenOrders(_)
        | Request::ReqAutoOpenOrders(_)
        | Request::ReqCompletedOrders(_)
        | Request::ReqIds(_) => Some(NO_REQUEST),
        Request::ReqFa(_) | Request::ReplaceFa(_) => Some(0),
        _ => None,
    }
}

const READ_ONLY: &str = "Error validating request.-'bO' : cause - The API interface is currently in \
                         Read-Only mode.";
