//! Where the ids of a reply stand in either encoding, and other ids in their place. Pure; all else in
//! a message stays as it was recorded, byte for byte.

use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

use crate::wire::frame::{self, Body};
use crate::wire::{ReplyKind, ServerVersion};

/// Whose numbers an id is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    Request,
    Order,
    Client,
    /// A request or an order: what an error is about.
    Either,
}

/// An id of a kind of message: its path of field numbers, and its text field behind the version field,
/// if it has one in text.
type Place = (Space, &'static [u32], Option<usize>);

/// The places of the ids of a reply.
fn places(kind: u32) -> &'static [Place] {
    use Space::{Client, Either, Order, Request};
    match ReplyKind::from_id(kind) {
        Some(ReplyKind::OrderStatus) => {
            &[(Order, &[1], Some(0)), (Order, &[7], Some(6)), (Client, &[9], Some(8))]
        }
        Some(ReplyKind::OpenOrder) => &[
            (Order, &[1], Some(0)),
            (Client, &[3, 1], Some(23)),
            (Order, &[3, 2], None),
            (Order, &[3, 4], Some(OPEN_ORDER_PARENT)),
        ],
        Some(ReplyKind::ExecutionData) => {
            &[(Request, &[1], Some(0)), (Order, &[3, 1], Some(1)), (Client, &[3, 10], Some(21))]
        }
        Some(ReplyKind::OrderBound) => &[(Client, &[2], Some(1)), (Order, &[3], Some(2))],
        Some(ReplyKind::CompletedOrder) => {
            &[(Client, &[2, 1], None), (Order, &[2, 2], None), (Order, &[2, 4], None)]
        }
        Some(ReplyKind::ErrMsg) => &[(Either, &[1], Some(0))],
        Some(kind) if WITHOUT_ID.contains(&kind) => &[],
        _ => &[(Request, &[1], Some(0))],
    }
}

/// The parent's id in an open order's text, while advisors had profiles; one less since.
const OPEN_ORDER_PARENT: usize = 57;
const NO_ADVISOR_PROFILE: i32 = 177;

/// Replies that name neither a request nor an order.
const WITHOUT_ID: [ReplyKind; 22] = [
    ReplyKind::AcctValue,
    ReplyKind::PortfolioValue,
    ReplyKind::AcctUpdateTime,
    ReplyKind::NextValidId,
    ReplyKind::NewsBulletins,
    ReplyKind::ManagedAccts,
    ReplyKind::ReceiveFa,
    ReplyKind::ScannerParameters,
    ReplyKind::CurrentTime,
    ReplyKind::OpenOrderEnd,
    ReplyKind::AcctDownloadEnd,
    ReplyKind::CommissionAndFeesReport,
    ReplyKind::PositionData,
    ReplyKind::PositionEnd,
    ReplyKind::VerifyMessageApi,
    ReplyKind::VerifyCompleted,
    ReplyKind::FamilyCodes,
    ReplyKind::MktDepthExchanges,
    ReplyKind::NewsProviders,
    ReplyKind::MarketRule,
    ReplyKind::CompletedOrdersEnd,
    ReplyKind::CurrentTimeInMillis,
];

/// Replies whose text has a version field before the id, and the version that ended it.
const VERSIONED: [(ReplyKind, i32); 24] = [
    (ReplyKind::TickPrice, i32::MAX),
    (ReplyKind::TickSize, i32::MAX),
    (ReplyKind::ErrMsg, 194),
    (ReplyKind::ContractData, 164),
    (ReplyKind::BondContractData, 164),
    (ReplyKind::MarketDepth, i32::MAX),
    (ReplyKind::MarketDepthL2, i32::MAX),
    (ReplyKind::ScannerData, i32::MAX),
    (ReplyKind::TickGeneric, i32::MAX),
    (ReplyKind::TickString, i32::MAX),
    (ReplyKind::RealTimeBars, i32::MAX),
    (ReplyKind::FundamentalData, i32::MAX),
    (ReplyKind::ContractDataEnd, i32::MAX),
    (ReplyKind::ExecutionDataEnd, i32::MAX),
    (ReplyKind::TickSnapshotEnd, i32::MAX),
    (ReplyKind::MarketDataType, i32::MAX),
    (ReplyKind::AccountSummary, i32::MAX),
    (ReplyKind::AccountSummaryEnd, i32::MAX),
    (ReplyKind::DisplayGroupList, i32::MAX),
    (ReplyKind::DisplayGroupUpdated, i32::MAX),
    (ReplyKind::PositionMulti, i32::MAX),
    (ReplyKind::PositionMultiEnd, i32::MAX),
    (ReplyKind::AccountUpdateMulti, i32::MAX),
    (ReplyKind::AccountUpdateMultiEnd, i32::MAX),
];

