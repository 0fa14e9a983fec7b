//! Requests that a gateway with a fault leaves without the answer they should get.

use crate::client::{NO_REQUEST, Outlet};
use crate::faults::{Ending, Piece, Quirk};
use crate::wire::{Request, pb};
use crate::world::World;

/// Whether a fault keeps a request from being served.
pub(super) fn loses(world: &mut World, to: &Outlet, request: &Request) -> bool {
    is_silenced(world, to, request)
        || is_misread(world, to)
        || (has_zero_strike(to, request) && world.faults.has(to.client, Quirk::LostZeroStrike))
}

/// What comes before the farms (S12), or under the id of a stream that died in silence (C6, H18).
fn is_silenced(world: &mut World, to: &Outlet, request: &Request) -> bool {
    let is_order = matches!(request, Request::PlaceOrder(_) | Request::CancelOrder(_));
    let id = request.id().filter(|_| !is_order);
    world.client(to).is_some_and(|client| {
        client.awaits_farms || id.is_some_and(|id| client.silent.contains(&id))
    })
}

/// Counts the requests that are misread; behind the last the connection is reset (B4).
fn is_misread(world: &mut World, to: &Outlet) -> bool {
    let Some(client) = world.client(to).filter(|client| client.misreads > 0) else { return false };
    client.misreads -= 1;
    let is_last = client.misreads == 0;
    to.error(NO_REQUEST, 320, "Error reading request. Unable to parse data.");
    if is_last {
        to.outbox.push_pieces(vec![Piece::End(Ending::Reset)]);
    }
    true
}

/// Text always has a strike; protobuf has one where the client wrote it (K6).
fn has_zero_strike(to: &Outlet, request: &Request) -> bool {
    let is_protobuf = request.kind().protobuf_since().is_some_and(|since| to.version >= since);
    is_protobuf && contract(request).is_some_and(|contract| contract.strike == Some(0.0))
}

fn contract(request: &Request) -> Option<&pb::Contract> {
    match request {
        Request::ReqContractData(r) => r.contract.as_ref(),
        Request::ReqMktData(r) => r.contract.as_ref(),
        Request::ReqMktDepth(r) => r.contract.as_ref(),
        Request::ReqTickByTickData(r) => r.contract.as_ref(),
        Request::ReqRealTimeBars(r) => r.contract.as_ref(),
        Request::ReqHistoricalData(r) => r.contract.as_ref(),
        Request::ReqHistoricalTicks(r) => r.contract.as_ref(),
        Request::ReqHeadTimestamp(r) => r.contract.as_ref(),
        Request::ReqHistogramData(r) => r.contract.as_ref(),
        _ => None,
    }
}
