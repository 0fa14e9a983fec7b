//! Numbers of different meaning, kept apart by type.

/// The number a client connects under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) i32);

/// The number a client gives one of its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OrderId(pub(crate) i32);

/// The permanent number of an order, unique over all clients and accounts (I7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PermId(pub(crate) i64);

/// The number of a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConId(pub(crate) i32);

/// Orders entered by hand have this in place of a client's number; it is no number a client can use.
const BY_HAND: ClientId = ClientId(i32::MIN);

/// What names an order to the client that placed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    pub(crate) client: ClientId,
    pub(crate) order: OrderId,
}

impl OrderKey {
    /// The key of an order entered by hand; these count down from -1 (I8).
    pub(crate) const fn by_hand(number: i32) -> Self {
        Self { client: BY_HAND, order: OrderId(-number) }
    }

    pub(crate) fn is_manual(self) -> bool {
        self.client == BY_HAND
    }
}
