//! Conditions on an order: facts about prices, time, margin, trades and volume that must hold before
//! it works, or that cancel it. Pure: facts in, answer out.

use rust_decimal::Decimal;

use super::ids::ConId;

/// One fact to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) subject: Subject,
    /// Holds when the value is above the mark; else when below. Equality counts as both.
    pub(crate) is_more: bool,
    /// Joined to the condition after it by "and"; else by "or".
    pub(crate) is_and: bool,
}

/// What a condition looks at, and the mark it compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Price(ConId, Decimal),
    /// Epoch seconds.
    Time(i64),
    /// The cushion of the account, in percent.
    MarginPercent(Decimal),
    /// Any trade in this symbol and security type.
    Execution {
        symbol: String,
        security_type: String,
    },
    Volume(ConId, Decimal),
    /// Percent from the close before.
    PercentChange(ConId, Decimal),
}

/// All conditions of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) list: Vec<Condition>,
    /// Whether they cancel the order instead of letting it work.
    pub(crate) cancels: bool,
}

/// What conditions are judged by.
pub(crate) trait Facts {
    fn last(&self, con_id: ConId) -> Option<Decimal>;
    fn now(&self) -> i64;
    fn margin_percent(&self) -> Option<Decimal>;
    fn has_traded(&self, symbol: &str, security_type: &str) -> bool;
    fn volume(&self, con_id: ConId) -> Option<Decimal>;
    fn percent_change(&self, con_id: ConId) -> Option<Decimal>;
}

impl Conditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether they hold, joined from the first on; none at all hold.
    pub(crate) fn hold(&self, facts: &impl Facts) -> bool {
        let Some((first, rest)) = self.list.split_first() else { return true };
        let mut joins = first.is_and;
        let mut holds = first.holds(facts);
        for condition in rest {
            let this = condition.holds(facts);
            holds = if joins { holds && this } else { holds || this };
            joins = condition.is_and;
        }
        holds
    }

    /// The moments at which time alone may change the answer.
    pub(crate) fn moments(&self) -> impl Iterator<Item = i64> {
        self.list.iter().filter_map(|condition| match condition.subject {
            Subject::Time(moment) => Some(moment),
            _ => None,
        })
    }
}

impl Condition {
    fn holds(&self, facts: &impl Facts) -> bool {
        let reached = |value: Option<Decimal>, mark: Decimal| {
            value.is_some_and(|value| if self.is_more { value >= mark } else { value <= mark })
        };
        match &self.subject {
            Subject::Price(con_id, mark) => reached(facts.last(*con_id), *mark),
            Subject::Time(moment) => {
                reached(Some(Decimal::from(facts.now())), Decimal::from(*moment))
            }
            Subject::MarginPercent(mark) => reached(facts.margin_percent(), *mark),
            Subject::Execution { symbol, security_type } => facts.has_traded(symbol, security_type),
            Subject::Volume(con_id, mark) => reached(facts.volume(*con_id), *mark),
            Subject::PercentChange(con_id, mark) => reached(facts.percent_change(*con_id), *mark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(i64);

    impl Facts for At {
        fn last(&self, _: ConId) -> Option<Decimal> {
            Some(Decimal::from(100))
        }
        fn now(&self) -> i64 {
            self.0
        }
        fn margin_percent(&self) -> Option<Decimal> {
            None
        }
        fn has_traded(&self, symbol: &str, _: &str) -> bool {
            symbol == "AAPL"
        }
        fn volume(&self, _: ConId) -> Option<Decimal> {
            Some(Decimal::from(5_000))
        }
        fn percent_change(&self, _: ConId) -> Option<Decimal> {
            Some(Decimal::from(-3))
        }
    }

    fn condition(subject: Subject, is_more: bool, is_and: bool) -> Condition {
        Condition { subject, is_more, is_and }
    }

    #[test]
    fn test_each_subject_compares_its_own_value() {
        let id = ConId(1);
        let traded = |symbol: &str| Subject::Execution {
            symbol: symbol.into(),
            security_type: "STK".into(),
        };
        let cases = [
            (Subject::Price(id, Decimal::from(100)), true, true),
            (Subject::Price(id, Decimal::from(99)), false, false),
            (Subject::Time(50), true, true),
            (Subject::Time(61), true, false),
            (Subject::MarginPercent(Decimal::TEN), true, false),
            (Subject::Volume(id, Decimal::from(4_999)), true, true),
            (Subject::PercentChange(id, Decimal::from(-2)), false, true),
            (traded("AAPL"), true, true),
            (traded("IBM"), true, false),
        ];

        for (subject, is_more, expected) in cases {
            let list = vec![condition(subject.clone(), is_more, true)];
            let conditions = Conditions { list, cancels: false };
            assert_eq!(conditions.hold(&At(60)), expected, "{subject:?}");
        }
    }

    #[test]
    fn test_conditions_join_as_each_says_of_its_next() {
        let (yes, no) = (Subject::Time(0), Subject::Time(99));
        let cases = [(true, false), (false, true)];

        for (is_and, expected) in cases {
            let list =
                vec![condition(yes.clone(), true, is_and), condition(no.clone(), true, true)];
            assert_eq!(Conditions { list, cancels: false }.hold(&At(60)), expected);
        }
    }
}