/// The field of a text message that a place means.
fn text_field(version: ServerVersion, kind: u32, place: usize) -> usize {
    let kind = ReplyKind::from_id(kind);
    let is_versioned =
        VERSIONED.iter().any(|(versioned, end)| Some(*versioned) == kind && version.0 < *end);
    let lacks_profile = place == OPEN_ORDER_PARENT && version.0 >= NO_ADVISOR_PROFILE;
    place + usize::from(is_versioned) - usize::from(lacks_profile)
}

/// The ids of a reply, in the order of its fields.
pub(super) fn ids(version: ServerVersion, body: &[u8]) -> Vec<(Space, i32)> {
    let mut found = Vec::new();
    with_ids(version, body, &mut |space, id| {
        found.push((space, id));
        id
    });
    found
}

/// The body of a reply with each id replaced by what `change` makes of it.
pub(super) fn with_ids(
    version: ServerVersion,
    body: &[u8],
    change: &mut dyn FnMut(Space, i32) -> i32,
) -> Vec<u8> {
    let (fields, changed) = match frame::split(version, body) {
        Body::Protobuf(kind, fields) => {
            let places: Vec<_> =
                places(kind).iter().map(|(space, path, _)| (*space, *path)).collect();
            (fields, in_protobuf(fields, &places, change))
        }
        Body::Text(kind, fields) => {
            let places = places(kind).iter();
            let place =
                |(space, _, field): &Place| Some((*space, text_field(version, kind, (*field)?)));
            (fields, in_text(fields, &places.filter_map(place).collect::<Vec<_>>(), change))
        }
        Body::Headless => return body.to_vec(),
    };
    [&body[..body.len() - fields.len()], &changed].concat()
}

fn in_text(
    fields: &[u8],
    places: &[(Space, usize)],
    change: &mut dyn FnMut(Space, i32) -> i32,
) -> Vec<u8> {
    let changed = |(at, field): (usize, &[u8])| {
        let id = || std::str::from_utf8(field).ok()?.parse::<i32>().ok();
        let place = places.iter().find(|(_, place)| *place == at);
        match place.and_then(|(space, _)| Some((*space, id()?))) {
            Some((space, id)) => change(space, id).to_string().into_bytes(),
            None => field.to_vec(),
        }
    };
    let fields: Vec<_> = fields.split(|byte| *byte == 0).enumerate().map(changed).collect();
    fields.join(&0)
}

