//! The session itself, and what belongs to no other family.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    NextValidId [1] int order_id;
    ManagedAccounts [1] text accounts_list;
    CurrentTime [1] long current_time;
    CurrentTimeInMillis [] long current_time_in_millis;
    UserInfo [] int req_id, text white_branding_id;
    ReceiveFA [1] int fa_data_type, text xml;
    ReplaceFAEnd [] int req_id, text text;
    DisplayGroupList [1] int req_id, text groups;
    DisplayGroupUpdated [1] int req_id, text contract_info;
    VerifyMessageApi [1] text api_data;
    VerifyCompleted [1] flag is_successful, text error_text;
    ConfigResponse [];
    UpdateConfigResponse [];
}

const ERROR_TIME: i32 = 194;
const ORDER_REJECT_JSON: i32 = 166;

impl Layout for pb::ErrorMessage {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        let is_timed = tape.since(ERROR_TIME);
        if !is_timed {
            tape.version_field(2);
        }
        lay!(tape, self => int_or_minus_one id, int error_code, text error_msg);
        if tape.since(ORDER_REJECT_JSON) {
            lay!(tape, self => text advanced_order_reject_json);
        }
        if is_timed {
            lay!(tape, self => long error_time);
        }
    }
}

impl Layout for pb::FamilyCodes {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.list("family_codes", &mut self.family_codes, |tape, code| {
            lay!(tape, code => text account_id, text family_code);
        });
    }
}

impl Layout for pb::SoftDollarTiers {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        tape.list("soft_dollar_tiers", &mut self.soft_dollar_tiers, |tape, tier| {
            lay!(tape, tier => text name, text value, text display_name);
        });
    }
}
