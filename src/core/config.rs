//! What a caller may choose about a connection, with the defaults of the package.

use std::net::Ipv6Addr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::model::{
    AccountId, AlertRules, Breaker, ClientId, ClientIds, ConnectTries, FEED_OFFSET, FEED_SPARE,
    Keepalive, LineBudget, MarketDataType, Pacing, Reconnect, RiskLimits,
};

pub use crate::model::MINIMUM_SERVER_VERSION;

/// Everything `connect` may be told. Construct with [`Config::default`] and change fields.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address of the gateway.
    pub host: String,
    /// TCP port of the gateway.
    pub port: u16,
    /// Client id, 0 included.
    pub client_id: ClientId,
    /// Take the first id of these that no program of this machine holds, in place of `client_id`.
    pub client_ids: Option<ClientIds>,
    /// The account to act for; without one, the only managed account, else the first.
    pub account: Option<AccountId>,
    /// Time allowed for the whole first connect, all tries included.
    pub connect_timeout: Duration,
    /// Pauses between the tries of a first connect; one try more than pauses.
    pub connect_pauses: Vec<Duration>,
    /// Keep trying for ever instead of giving up after the tries.
    pub wait: bool,
    /// How a lost link is opened again; `None` leaves it to the next `open`.
    pub reconnect: Option<Reconnect>,
    /// How often, how far apart and for how long to try, by failures in a row; where no row holds, the
    /// pauses above do. The first connect stays within its time all the same.
    pub tries: Vec<ConnectTries>,
    /// When a gateway that fails is left alone; `None` never does.
    pub breaker: Option<Breaker>,
    /// How a silent link is judged; `None` trusts it until the socket ends.
    pub keepalive: Option<Keepalive>,
    /// Default deadlines of requests.
    pub deadlines: Deadlines,
    /// Allow orders to an account that is not a paper account.
    pub allow_live: bool,
    /// Refuse everything that changes an order.
    pub read_only: bool,
    /// Market data asked for first; delayed data is used when live is not entitled.
    pub market_data_type: MarketDataType,
    /// Fall back to delayed data when live data is not entitled.
    pub delayed_fallback: bool,
    /// Open a feed link when a stream needs it; without one, streams are refused.
    pub feed: bool,
    /// Client id of the feed link; `None` is `client_id` + 1000. The next eight are tried as well; with
    /// `client_ids`, eight that no other of them has.
    pub feed_client_id: Option<ClientId>,
    /// Lines the account may have open.
    pub lines: LineBudget,
    /// How long a stream may be silent after an outage of a farm before it is asked for again, if it
    /// was not silent before.
    pub stale_after: Duration,
    /// How fast this process may send to the gateway; `None` sends at once, uncounted.
    pub pacing: Option<Pacing>,
    /// When alerts are raised, and when outages are expected.
    pub alerts: AlertRules,
    /// Risk limits of every order; `None` applies the safety rules only.
    pub risk: Option<RiskLimits>,
}

/// Default deadline per kind of request; every call may give its own.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Account values and P&L.
    pub account: Duration,
    /// Placing, changing and cancelling orders.
    pub order: Duration,
    /// Positions.
    pub positions: Duration,
    /// One quote, or the first tick of a stream.
    pub market_data: Duration,
    /// Historical data.
    pub history: Duration,
    /// Everything else that is read.
    pub read: Duration,
    /// Each download that makes a link ready (accounts, positions, orders, executions), counted
    /// from its last row: after this it is asked for again.
    pub download: Duration,
    /// Closing: after this the socket is dropped.
    pub close: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            account: Duration::from_secs(10),
            order: Duration::from_secs(5),
            positions: Duration::from_secs(10),
            market_data: Duration::from_secs(5),
            history: Duration::from_secs(60),
            read: Duration::from_secs(10),
            download: Duration::from_secs(10),
            close: Duration::from_secs(2),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 4002,
            client_id: ClientId(1),
            client_ids: None,
            account: None,
            connect_timeout: Duration::from_secs(10),
            connect_pauses: vec![Duration::from_secs(1), Duration::from_secs(2)],
            wait: false,
            reconnect: Some(Reconnect::default()),
            tries: Vec::new(),
            breaker: Some(Breaker::default()),
            keepalive: Some(Keepalive::default()),
            deadlines: Deadlines::default(),
            allow_live: false,
            read_only: false,
            market_data_type: MarketDataType::Live,
            delayed_fallback: true,
            feed: true,
            feed_client_id: None,
            stale_after: Duration::from_secs(10),
            lines: LineBudget::default(),
            pacing: Some(Pacing::default()),
            alerts: AlertRules::default(),
            risk: None,
        }
    }
}

