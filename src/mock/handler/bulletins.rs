//! Exchange bulletins (12, 13): those of the day if asked for, then each new one.

use crate::client::Outlet;
use crate::newsroom::Bulletin;
use crate::wire::pb;
use crate::world::World;

pub(super) fn subscribe(world: &mut World, to: &Outlet, request: &pb::NewsBulletinsRequest) {
    if request.all_messages() {
        for (number, bulletin) in (1..).zip(&world.newsroom.bulletins) {
            to.send(&message(number, bulletin));
        }
    }
    if let Some(client) = world.client(to) {
        client.streams.has_bulletins = true;
    }
}

pub(super) fn cancel(world: &mut World, to: &Outlet) {
    if let Some(client) = world.client(to) {
        client.streams.has_bulletins = false;
    }
}

/// Sends a bulletin to everyone who follows them, and keeps it.
pub(crate) fn post(world: &mut World, bulletin: Bulletin) {
    let number = i32::try_from(world.newsroom.bulletins.len() + 1).unwrap_or(i32::MAX);
    for client in world.clients.values().filter(|client| client.streams.has_bulletins) {
        client.outlet.send(&message(number, &bulletin));
    }
    world.newsroom.bulletins.push(bulletin);
}

fn message(number: i32, bulletin: &Bulletin) -> pb::NewsBulletin {
    pb::NewsBulletin {
        news_msg_id: Some(number),
        news_msg_type: Some(bulletin.kind),
        news_message: Some(bulletin.text.clone()),
        originating_exch: Some(bulletin.exchange.clone()),
    }
}