/// What cannot be read is left as it is, to the end of its message.
fn in_protobuf(
    fields: &[u8],
    places: &[(Space, &'static [u32])],
    change: &mut dyn FnMut(Space, i32) -> i32,
) -> Vec<u8> {
    let (mut changed, mut rest) = (Vec::with_capacity(fields.len()), fields);
    while let Some(Field { number, form, whole, mut content }) = cut_field(&mut rest) {
        let below = |(space, path): &(Space, &'static [u32])| {
            let (first, path) = path.split_first()?;
            (*first == number).then_some((*space, path))
        };
        let below: Vec<_> = places.iter().filter_map(below).collect();
        match (form, below.first()) {
            (WireType::Varint, Some((space, []))) => {
                let id = decode_varint(&mut content).map_or(0, low_bits);
                encode_key(number, form, &mut changed);
                // A negative int32 is written as 64 bits.
                encode_varint(i64::from(change(*space, id)).cast_unsigned(), &mut changed);
            }
            (WireType::LengthDelimited, Some((_, [_, ..]))) => {
                let inner = in_protobuf(content, &below, change);
                encode_key(number, form, &mut changed);
                encode_varint(inner.len() as u64, &mut changed);
                changed.extend_from_slice(&inner);
            }
            _ => changed.extend_from_slice(whole),
        }
    }
    changed.extend_from_slice(rest);
    changed
}

#[expect(clippy::cast_possible_truncation, reason = "an int32 is its low 32 bits")]
const fn low_bits(number: u64) -> i32 {
    number as i32
}

/// A field of a message: all its bytes, and those behind its key and length.
struct Field<'a> {
    number: u32,
    form: WireType,
    whole: &'a [u8],
    content: &'a [u8],
}

/// Takes the field at the front; `None`, and nothing is taken, where there is none whole.
fn cut_field<'a>(rest: &mut &'a [u8]) -> Option<Field<'a>> {
    let (begun, mut after) = (*rest, *rest);
    let (number, form) = decode_key(&mut after).ok()?;
    let content = match form {
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(&mut after).ok()?).ok()?;
            let (content, behind) = after.split_at_checked(length)?;
            after = behind;
            content
        }
        _ => {
            let content = after;
            skip_field(form, number, &mut after, DecodeContext::default()).ok()?;
            content
        }
    };
    *rest = after;
    Some(Field { number, form, whole: &begun[..begun.len() - after.len()], content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Reply, encoding, pb};

    /// The body of a reply at a version.
    fn body<R: Reply>(version: i32, reply: &R) -> Vec<u8> {
        let mut frame = Vec::new();
        assert!(encoding::push(&mut frame, ServerVersion(version), R::KIND, reply));
        frame.split_off(4)
    }

    /// The ids found in a body, and those found once each is one more.
    fn raised(version: i32, body: &[u8]) -> [Vec<(Space, i32)>; 2] {
        let version = ServerVersion(version);
        let changed = with_ids(version, body, &mut |_, id| id + 1);
        [ids(version, body), ids(version, &changed)]
    }

    fn open_order() -> pb::OpenOrder {
        let order = pb::Order {
            order_id: Some(5),
            client_id: Some(7),
            parent_id: Some(4),
            order_ref: Some("5".into()),
            ..Default::default()
        };
        pb::OpenOrder { order_id: Some(5), order: Some(order), ..Default::default() }
    }

    #[test]
    fn test_ids_of_orders_are_found_at_every_version() {
        use Space::{Client, Order, Request};
        let status = pb::OrderStatus {
            order_id: Some(5),
            parent_id: Some(4),
            client_id: Some(7),
            ..Default::default()
        };
        let execution =
            pb::Execution { order_id: Some(5), client_id: Some(7), ..Default::default() };
        let details = pb::ExecutionDetails {
            req_id: Some(-1),
            execution: Some(execution),
            ..Default::default()
        };

        for version in [157, 176, 177, 193, 200, 201, 203, 212, 213, 226] {
            let [orders, _] = raised(version, &body(version, &open_order()));
            let orders: std::collections::BTreeSet<_> = orders.into_iter().collect();
            assert_eq!(orders, [(Order, 4), (Order, 5), (Client, 7)].into(), "{version}");
            let [found, changed] = raised(version, &body(version, &status));
            assert_eq!(found, [(Order, 5), (Order, 4), (Client, 7)], "{version}");
            assert_eq!(changed, [(Order, 6), (Order, 5), (Client, 8)], "{version}");
            let [found, changed] = raised(version, &body(version, &details));
            assert_eq!(found, [(Request, -1), (Order, 5), (Client, 7)], "{version}");
            assert_eq!(changed, [(Request, 0), (Order, 6), (Client, 8)], "{version}");
        }
    }

    #[test]
    fn test_all_but_the_ids_stays_as_it_was() {
        for version in [176, 226] {
            let body = body(version, &open_order());

            let changed = with_ids(ServerVersion(version), &body, &mut |_, id| id + 1000);
            let back = with_ids(ServerVersion(version), &changed, &mut |_, id| id - 1000);

            assert_ne!(changed, body);
            assert_eq!(back, body, "{version}");
        }
    }

    macro_rules! check_request_ids {
        ($($message:ident,)+) => {$(
            for version in [157, 163, 164, 193, 194, 200, 204, 226] {
                let mut reply = pb::$message::default();
                reply.req_id = Some(77);
                let [found, changed] = raised(version, &body(version, &reply));
                assert_eq!(found, [(Space::Request, 77)], "{} {version}", stringify!($message));
                assert_eq!(changed, [(Space::Request, 78)], "{} {version}", stringify!($message));
            }
        )+};
    }

    #[test]
    fn test_the_id_of_a_request_is_found_in_every_reply_that_has_one() {
        check_request_ids! {
            TickPrice, TickSize, ContractData, MarketDepth, MarketDepthL2, HistoricalData,
            ScannerData, TickOptionComputation, TickGeneric, TickString, RealTimeBarTick,
            FundamentalsData, ContractDataEnd, ExecutionDetailsEnd, TickSnapshotEnd,
            MarketDataType, AccountSummary, AccountSummaryEnd, DisplayGroupList,
            DisplayGroupUpdated, PositionMulti, PositionMultiEnd, AccountUpdateMulti,
            AccountUpdateMultiEnd, SecDefOptParameter, SecDefOptParameterEnd, SoftDollarTiers,
            SymbolSamples, TickReqParams, SmartComponents, NewsArticle, TickNews, HistoricalNews,
            HistoricalNewsEnd, HeadTimestamp, HistogramData, HistoricalDataUpdate,
            RerouteMarketDataRequest, RerouteMarketDepthRequest, PnL, PnLSingle, HistoricalTicks,
            HistoricalTicksBidAsk, HistoricalTicksLast, TickByTickData, ReplaceFAEnd, WshMetaData,
            WshEventData, HistoricalSchedule, UserInfo, HistoricalDataEnd,
        }
    }

    #[test]
    fn test_replies_without_an_id_and_what_is_no_message_have_none() {
        let next = body(176, &pb::NextValidId { order_id: Some(5) });
        let rule = body(226, &pb::MarketRule { market_rule_id: Some(26), ..Default::default() });

        assert_eq!(ids(ServerVersion(176), &next), []);
        assert_eq!(ids(ServerVersion(226), &rule), []);
        for noise in [&b""[..], b"3", b"\0\0\0\xcb\x08\xff", b"\0\0\0\xd3\x1a\x7f\x08\x01"] {
            let kept = with_ids(ServerVersion(226), noise, &mut |_, id| id);
            assert_eq!(kept, noise);
        }
    }
}