impl Config {
    /// Refuses values no connection could be made with.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the field, its value and the range.
    pub fn validate(&self) -> Result<()> {
        check_host(&self.host)?;
        if self.port == 0 {
            return Err(Error::config("port 0 is not a gateway port: give 1 to 65535"));
        }
        if self.client_id.0 < 0 {
            return Err(Error::config(format!(
                "client_id {} is negative: give 0 or more",
                self.client_id.0
            )));
        }
        if let Some(AccountId(account)) =
            self.account.as_ref().filter(|id| id.0.chars().any(char::is_whitespace))
        {
            return Err(Error::config(format!("account {account:?} has a blank in it")));
        }
        if let Some(feed) = self.feed_client_id.filter(|feed| feed.0 < 0 || *feed == self.client_id)
        {
            return Err(Error::config(format!(
                "feed_client_id {feed}: give 0 or more, another than client_id"
            )));
        }
        if self.feed_client_id.is_some() && self.client_ids.is_some() {
            return Err(Error::config(
                "feed_client_id: leave it out with client_ids, whose feeds need an id each",
            ));
        }
        if self.keepalive.is_some_and(|rules| {
            [rules.idle, rules.probe_timeout, rules.give_up, rules.spacing]
                .contains(&Duration::ZERO)
        }) {
            return Err(Error::config("keepalive: give positive times, or None to ask nothing"));
        }
        if self.breaker.is_some_and(|rules| rules.failures == 0) {
            return Err(Error::config(
                "breaker: failures 0: give 1 or more, or None for no breaker",
            ));
        }
        if self.tries.iter().any(|row| row.count == 0 || row.timeout.is_zero()) {
            return Err(Error::config("tries: give 1 or more tries, and each a positive timeout"));
        }
        if let Some(rules) = self.reconnect.filter(|rules| rules.jitter_percent > 100) {
            let percent = rules.jitter_percent;
            return Err(Error::config(format!(
                "reconnect jitter_percent {percent}: give 0 to 100"
            )));
        }
        if self.pacing.is_some_and(|pacing| pacing.messages_per_second == 0) {
            return Err(Error::config("messages_per_second is 0: give 1 or more, or no pacing"));
        }
        if self.connect_timeout.is_zero() {
            return Err(Error::config("timeout is 0: give a positive number of seconds"));
        }
        Ok(())
    }

    /// Client ids the feed link may have, the preferred one first.
    #[must_use]
    pub fn feed_client_ids(&self) -> Vec<ClientId> {
        let above = self.client_id.0.saturating_add(FEED_OFFSET);
        let first = self.feed_client_id.map_or(above, |id| id.0);
        let stride = self.client_ids.map_or(1, ClientIds::stride);
        let ids = (0..=FEED_SPARE).filter_map(|n| first.checked_add(n * stride).map(ClientId));
        ids.filter(|id| *id != self.client_id).collect()
    }

    /// `host:port`, for messages and sockets.
    #[must_use]
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}

/// A name or an address alone, as it is looked up.
fn check_host(host: &str) -> Result<()> {
    if host.trim().is_empty() {
        return Err(Error::config("host is empty: give the gateway's host name or address"));
    }
    let refused = |why: String| Err(Error::config(format!("host {host:?} {why}")));
    if let Some((_, rest)) = host.split_once("://") {
        let name = rest.split(['/', ':']).next().unwrap_or_default();
        return refused(format!("is a URL: give the name or address alone, {name:?}"));
    }
    if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return refused("has a blank in it: give the name or address alone".to_owned());
    }
    if host.contains(['/', '@', '?', '#', '[', ']', ',']) {
        return refused("is no host: give the name or address alone, such as \"::1\"".to_owned());
    }
    let address = host.split('%').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some(_) if address.parse::<Ipv6Addr>().is_ok() => Ok(()),
        Some((name, port)) if !name.contains(':') => {
            refused(format!("names a port: give host {name:?} and port {port}"))
        }
        Some(_) => refused("is no address of IP version 6: give one such as \"::1\"".to_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_alone() {
        let good = ["gateway", "gw.example", "my_gateway-1", "127.0.0.1", "::1", "fe80::1%eth0"];
        let bad = [
            ("", "is empty"),
            ("http://gw:4002", "give the name or address alone, \"gw\""),
            ("gw:4002", "give host \"gw\" and port 4002"),
            ("gw 1", "has a blank"),
            (" gw", "has a blank"),
            ("gw\n", "has a blank"),
            ("[::1]:4002", "such as \"::1\""),
            ("gw/", "is no host"),
            ("me@gw", "is no host"),
            ("1:2:3", "IP version 6"),
        ];

        for host in good {
            assert!(check_host(host).is_ok(), "{host}");
        }
        for (host, complaint) in bad {
            let error = check_host(host).unwrap_err();
            assert!(error.message().contains(complaint), "{error}");
        }
    }

    #[test]
    fn no_two_ids_of_a_range_have_a_feed_id_in_common() {
        let ids = ClientIds::new(ClientId(1), ClientId(1000)).unwrap();
        let feeds = |id| {
            let config = Config { client_id: id, client_ids: Some(ids), ..Config::default() };
            config.feed_client_ids()
        };

        let all: Vec<_> = ids.iter().flat_map(feeds).collect();

        assert_eq!(all.len(), 9 * 1000);
        assert_eq!(
            all.iter().chain(&ids.iter().collect::<Vec<_>>()).collect::<BTreeSet<_>>().len(),
            10_000
        );
    }
}
