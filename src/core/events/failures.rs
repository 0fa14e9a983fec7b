//! Failures: their category, and the newest of them.

use std::collections::VecDeque;

use time::OffsetDateTime;

use super::codes::{self, Subject};
use crate::error::{Error, ErrorKind};
use crate::model::{Failure, FailureCategory, LinkName, LinkNotice, NoticeClass};

/// Failures kept; those in a row that say the same count as one.
const KEPT: usize = 100;

/// The newest failures, the oldest first.
#[derive(Default)]
pub(super) struct History(VecDeque<Failure>);

impl History {
    /// Adds one.
    pub(super) fn add(&mut self, failure: &Failure) {
        if let Some(last) = self.0.back_mut().filter(|last| says_the_same(last, failure)) {
            last.count += 1;
            last.time = failure.time;
            return;
        }
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(failure.clone());
    }

    /// Those of one category, or all.
    pub(super) fn of(&self, category: Option<FailureCategory>) -> Vec<Failure> {
        let wanted = |failure: &&Failure| category.is_none_or(|only| failure.category == only);
        self.0.iter().filter(wanted).cloned().collect()
    }
}

fn says_the_same(one: &Failure, other: &Failure) -> bool {
    let said = |failure: &Failure| (failure.category, failure.code, failure.link);
    said(one) == said(other) && one.message == other.message
}

/// A failure, from the error it ended with.
pub(super) fn failure(error: &Error, link: Option<LinkName>, time: OffsetDateTime) -> Failure {
    let is_unknown = error.kind() == ErrorKind::OrderOutcomeUnknown;
    let named = |name| error.details().get(name).cloned();
    let order = named("key").or_else(|| named("order_id")).unwrap_or_else(|| "all orders".into());
    Failure {
        category: category(error),
        code: error.code(),
        message: error.message().to_owned(),
        link,
        order: is_unknown.then_some(order),
        time,
        count: 1,
    }
}

/// What a notice warns of; `None` for good news and for what is about an order that goes on.
pub(super) fn warning(notice: &LinkNotice) -> Option<Failure> {
    let category = match notice.class {
        _ if codes::subject(notice.code) == Some(Subject::GoodNews) => return None,
        NoticeClass::System | NoticeClass::Connection => FailureCategory::Connection,
        NoticeClass::Warning => FailureCategory::Warning,
        NoticeClass::Order | NoticeClass::Request | NoticeClass::Unknown => return None,
    };
    Some(Failure {
        category,
        code: Some(notice.code),
        message: notice.message.clone(),
        link: Some(notice.link),
        order: None,
        time: notice.time,
        count: 1,
    })
}

fn category(error: &Error) -> FailureCategory {
    match error.kind() {
        ErrorKind::NotConnected
        | ErrorKind::ConnectTimeout
        | ErrorKind::ConnectionLost
        | ErrorKind::ClientIdInUse
        | ErrorKind::CircuitOpen => FailureCategory::Connection,
        ErrorKind::HandshakeFailed => FailureCategory::Socket,
        ErrorKind::GatewayTooOld | ErrorKind::OrderOutcomeUnknown => FailureCategory::Severe,
        ErrorKind::LiveTradingDisabled | ErrorKind::ReadOnly => FailureCategory::Authorization,
        ErrorKind::MarketData
        | ErrorKind::NotEntitled
        | ErrorKind::StreamLagged
        | ErrorKind::LineLimit => FailureCategory::MarketData,
        ErrorKind::Order
        | ErrorKind::OrderRejected
        | ErrorKind::OrderRefused
        | ErrorKind::DuplicateOrderKey => FailureCategory::Order,
        ErrorKind::RequestTimeout
        | ErrorKind::StateUnknown
        | ErrorKind::Request
        | ErrorKind::ContractNotFound
        | ErrorKind::AmbiguousContract
        | ErrorKind::PacingViolation
        | ErrorKind::Config => requested(error),
    }
}

