//! What IB's tick types mean.

use crate::model::QuoteField;

/// The field of a quote that a price, size or generic tick moves; `None` for types a quote does not
/// keep.
#[inline]
#[must_use]
pub fn field(tick_type: i32) -> Option<QuoteField> {
    use QuoteField as Field;
    Some(match tick_type {
        1 | 66 => Field::Bid,
        2 | 67 => Field::Ask,
        4 | 68 => Field::Last,
        0 | 69 => Field::BidSize,
        3 | 70 => Field::AskSize,
        5 | 71 => Field::LastSize,
        6 | 72 => Field::High,
        7 | 73 => Field::Low,
        8 | 74 => Field::Volume,
        9 | 75 => Field::Close,
        14 | 76 => Field::Open,
        37 => Field::Mark,
        46 => Field::Shortable,
        49 => Field::Halted,
        89 => Field::ShortableShares,
        _ => return None,
    })
}

/// Whether a tick type carries delayed data.
#[must_use]
pub fn is_delayed(tick_type: i32) -> bool {
    matches!(tick_type, 66..=76 | 80..=83 | 88)
}
