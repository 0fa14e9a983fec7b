//! The session itself, and what belongs to no other family: display groups, verification, advisors.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    StartApiRequest [2] int client_id, text optional_capabilities;
    CurrentTimeRequest [1];
    CurrentTimeInMillisRequest [];
    IdsRequest [1] int num_ids;
    ManagedAccountsRequest [1];
    SetServerLogLevelRequest [1] int log_level;
    FamilyCodesRequest [];
    UserInfoRequest [] int req_id;
    SoftDollarTiersRequest [] int req_id;
    FARequest [1] int fa_data_type;
    QueryDisplayGroupsRequest [1] int req_id;
    SubscribeToGroupEventsRequest [1] int req_id, int group_id;
    UpdateDisplayGroupRequest [1] int req_id, text contract_info;
    UnsubscribeFromGroupEventsRequest [1] int req_id;
    VerifyRequest [1] text api_name, text api_version;
    VerifyMessageRequest [1] text api_data;
}

impl Layout for pb::FAReplace {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(1);
        lay!(tape, self => int fa_data_type, text xml, int req_id);
    }
}
