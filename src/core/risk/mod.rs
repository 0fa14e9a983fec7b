//! Whether an order may be sent: pure rules over the order and what is known.
//!
//! | file | holds |
//! |---|---|
//! | `rules` | the rules, in their order |
//! | `violations` | the rules an order breaks, and the refusal made of them |

mod rules;
mod violations;

pub(crate) use rules::{check_limits, check_order};
pub(crate) use violations::Violations;