/// What a request was about that failed like any other.
fn requested(error: &Error) -> FailureCategory {
    let request = error.details().get("request").map(String::as_str);
    match (request, error.code().and_then(codes::subject)) {
        (Some("bars"), _) | (_, Some(Subject::History)) => FailureCategory::HistoricalData,
        (Some("quote" | "market_data" | "stream"), _) => FailureCategory::MarketData,
        (_, Some(Subject::Authorization)) => FailureCategory::Authorization,
        (_, Some(Subject::GoodNews) | None) => FailureCategory::Request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::Generation;

    fn failed(number: usize) -> Failure {
        let error = Error::new(ErrorKind::Request, format!("failure {number}"));
        failure(&error, None, OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_newest_hundred_are_kept_in_order() {
        let mut history = History::default();

        (0..250).for_each(|number| history.add(&failed(number)));

        let expected: Vec<_> = (150..250).map(failed).collect();
        assert_eq!(history.of(None), expected);
        assert_eq!(history.of(Some(FailureCategory::Severe)), []);
    }

    #[test]
    fn a_storm_of_one_failure_pushes_nothing_else_out() {
        let mut history = History::default();
        history.add(&failed(1));

        (0..1000).for_each(|_| history.add(&failed(2)));

        let counts: Vec<u64> = history.of(None).iter().map(|failure| failure.count).collect();
        assert_eq!(counts, [1, 1000]);
    }

    #[test]
    fn errors_fall_into_the_category_their_handlers_expect() {
        let plain = |kind| Error::new(kind, "text");
        let asked = |request| plain(ErrorKind::RequestTimeout).with_detail("request", request);
        let table = [
            (plain(ErrorKind::ConnectionLost), FailureCategory::Connection),
            (plain(ErrorKind::HandshakeFailed), FailureCategory::Socket),
            (plain(ErrorKind::GatewayTooOld), FailureCategory::Severe),
            (plain(ErrorKind::OrderOutcomeUnknown), FailureCategory::Severe),
            (plain(ErrorKind::ReadOnly), FailureCategory::Authorization),
            (plain(ErrorKind::NotEntitled), FailureCategory::MarketData),
            (plain(ErrorKind::OrderRejected).with_code(201), FailureCategory::Order),
            (plain(ErrorKind::PacingViolation).with_code(162), FailureCategory::HistoricalData),
            (plain(ErrorKind::Request).with_code(460), FailureCategory::Authorization),
            (asked("bars"), FailureCategory::HistoricalData),
            (asked("server_time"), FailureCategory::Request),
        ];

        for (error, expected) in table {
            assert_eq!(category(&error), expected, "{error:?}");
        }
    }

    #[test]
    fn notices_that_warn_are_failures_and_good_news_is_not() {
        let table = [
            (1100, Some(FailureCategory::Connection)),
            (1300, Some(FailureCategory::Connection)),
            (2103, Some(FailureCategory::Warning)),
            (1102, None),
            (2104, None),
            (2158, None),
            (399, None),
        ];

        for (code, expected) in table {
            let (class, meaning) = codes::meaning(code);
            let notice = LinkNotice {
                link: LinkName::Control,
                generation: Generation(1),
                code,
                message: String::new(),
                class,
                meaning,
                request_id: None,
                time: clock::now(),
            };
            assert_eq!(warning(&notice).map(|failure| failure.category), expected, "{code}");
        }
    }

    #[test]
    fn an_order_of_unknown_fate_is_named() {
        let error = Error::new(ErrorKind::OrderOutcomeUnknown, "text");
        let keyed = error.clone().with_detail("key", "mine").with_detail("order_id", 7);

        let order = |error| failure(&error, None, clock::now()).order;

        assert_eq!(order(keyed).as_deref(), Some("mine"));
        assert_eq!(order(error).as_deref(), Some("all orders"));
        assert_eq!(order(Error::new(ErrorKind::OrderRejected, "text")), None);
    }
}
