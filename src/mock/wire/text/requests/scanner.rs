//! Scanners.

use crate::wire::pb;
use crate::wire::text::{Layout, Tape, lay, layouts};

layouts! {
    ScannerParametersRequest [1];
    CancelScannerSubscription [1] int req_id;
}

impl Layout for pb::ScannerSubscriptionRequest {
    fn lay(&mut self, tape: &mut Tape<'_>) {
        lay!(tape, self => int req_id);
        let scan = self.scanner_subscription.get_or_insert_default();
        lay!(tape, scan =>
            maybe_int number_of_rows, text instrument, text location_code, text scan_code,
            maybe_double above_price, maybe_double below_price, maybe_long above_volume,
            maybe_double market_cap_above, maybe_double market_cap_below,
            text moody_rating_above, text moody_rating_below,
            text sp_rating_above, text sp_rating_below,
            text maturity_date_above, text maturity_date_below,
            maybe_double coupon_rate_above, maybe_double coupon_rate_below,
            flag exclude_convertible, maybe_long average_option_volume_above,
            text scanner_setting_pairs, text stock_type_filter,
            tags scanner_subscription_filter_options, tags scanner_subscription_options);
    }
}
