//! Ways of the exchange that gateways differ in or that a test wants otherwise; each a setting.

/// How the exchange behaves where there is a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketRules {
    /// Instruments trade in their sessions only; otherwise the market is always open.
    pub keeps_hours: bool,
    /// A fill takes no more than the size shown at the best price, the rest waits for the next
    /// price or size (O57); otherwise every order fills whole.
    pub fills_by_size: bool,
    /// New orders are first shown as `PendingSubmit` (O4).
    pub shows_pending_submit: bool,
    /// Cancelled orders are first shown as `PendingCancel` (O4).
    pub shows_pending_cancel: bool,
    /// A client may cancel the orders of another by their ids (N3).
    pub cancels_across_clients: bool,
    /// Working orders are sent to a client when it connects (S15).
    pub sends_open_orders_on_connect: bool,
    /// An order without a time in force is told that it became DAY (10349).
    pub notes_default_tif: bool,
    /// A preview with a warning is answered twice, first without margins (O76).
    pub previews_twice: bool,
    /// Every state of an order is sent twice, word for word (O2).
    pub repeats_states: bool,
    /// IOC and FOK orders never fill, as on paper accounts (O31).
    pub kills_immediate: bool,
    /// A date without a zone is told to be taken in the gateway's: 2174 (O25).
    pub notes_missing_zone: bool,
    /// A stock order sent to one exchange is told of the precaution against it: 10311 (O25).
    pub notes_direct_routing: bool,
    /// Open orders are shown without their algorithm, as on paper accounts (O33).
    pub hides_algorithms: bool,
    /// A limit 20 % through the market or more is cancelled, as on paper accounts (O32).
    pub protects_prices: bool,
}
