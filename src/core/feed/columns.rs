//! Ticks by column, bounded, with an exact count of what did not fit.

use super::Tick;

/// Ticks in arrival order, one vector per field. A price or size that is not there is NaN here,
/// because a column of doubles has no other way to say so.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TickColumns {
    /// Receive time of the read that brought the tick, nanoseconds since 1970 UTC.
    pub time: Vec<i64>,
    /// The request the gateway named.
    pub request_id: Vec<i32>,
    /// IB's tick type.
    pub tick_type: Vec<i32>,
    /// Price, or the value of a generic tick.
    pub price: Vec<f64>,
    /// Size.
    pub size: Vec<f64>,
    /// Attribute bits.
    pub attributes: Vec<u8>,
}

impl TickColumns {
    /// Number of ticks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Room for `ticks` ticks without another allocation.
    #[must_use]
    pub fn with_capacity(ticks: usize) -> Self {
        Self {
            time: Vec::with_capacity(ticks),
            request_id: Vec::with_capacity(ticks),
            tick_type: Vec::with_capacity(ticks),
            price: Vec::with_capacity(ticks),
            size: Vec::with_capacity(ticks),
            attributes: Vec::with_capacity(ticks),
        }
    }

    /// Adds one tick.
    #[inline]
    pub fn push(&mut self, time: i64, tick: &Tick) {
        self.time.push(time);
        self.request_id.push(tick.request_id);
        self.tick_type.push(tick.tick_type);
        self.price.push(tick.price.unwrap_or(f64::NAN));
        self.size.push(tick.size.unwrap_or(f64::NAN));
        self.attributes.push(tick.attributes);
    }

    /// Moves as many ticks as fit below `capacity` to the end of `self`; returns how many did not
    /// fit and were dropped. `newer` is empty afterwards.
    pub fn absorb(&mut self, newer: &mut Self, capacity: usize) -> usize {
        let fits = newer.len().min(capacity.saturating_sub(self.len()));
        let lost = newer.len() - fits;
        if self.is_empty() && lost == 0 {
            std::mem::swap(self, newer);
        } else {
            self.time.extend_from_slice(&newer.time[..fits]);
            self.request_id.extend_from_slice(&newer.request_id[..fits]);
            self.tick_type.extend_from_slice(&newer.tick_type[..fits]);
            self.price.extend_from_slice(&newer.price[..fits]);
            self.size.extend_from_slice(&newer.size[..fits]);
            self.attributes.extend_from_slice(&newer.attributes[..fits]);
        }
        newer.clear();
        lost
    }

    fn clear(&mut self) {
        self.time.clear();
        self.request_id.clear();
        self.tick_type.clear();
        self.price.clear();
        self.size.clear();
        self.attributes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(sizes: std::ops::Range<i32>) -> TickColumns {
        let mut columns = TickColumns::default();
        for request_id in sizes {
            let tick = Tick { request_id, tick_type: 4, price: None, size: None, attributes: 0 };
            columns.push(7, &tick);
        }
        columns
    }

    #[test]
    fn what_does_not_fit_is_counted_exactly() {
        let mut kept = columns(0..3);
        let mut newer = columns(3..10);

        let lost = kept.absorb(&mut newer, 8);

        assert_eq!((lost, kept.len(), newer.len()), (2, 8, 0));
        assert_eq!(kept.request_id, (0..8).collect::<Vec<_>>());
    }
}
