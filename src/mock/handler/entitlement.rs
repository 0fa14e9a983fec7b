//! Errors about the right to see data, put in place by a test, and what each leaves of a request.

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::ConId;
use crate::wire::{Request, pb};
use crate::world::World;

use super::contract;

/// The codes a test can put in place.
pub(crate) const CODES: [i32; 4] = [354, 10089, 10090, 10197];

/// What is left of a request that gets such an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// The request goes on, with live data or delayed.
    Data,
}

/// 10090 never ends a request (M5); 10089 does so unless delayed ticks were asked for (M6); 354 and a
/// competing session (10197) leave no data (M7).
const fn rest(code: i32, is_ticks: bool, asked: i32) -> Rest {
    match code {
        10090 => Rest::Data,
        10089 if is_ticks && matches!(asked, 3 | 4) => Rest::Data,
        _ => Rest::Nothing,
    }
}

/// Sends the error a test put in place for the instrument of a data request; `true` if that is all
/// there is to answer.
pub(super) fn refuses(world: &mut World, to: &Outlet, request: &Request) -> bool {
    let Some(code) = error_of(world, request) else { return false };
    let asked = world.client(to).map_or(1, |client| client.market_data_type);
    to.error(request.id().unwrap_or(NO_REQUEST), code, text(code));
    rest(code, matches!(request, Request::ReqMktData(_)), asked) == Rest::Nothing
}

fn error_of(world: &World, request: &Request) -> Option<i32> {
    if world.data_errors.is_empty() {
        return None;
    }
    let con_id: ConId = contract::resolve(world, wanted(request)).ok()?;
    world.data_errors.get(&con_id).copied()
}

/// The instrument whose live data is asked for.
pub(super) fn wanted(request: &Request) -> Option<&pb::Contract> {
    match request {
        Request::ReqMktData(r) => r.contract.as_ref(),
        Request::ReqMktDepth(r) => r.contract.as_ref(),
        Request::ReqTickByTickData(r) => r.contract.as_ref(),
        Request::ReqRealTimeBars(r) => r.contract.as_ref(),
        _ => None,
    }
}

pub(super) const fn text(code: i32) -> &'static str {
    match code {
        354 => "Requested market data is not subscribed.",
        10089 => {
            "Requested market data requires additional subscription for API. Delayed market data is \
             available."
        }
        10090 => "Part of requested market data is not subscribed.",
        _ => "No market data during competing live session",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_what_is_left_follows_from_code_request_and_data_type() {
        let cases = [
            (354, true, 3, Rest::Nothing),
            (10089, true, 1, Rest::Nothing),
            (10089, true, 3, Rest::Data),
            (10089, false, 3, Rest::Nothing),
            (10090, true, 1, Rest::Data),
            (10197, true, 1, Rest::Nothing),
        ];

        for (code, is_ticks, asked, expected) in cases {
            assert_eq!(rest(code, is_ticks, asked), expected, "{code} {is_ticks} {asked}");
        }
    }
}
