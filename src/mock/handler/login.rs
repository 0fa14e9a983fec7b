//! What belongs to the login: family codes (80), user info (104), soft dollar tiers (79).

use crate::client::Outlet;
use crate::wire::pb;
use crate::world::World;

/// One row per account; an account without a family has an empty code.
pub(super) fn family_codes(world: &World, to: &Outlet) {
    let row = |account: &String| pb::FamilyCode {
        account_id: Some(account.clone()),
        family_code: Some(world.login.family_codes.get(account).cloned().unwrap_or_default()),
    };
    to.send(&pb::FamilyCodes { family_codes: world.settings.accounts.iter().map(row).collect() });
}

pub(super) fn user_info(world: &World, to: &Outlet, request: &pb::UserInfoRequest) {
    to.send(&pb::UserInfo {
        req_id: request.req_id,
        white_branding_id: Some(world.login.white_branding.clone()),
    });
}

/// A login of its own has none.
pub(super) fn soft_dollar_tiers(to: &Outlet, request: &pb::SoftDollarTiersRequest) {
    to.send(&pb::SoftDollarTiers { req_id: request.req_id, soft_dollar_tiers: Vec::new() });
}
