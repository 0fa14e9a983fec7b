//! The figures of an account: what its books are worth at present prices, and the rows shown of it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::instrument::{Instrument, SecurityKind};
use super::ledger::{BASE_CURRENCY, Holding, Ledger};
use super::money::Money;
use super::number::money;

/// A holding valued at a price.
#[derive(Clone, Debug)]
pub(crate) struct Valued<'a> {
    pub(crate) instrument: &'a Instrument,
    pub(crate) holding: &'a Holding,
    /// Price per unit, without the multiplier.
    pub(crate) mark: Decimal,
}

impl Valued<'_> {
    pub(crate) fn value(&self) -> Decimal {
        self.holding.quantity * self.mark * self.instrument.multiplier
    }

    pub(crate) fn unrealized(&self) -> Decimal {
        self.value() - self.holding.cost
    }

    pub(crate) fn daily(&self) -> Decimal {
        self.value() - self.holding.day_cost
    }

    fn margin(&self) -> Decimal {
        self.value().abs() * margin_rate(self.instrument.kind)
    }
}

/// Share of a position's value that is tied up by it.
pub(crate) fn margin_rate(kind: SecurityKind) -> Decimal {
    match kind {
        SecurityKind::Stock => Decimal::new(25, 2),
        SecurityKind::Cash => Decimal::new(3, 2),
        SecurityKind::Future => Decimal::new(8, 2),
        SecurityKind::Option
        | SecurityKind::Crypto
        | SecurityKind::FutureOption
        | SecurityKind::Fund
        | SecurityKind::Warrant => Decimal::ONE,
        SecurityKind::Bond | SecurityKind::Cfd => Decimal::new(20, 2),
        SecurityKind::Index => Decimal::ZERO,
    }
}

/// Profit and loss of an account or a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProfitAndLoss {
    pub(crate) daily: Decimal,
    pub(crate) unrealized: Decimal,
    pub(crate) realized: Decimal,
}

/// The sums over an account everything else is shown from.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Per currency, and all of it in the base currency.
    pub(crate) balances: Money,
    pub(crate) cash: Decimal,
    pub(crate) stock_value: Decimal,
    pub(crate) future_gains: Decimal,
    pub(crate) gross_value: Decimal,
    pub(crate) margin: Decimal,
    pub(crate) pnl: ProfitAndLoss,
}

impl Figures {
    /// Everything in the base currency, at these rates.
    pub(crate) fn of<'a>(
        ledger: &Ledger,
        valued: impl Iterator<Item = Valued<'a>>,
        rate: impl Fn(&str) -> Decimal,
    ) -> Self {
        let pnl = ProfitAndLoss {
            daily: ledger.day_realized.total(&rate),
            unrealized: Decimal::ZERO,
            realized: ledger.realized.total(&rate),
        };
        let mut figures = Self {
            balances: ledger.cash.clone(),
            cash: ledger.cash.total(&rate),
            stock_value: Decimal::ZERO,
            future_gains: Decimal::ZERO,
            gross_value: Decimal::ZERO,
            margin: Decimal::ZERO,
            pnl,
        };
        valued.for_each(|position| figures.add(&position, rate(&position.instrument.currency)));
        figures
    }

    fn add(&mut self, position: &Valued<'_>, rate: Decimal) {
        let kind = position.instrument.kind;
        if kind == SecurityKind::Cash {
            // Its currencies are counted with the cash.
        } else if kind.is_paid_in_full() {
            self.stock_value += position.value() * rate;
            self.gross_value += position.value().abs() * rate;
        } else {
            // Cash has paid the commissions already.
            self.future_gains += (position.unrealized() + position.holding.fees) * rate;
        }
        self.margin += position.margin() * rate;
        self.pnl.daily += position.daily() * rate;
        self.pnl.unrealized += position.unrealized() * rate;
    }

    pub(crate) fn net_liquidation(&self) -> Decimal {
        self.cash + self.stock_value + self.future_gains
    }

    pub(crate) fn available_funds(&self) -> Decimal {
        self.net_liquidation() - self.margin
    }

    /// Four times what is available, as a margin account may trade within a day.
    pub(crate) fn buying_power(&self) -> Decimal {
        self.available_funds().max(Decimal::ZERO) * Decimal::from(4)
    }

    /// Share of the account that is not tied up, to four places.
    pub(crate) fn cushion(&self) -> Decimal {
        match self.net_liquidation() {
            net if net.is_zero() => Decimal::ZERO,
            net => (self.available_funds() / net).round_dp(4),
        }
    }
}

