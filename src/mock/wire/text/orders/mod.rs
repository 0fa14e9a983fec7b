//! The three long layouts: an order as it is placed, as it works and when it is done (FORMAT sections
//! 5.1 to 5.3). What they have in common is in `parts`.

mod completed;
mod open;
mod parts;
mod place;

/// From this version on there is no advisor profile.
const NO_ADVISOR_PROFILE: i32 = 177;
const PEG_OFFSETS: i32 = 170;
const CUSTOMER_ACCOUNT: i32 = 183;
const PROFESSIONAL_CUSTOMER: i32 = 184;
const SUBMITTER: i32 = 198;
