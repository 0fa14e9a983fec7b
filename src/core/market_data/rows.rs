//! What a batch holds: rows that can be counted, joined and split.

/// A run of items in arrival order.
pub trait Rows: Default + Send {
    /// Number of items.
    fn count(&self) -> usize;

    /// Moves the items of `newer` to the end; `newer` is empty afterwards and keeps its room.
    fn append(&mut self, newer: &mut Self);

    /// Takes all items away, leaving room for as many.
    fn take(&mut self) -> Self;

    /// Takes the items from `at` on away from the end.
    fn split_off(&mut self, at: usize) -> Self;
}

impl<T: Send> Rows for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn append(&mut self, newer: &mut Self) {
        Self::append(self, newer);
    }

    fn take(&mut self) -> Self {
        let room = Self::with_capacity(self.len());
        std::mem::replace(self, room)
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self::split_off(self, at)
    }
}
