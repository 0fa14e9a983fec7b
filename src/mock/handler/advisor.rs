//! An advisor's data (18, 19): groups of accounts with their shares (1), and names of accounts (3). A
//! login is an advisor's if its first account is one, which begins with F or DF; others are refused
//! (A18).

use crate::client::{NO_REQUEST, Outlet};
use crate::exchange::advisor::Group;
use crate::exchange::refusal::Refusal;
use crate::wire::pb;
use crate::world::World;

use super::advisor_xml::{aliases, groups, read_aliases, read_groups};

const GROUPS: i32 = 1;
const ALIASES: i32 = 3;

/// The request has no id, which gateways take for 0 (FORMAT section 6).
const NO_NUMBER: i32 = 0;

pub(super) fn send(world: &World, to: &Outlet, request: &pb::FARequest) {
    match shown(world, request.fa_data_type()) {
        Err(refusal) => to.error(NO_NUMBER, refusal.code, refusal.text),
        Ok(xml) => {
            to.send(&pb::ReceiveFA { fa_data_type: request.fa_data_type, xml: Some(xml) });
        }
    }
}

fn shown(world: &World, kind: i32) -> Result<String, Refusal> {
    check_advisor(world)?;
    let alias = |account: &str| world.login.aliases.get(account).cloned();
    match kind {
        GROUPS => Ok(groups(world.exchange.groups.all())),
        ALIASES => {
            let rows: Vec<_> = world
                .settings
                .accounts
                .iter()
                .map(|account| {
                    (account.as_str(), alias(account).unwrap_or_else(|| account.clone()))
                })
                .collect();
            Ok(aliases(rows.iter().map(|(account, alias)| (*account, alias.as_str()))))
        }
        _ => Err(unknown_kind()),
    }
}

/// Puts what a client sends in place of what there is, whole or not at all.
pub(super) fn replace(world: &mut World, to: &Outlet, request: &pb::FAReplace) {
    let id = request.req_id.unwrap_or(NO_REQUEST);
    match replaced(world, request.fa_data_type(), request.xml()) {
        Err(refusal) => to.error(id, refusal.code, refusal.text),
        Ok(()) => {
            to.send(&pb::ReplaceFAEnd { req_id: Some(id), text: Some("success".to_owned()) });
        }
    }
}

fn replaced(world: &mut World, kind: i32, xml: &str) -> Result<(), Refusal> {
    check_advisor(world)?;
    match kind {
        GROUPS => {
            let groups = read_groups(xml).ok_or_else(unreadable)?;
            let is_sound = |(_, group): &(String, Group)| {
                group.is_sound(|name| world.exchange.has_account(name))
            };
            if !groups.iter().all(is_sound) {
                return Err(invalid("Groups contain invalid accounts or amounts"));
            }
            world.exchange.groups.replace(groups);
            Ok(())
        }
        ALIASES => {
            let rows = read_aliases(xml).ok_or_else(unreadable)?;
            if !rows.iter().all(|(account, _)| world.exchange.has_account(account)) {
                return Err(invalid("Aliases contain invalid accounts"));
            }
            world.login.aliases = rows.into_iter().collect();
            Ok(())
        }
        _ => Err(unknown_kind()),
    }
}

fn check_advisor(world: &World) -> Result<(), Refusal> {
    let first = world.settings.accounts.first().map(String::as_str).unwrap_or_default();
    match first.starts_with('F') || first.starts_with("DF") {
        true => Ok(()),
        false => Err(Refusal::new(321, NO_ADVISOR)),
    }
}

fn unknown_kind() -> Refusal {
    invalid("FA data type is neither groups nor aliases")
}

fn unreadable() -> Refusal {
    invalid("FA data cannot be read")
}

fn invalid(cause: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bF' : cause - {cause}"))
}

const NO_ADVISOR: &str =
    "Error validating request. FA data operations ignored for non FA customers.";
