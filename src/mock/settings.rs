//! What a mock gateway is started with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use time::OffsetDateTime;

use crate::error::Error;
use crate::exchange::MarketRules;
use crate::limits::Limits;
use crate::prices::PriceSeries;
use crate::profile::Profile;
use crate::replay::Replay;
use crate::scenario::Scenario;

/// The lowest and highest server versions this gateway can speak.
pub const SERVER_VERSIONS: std::ops::RangeInclusive<i32> = 157..=226;

/// What a mock gateway is started with; every field has a default fit for tests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address to listen on. Refused unless loopback or `allow_non_loopback` is set.
    pub host: IpAddr,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// Accounts of the login, each a 1,000,000 USD cash account without positions.
    pub accounts: Vec<String>,
    /// Seed of the starting prices and of the history.
    pub seed: u64,
    /// Lowest server version offered; a client below it is disconnected.
    pub min_server_version: i32,
    /// Highest server version offered.
    pub max_server_version: i32,
    /// Size of the receive buffer of accepted sockets, in bytes; `None` leaves the system's.
    pub receive_buffer: Option<u32>,
    /// Most bytes that may wait for a client that does not read; with more it is disconnected.
    pub unread_limit: usize,
    /// Writes one line to standard error for each request received.
    pub print_requests: bool,
    /// Permits listening where other machines can connect.
    pub allow_non_loopback: bool,
    /// What the market's clock shows at the start and after a reset; `None`: what the wall clock does.
    pub starts_at: Option<OffsetDateTime>,
    /// How many times as fast as the wall clock the market's time runs.
    pub speed: f64,
    /// The client that sees the orders, executions and commissions of all others (N4).
    pub master_client: Option<i32>,
    /// permId of the first order, 1 to 2147483647, also after a reset: a gateway that gives its ids
    /// again. `None` gives none twice, neither after a reset nor in the next process (I7).
    pub first_perm_id: Option<i64>,
    /// Ways of the market.
    pub market: MarketRules,
    /// How long a snapshot with every tick stays open before its end frame.
    pub snapshot_settle: Duration,
    /// How long a snapshot with missing ticks stays open; a real gateway takes 11 s (M17).
    pub snapshot_timeout: Duration,
    /// How often real-time bars come; five seconds on a real gateway.
    pub real_time_bar: Duration,
    /// Which of IB's limits hold; see [`Limits`] for what is on by default.
    pub limits: Limits,
    /// How the gateway itself is set up.
    pub profile: Profile,
    /// What happens to the gateway in the course of time.
    pub scenario: Option<Scenario>,
    /// Prices played from the start, and again after a reset.
    pub prices: Option<PriceSeries>,
    /// Answers clients from a recording instead of from a market; faults, limits and the counts of
    /// clients and requests are about a market and do not apply.
    pub replay: Option<Replay>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            accounts: vec!["DU1234567".to_owned()],
            seed: 1,
            min_server_version: *SERVER_VERSIONS.start(),
            max_server_version: *SERVER_VERSIONS.end(),
            receive_buffer: None,
            // Four frames of the longest kind.
            unread_limit: 64 * 1024 * 1024,
            print_requests: false,
            allow_non_loopback: false,
            starts_at: None,
            speed: 1.0,
            master_client: None,
            first_perm_id: None,
            market: MarketRules::default(),
            snapshot_settle: Duration::from_millis(20),
            snapshot_timeout: Duration::from_secs(11),
            real_time_bar: Duration::from_secs(5),
            limits: Limits::default(),
            profile: Profile::default(),
            scenario: None,
            prices: None,
            replay: None,
        }
    }
}

impl Settings {
    pub(crate) fn listen_address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if !self.host.is_loopback() && !self.allow_non_loopback {
            return Err(Error::NotLoopback(self.host));
        }
        if self.replay.as_ref().is_some_and(|replay| !(0.0..).contains(&replay.speed)) {
            return Err(Error::BadNumber("replay_speed"));
        }
        if self.accounts.is_empty() || self.accounts.iter().any(|name| !is_account_name(name)) {
            return Err(Error::BadAccounts);
        }
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return Err(Error::BadNumber("speed"));
        }
        if self.first_perm_id.is_some_and(|first| !(1..=i64::from(i32::MAX)).contains(&first)) {
            return Err(Error::BadNumber("first_perm_id"));
        }
        let (min, max) = (self.min_server_version, self.max_server_version);
        match SERVER_VERSIONS.contains(&min) && SERVER_VERSIONS.contains(&max) && min <= max {
            true => Ok(()),
            false => Err(Error::BadServerVersions { min, max }),
        }
    }
}

fn is_account_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_settings_that_cannot_work_are_refused() {
        let good = Settings::default();
        let open = Settings { host: Ipv4Addr::UNSPECIFIED.into(), ..good.clone() };
        let cases = [
            (good.clone(), true),
            (open.clone(), false),
            (Settings { allow_non_loopback: true, ..open }, true),
            (Settings { accounts: Vec::new(), ..good.clone() }, false),
            (Settings { accounts: vec!["DU1,DU2".into()], ..good.clone() }, false),
            (Settings { speed: 0.0, ..good.clone() }, false),
            (Settings { first_perm_id: Some(1), ..good.clone() }, true),
            (Settings { first_perm_id: Some(0), ..good.clone() }, false),
            (Settings { first_perm_id: Some(1 << 31), ..good.clone() }, false),
            (Settings { min_server_version: 156, ..good.clone() }, false),
            (Settings { min_server_version: 220, max_server_version: 219, ..good }, false),
        ];

        for (settings, expected) in cases {
            assert_eq!(settings.check().is_ok(), expected, "{settings:?}");
        }
    }
}
