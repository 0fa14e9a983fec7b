//! Accounts, positions, profit and loss.

use crate::wire::text::layouts;

layouts! {
    AccountDataRequest [2] flag subscribe, text acct_code;
    AccountSummaryRequest [1] int req_id, text group, text tags;
    CancelAccountSummary [1] int req_id;
    PositionsRequest [1];
    CancelPositions [1];
    PositionsMultiRequest [1] int req_id, text account, text model_code;
    CancelPositionsMulti [1] int req_id;
    AccountUpdatesMultiRequest [1] int req_id, text account, text model_code, flag ledger_and_nlv;
    CancelAccountUpdatesMulti [1] int req_id;
    PnLRequest [] int req_id, text account, text model_code;
    CancelPnL [] int req_id;
    PnLSingleRequest [] int req_id, text account, text model_code, int con_id;
    CancelPnLSingle [] int req_id;
}
