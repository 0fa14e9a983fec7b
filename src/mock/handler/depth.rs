//! Market depth (10, 11): rows of one exchange, with makers where it shows them, or of all of them
//! together (D1 to D3).

use crate::client::{ConnectionId, NO_REQUEST, Outlet, RequestId};
use crate::exchange::ConId;
use crate::exchange::depth::{Change, Depth, Operation, changes};
use crate::exchange::number::{double, text};
use crate::exchange::refusal::Refusal;
use crate::faults::Quirk;
use crate::streams::DepthStream;
use crate::wire::pb;
use crate::world::World;

use super::contract;
use super::venues::{self, Service};

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::MarketDepthRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    if world.client(to).is_some_and(|client| client.streams.depth.contains_key(&id)) {
        return to.error(id, 102, "Duplicate ticker ID.");
    }
    let mut stream = match stream(world, request) {
        Ok(stream) => stream,
        Err(refusal) => return to.error(id, refusal.code, refusal.text),
    };
    if stream.is_smart {
        to.error(id, 2152, format!("Exchanges - Depth: {}; ", venues::smart_makers().join("; ")));
    }
    refresh(world, to, id, &mut stream);
    if let Some(client) = world.client(to) {
        client.streams.depth.insert(id, stream);
    }
}

fn stream(world: &World, request: &pb::MarketDepthRequest) -> Result<DepthStream, Refusal> {
    let con_id = contract::resolve(world, request.contract.as_ref())?;
    let kind = world.exchange.listing.get(con_id).ok_or_else(contract::unknown)?.kind;
    let exchange = request.contract.as_ref().map(pb::Contract::exchange).unwrap_or_default();
    let is_smart = request.is_smart_depth();
    let service = match is_smart {
        true => venues::smart_depth(kind),
        false => venues::depth_service(exchange, kind),
    };
    let service = service.ok_or_else(|| {
        let text =
            "Deep market data is not supported for this combination of security type/exchange";
        Refusal::new(10_092, text)
    })?;
    if world.not_entitled.contains(&con_id) {
        return Err(Refusal::new(354, "Requested market data is not subscribed."));
    }
    Ok(DepthStream {
        con_id,
        is_smart,
        has_makers: service == Service::Makers,
        maker: exchange.to_owned(),
        rows: usize::try_from(request.num_rows()).unwrap_or_default(),
        shown: Depth::default(),
    })
}

/// The flag of the cancel has to be that of the request (D3).
pub(super) fn cancel(world: &mut World, to: &Outlet, request: &pb::CancelMarketDepth) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let Some(client) = world.client(to) else { return };
    let known = client.streams.depth.get(&id);
    if known.is_some_and(|stream| stream.is_smart == request.is_smart_depth()) {
        client.streams.depth.remove(&id);
    } else {
        to.error(id, 310, format!("Can't find the subscribed market depth with tickerId:{id}"));
    }
}

/// Tells every stream on an instrument what changed.
pub(super) fn tell(world: &mut World, con_id: ConId) {
    let mut clients = std::mem::take(&mut world.clients);
    for client in clients.values_mut() {
        for (id, stream) in client.streams.depth.iter_mut().filter(|(_, one)| one.con_id == con_id)
        {
            refresh(world, &client.outlet, *id, stream);
        }
    }
    world.clients = clients;
}

/// Sends what changed since the stream was last told.
fn refresh(world: &World, to: &Outlet, id: RequestId, stream: &mut DepthStream) {
    let now = present(world, stream).cut(stream.rows);
    for change in changes(&stream.shown, &now) {
        send(to, id, stream, &change);
    }
    stream.shown = now;
    if stream.is_smart && world.faults.has(to.client, Quirk::StrayDepthRow) {
        send(to, id, stream, &stray(&stream.shown));
    }
}

/// A change of a row below the last bid (D5).
fn stray(book: &Depth) -> Change {
    Change {
        position: book.bids.len() + 1,
        operation: Operation::Update,
        is_bid: true,
        level: book.bids.last().cloned().unwrap_or_default(),
    }
}

/// The book as a test set it, or one around the quote.
fn present(world: &World, stream: &DepthStream) -> Depth {
    if let Some(set) = world.depths.get(&stream.con_id) {
        return set.clone();
    }
    let makers = match stream.is_smart {
        true => venues::smart_makers(),
        false => vec![stream.maker.as_str()],
    };
    let instrument = world.exchange.listing.get(stream.con_id);
    let quote = world.exchange.quote(stream.con_id);
    match (instrument, quote) {
        (Some(instrument), Some(quote)) => Depth::around(quote, instrument, &makers),
        _ => Depth::default(),
    }
}

fn send(to: &Outlet, id: RequestId, stream: &DepthStream, change: &Change) {
    let row = pb::MarketDepthData {
        position: i32::try_from(change.position).ok(),
        operation: Some(change.operation as i32),
        side: Some(i32::from(change.is_bid)),
        price: Some(double(change.level.price)),
        size: Some(text(change.level.size)),
        ..Default::default()
    };
    if stream.has_makers {
        let row = pb::MarketDepthData {
            market_maker: Some(change.level.maker.clone()),
            is_smart_depth: Some(stream.is_smart),
            ..row
        };
        to.send(&pb::MarketDepthL2 { req_id: Some(id), market_depth_data: Some(row) });
    } else {
        to.send(&pb::MarketDepth { req_id: Some(id), market_depth_data: Some(row) });
    }
}

/// Puts a book in place of the one around the quote.
pub(crate) fn set(world: &mut World, con_id: ConId, depth: Depth) {
    world.depths.insert(con_id, depth);
    tell(world, con_id);
}

/// Has every stream empty its book, then sends the rows again (D1).
pub(crate) fn reset(world: &mut World, con_id: ConId) {
    let mut clients = std::mem::take(&mut world.clients);
    for client in clients.values_mut() {
        for (id, stream) in client.streams.depth.iter_mut().filter(|(_, one)| one.con_id == con_id)
        {
            client.outlet.error(*id, 317, RESET);
            stream.shown = Depth::default();
            refresh(world, &client.outlet, *id, stream);
        }
    }
    world.clients = clients;
}

/// As [`reset`], for every stream of one connection.
pub(super) fn reset_of(world: &mut World, connection: ConnectionId) {
    let mut clients = std::mem::take(&mut world.clients);
    if let Some(client) = clients.get_mut(&connection) {
        for (id, stream) in &mut client.streams.depth {
            client.outlet.error(*id, 317, RESET);
            stream.shown = Depth::default();
            refresh(world, &client.outlet, *id, stream);
        }
    }
    world.clients = clients;
}

/// Ends every stream on an instrument (D1).
pub(crate) fn halt(world: &mut World, con_id: ConId) {
    for client in world.clients.values_mut() {
        client.streams.depth.retain(|id, stream| {
            let is_halted = stream.con_id == con_id;
            if is_halted {
                client.outlet.error(*id, 316, HALTED);
            }
            !is_halted
        });
    }
}

const RESET: &str = "Market depth data has been RESET. Please empty deep book contents before \
                     applying any new entries.";
const HALTED: &str = "Market depth data has been HALTED. Please re-subscribe.";
