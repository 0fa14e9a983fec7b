//! Accounts, positions, profit and loss. Positions have no empty numbers: clients count and parse
//! every field.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, contract, lay, layouts};

layouts! {
    AccountValue [2] text key, text value, text currency, text account_name;
    AccountUpdateTime [1] text time_stamp;
    AccountDataEnd [1] text account_name;
    AccountSummary [1] int req_id, text account, text tag, text value, text currency;
    AccountSummaryEnd [1] int req_id;
    PositionEnd [1];
    PositionMultiEnd [1] int req_id;
    AccountUpdateMulti [1] int req_id, text account, text model_code, text key, text value,
        text currency;
    AccountUpdateMultiEnd [1] int req_id;
    PnL [] int req_id, double_or_unset daily_pnl, double_or_unset unrealized_pnl,
        double_or_unset realized_pnl;
    PnLSingle [] int req_id, decimal position, double_or_unset daily_pnl,
        double_or_unset unrealized_pnl, double_or_unset realized_pnl, double_or_unset value;
}

impl Layout for pb::PortfolioValue {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(8);
        let contract = self.contract.get_or_insert_default();
        lay!(tape, contract =>
            int con_id, text symbol, text sec_type, text last_trade_date_or_contract_month,
            strike strike, text right, maybe_double multiplier, text primary_exch, text currency,
            text local_symbol, text trading_class);
        lay!(tape, self =>
            decimal position, double market_price, double market_value, double average_cost,
            double unrealized_pnl, double realized_pnl, text account_name);
    }
}

impl Layout for pb::Position {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(3);
        lay!(tape, self => text account);
        contract::shown(tape, &mut self.contract);
        lay!(tape, self => decimal position, double avg_cost);
    }
}

impl Layout for pb::PositionMulti {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        tape.version_field(1);
        lay!(tape, self => int req_id, text account);
        contract::shown(tape, &mut self.contract);
        lay!(tape, self => decimal position, double avg_cost, text model_code);
    }
}
