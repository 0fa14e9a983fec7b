//! The only module that reads the wall clock; everything else receives instants. Also the
//! deadline every await of this crate carries.

use std::future::Future;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};

/// Longest wait a deadline stands for; a longer request is cut to this.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The present moment in UTC.
#[must_use]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The moment so many nanoseconds after 1970 began; every `i64` is one.
#[must_use]
pub fn at(nanoseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).ok()
}

/// The moment by which an await ends, and how long the caller allowed.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    at: Instant,
    within: Duration,
}

impl Deadline {
    /// A deadline `within` from now.
    #[must_use]
    pub fn after(within: Duration) -> Self {
        let within = within.min(LONGEST);
        Self { at: Instant::now() + within, within }
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Instant {
        self.at
    }

    /// How long the caller allowed.
    #[must_use]
    pub fn within(self) -> Duration {
        self.within
    }

    /// Time left; zero once passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The earlier of this deadline and `within` from now.
    #[must_use]
    pub fn at_most(self, within: Duration) -> Self {
        if within < self.remaining() { Self::after(within) } else { self }
    }

    /// The error of a request that ran out of time.
    #[must_use]
    pub fn missed(self, request: &str) -> Error {
        let seconds = self.within.as_secs_f64();
        Error::new(
            ErrorKind::RequestTimeout,
            format!("{request}: the gateway did not answer within {seconds} s"),
        )
        .with_detail("request", request)
        .with_detail("timeout", seconds)
    }

    /// Runs `future` until this deadline.
    ///
    /// # Errors
    /// The future's own, or `RequestTimeout` naming `request` and the seconds allowed.
    pub async fn bound<T>(
        self,
        request: &str,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match tokio::time::timeout_at(self.at, future).await {
            Ok(result) => result,
            Err(_) => Err(self.missed(request)),
        }
    }
}
