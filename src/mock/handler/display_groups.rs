//! Display groups (67 to 70): numbered colours that clients show a contract in. An update reaches every
//! subscriber of the group.

use crate::client::{NO_REQUEST, Outlet};
use crate::wire::pb;
use crate::world::World;

/// The numbers of the groups there are.
const GROUPS: std::ops::RangeInclusive<i32> = 1..=7;
/// What a group that shows no contract says.
const NOTHING: &str = "none";

pub(super) fn list(to: &Outlet, request: &pb::QueryDisplayGroupsRequest) {
    let groups = GROUPS.map(|group| group.to_string()).collect::<Vec<_>>().join("|");
    to.send(&pb::DisplayGroupList { req_id: request.req_id, groups: Some(groups) });
}

pub(super) fn subscribe(
    world: &mut World,
    to: &Outlet,
    request: &pb::SubscribeToGroupEventsRequest,
) {
    let (id, group) = (request.req_id.unwrap_or(NO_REQUEST), request.group_id());
    if !GROUPS.contains(&group) {
        return to.error(id, 321, format!("Error validating request. Unknown group {group}"));
    }
    let shown = world.login.groups.get(&group).cloned();
    if let Some(client) = world.client(to) {
        client.streams.groups.insert(id, group);
    }
    send(to, id, shown.as_deref().unwrap_or(NOTHING));
}

/// Names the group by the subscription's id.
pub(super) fn update(world: &mut World, to: &Outlet, request: &pb::UpdateDisplayGroupRequest) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let group = world.client(to).and_then(|client| client.streams.groups.get(&id).copied());
    let Some(group) = group else { return to.error(id, 321, NO_SUBSCRIPTION) };
    world.login.groups.insert(group, request.contract_info().to_owned());
    for client in world.clients.values() {
        for (id, _) in client.streams.groups.iter().filter(|(_, of)| **of == group) {
            send(&client.outlet, *id, request.contract_info());
        }
    }
}

pub(super) fn unsubscribe(
    world: &mut World,
    to: &Outlet,
    request: &pb::UnsubscribeFromGroupEventsRequest,
) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    let known = world.client(to).and_then(|client| client.streams.groups.remove(&id));
    if known.is_none() {
        to.error(id, 321, NO_SUBSCRIPTION);
    }
}

const NO_SUBSCRIPTION: &str = "Error validating request. No display group subscription has this id";

fn send(to: &Outlet, id: i32, contract: &str) {
    to.send(&pb::DisplayGroupUpdated {
        req_id: Some(id),
        contract_info: Some(contract.to_owned()),
    });
}