/// A row is named by its tag and its currency; the currency is empty where none applies.
pub(crate) type Rows = BTreeMap<(String, String), String>;

/// Every row an account summary can ask for.
pub(crate) fn summary_rows(figures: &Figures) -> Rows {
    let mut rows = Rows::new();
    for (tag, value) in margin_rows(figures) {
        rows.insert((tag.to_owned(), BASE_CURRENCY.to_owned()), money(value));
    }
    for (tag, value) in plain_rows(figures) {
        rows.insert((tag.to_owned(), String::new()), value);
    }
    rows
}

/// Every row of the account updates: those of the summary, the cash rows of the currency and `BASE`
/// (A7), and facts about the account.
pub(crate) fn update_rows(
    account: &str,
    figures: &Figures,
    rate: impl Fn(&str) -> Decimal,
) -> Rows {
    let mut rows = summary_rows(figures);
    for currency in [BASE_CURRENCY, "BASE"] {
        for (tag, value) in currency_rows(figures) {
            rows.insert((tag.to_owned(), currency.to_owned()), money(value));
        }
        rows.insert(("Currency".into(), currency.into()), currency.to_owned());
        rows.insert(("ExchangeRate".into(), currency.into()), "1.00".to_owned());
    }
    // The base currency's own rows show everything unless other currencies are held beside it.
    for currency in figures.balances.currencies() {
        let balance = figures.balances.get(currency);
        for tag in ["CashBalance", "TotalCashBalance"] {
            rows.insert((tag.to_owned(), currency.to_owned()), money(balance));
        }
        rows.insert(("Currency".into(), currency.into()), currency.to_owned());
        let shown = if currency == BASE_CURRENCY {
            "1.00".to_owned()
        } else {
            rate(currency).round_dp(7).normalize().to_string()
        };
        rows.insert(("ExchangeRate".into(), currency.into()), shown);
    }
    rows.insert(("AccountCode".into(), String::new()), account.to_owned());
    rows.insert(("AccountReady".into(), String::new()), "true".to_owned());
    rows
}

fn margin_rows(figures: &Figures) -> [(&'static str, Decimal); 20] {
    let (net, available) = (figures.net_liquidation(), figures.available_funds());
    [
        ("AccruedCash", Decimal::ZERO),
        ("AvailableFunds", available),
        ("BuyingPower", figures.buying_power()),
        ("EquityWithLoanValue", net),
        ("ExcessLiquidity", available),
        ("FullAvailableFunds", available),
        ("FullExcessLiquidity", available),
        ("FullInitMarginReq", figures.margin),
        ("FullMaintMarginReq", figures.margin),
        ("GrossPositionValue", figures.gross_value),
        ("InitMarginReq", figures.margin),
        ("LookAheadAvailableFunds", available),
        ("LookAheadExcessLiquidity", available),
        ("LookAheadInitMarginReq", figures.margin),
        ("LookAheadMaintMarginReq", figures.margin),
        ("MaintMarginReq", figures.margin),
        ("NetLiquidation", net),
        ("PreviousDayEquityWithLoanValue", net - figures.pnl.daily),
        ("SettledCash", figures.cash),
        ("TotalCashValue", figures.cash),
    ]
}

fn plain_rows(figures: &Figures) -> [(&'static str, String); 5] {
    let net = figures.net_liquidation();
    let leverage = if net.is_zero() { net } else { (figures.gross_value / net).round_dp(2) };
    [
        ("AccountType", "INDIVIDUAL".to_owned()),
        ("Cushion", figures.cushion().normalize().to_string()),
        ("DayTradesRemaining", "-1".to_owned()),
        ("Leverage", format!("{leverage:.2}")),
        ("LookAheadNextChange", "0".to_owned()),
    ]
}

fn currency_rows(figures: &Figures) -> [(&'static str, Decimal); 8] {
    [
        ("CashBalance", figures.cash),
        ("TotalCashBalance", figures.cash),
        ("AccruedCash", Decimal::ZERO),
        ("StockMarketValue", figures.stock_value),
        ("FuturesPNL", figures.future_gains),
        ("NetLiquidationByCurrency", figures.net_liquidation()),
        ("UnrealizedPnL", figures.pnl.unrealized),
        ("RealizedPnL", figures.pnl.realized),
    ]
}

/// An account of the login: its books and the figures a test put in place of computed ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) ledger: Ledger,
    pub(crate) shown_values: Rows,
    pub(crate) shown_pnl: Option<ProfitAndLoss>,
}
