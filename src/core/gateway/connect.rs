//! Opening one link: socket, handshake, and the streams that must exist before anything is asked.

use std::sync::Arc;
use std::time::Duration;

use ibapi::Error as WireError;
use ibapi::subscriptions::NoticeStream;

use super::link::Link;
use super::{probe, zones};
use crate::error::{Error, ErrorKind};
use crate::events::LinkEvents;
use crate::lease::Seats;
use crate::model::{AccountId, Generation, MINIMUM_SERVER_VERSION, Retry};
use crate::pacing::{Pace, Urgency};
use crate::stranger;

/// Frames a request may leave unread before the oldest are dropped (and the drop is reported).
const CHANNEL_CAPACITY: usize = 256;

/// Where to connect and as whom.
#[derive(Clone)]
pub(crate) struct LinkOptions {
    /// `host:port`.
    pub(crate) address: String,
    /// The client id announced at START_API, and who else holds it.
    pub(crate) seats: Arc<Seats>,
    /// The account that the login has to manage.
    pub(crate) account: Option<AccountId>,
    /// Takes the turns of what its links send.
    pub(crate) pace: Pace,
    /// Told of what the gateway says within a subscription.
    pub(crate) events: LinkEvents,
    /// Least time between two questions about the gateway's time on one link; zero for none.
    pub(crate) time_spacing: Duration,
}

/// What the crate says of a next order id that orders cannot have; it names the id beside.
const EXHAUSTED: &str = "next valid order id";

/// Why a try to open a link failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The error a caller sees if this was the last try.
    pub(crate) error: Error,
    /// Whether to try again.
    pub(crate) retry: Retry,
}

/// A link whose handshake is complete, before its streams are open.
pub(crate) struct Opening {
    client: ibapi::Client,
    notices: NoticeStream,
}

impl LinkOptions {
    /// Opens the socket and completes the handshake, within `within`.
    pub(crate) async fn open(&self, within: Duration) -> Result<Opening, Failure> {
        zones::teach();
        let handshake = ibapi::Client::builder()
            .address(self.address.clone())
            .client_id(self.seats.client_id().0)
            .max_reconnect_attempts(0)
            .channel_capacity(CHANNEL_CAPACITY)
            .tcp_no_delay(true)
            .connect_with_notice_stream();
        // START_API is the first message that counts.
        let handshake = async {
            self.pace.turn(Urgency::Ordinary).await;
            handshake.await
        };
        match tokio::time::timeout(within, handshake).await {
            Ok(Ok((client, notices))) => Ok(Opening { client, notices }),
            Ok(Err(WireError::ConnectionRejected(text))) if text.contains(EXHAUSTED) => {
                Err(self.exhausted(&text))
            }
            Ok(Err(error @ WireError::ConnectionRejected(_))) => Err(self.hung_up(error).await),
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => Err(self.silence(within)),
        }
    }

    /// A gateway that closed the socket: too old, if it says so when asked.
    async fn hung_up(&self, error: WireError) -> Failure {
        match probe::offered_version(&self.address).await {
            Some(offered) if offered < MINIMUM_SERVER_VERSION => self.too_old(offered),
            _ => self.failure(error),
        }
    }

    fn too_old(&self, offered: i32) -> Failure {
        let message = format!(
            "{} offers server version {offered}, {MINIMUM_SERVER_VERSION} or newer is needed: \
             update the gateway",
            self.address
        );
        let error = Error::new(ErrorKind::GatewayTooOld, message)
            .with_detail("offered", offered)
            .with_detail("needed", MINIMUM_SERVER_VERSION);
        Failure { error, retry: Retry::Never }
    }

    fn silence(&self, within: Duration) -> Failure {
        let seconds = within.as_secs_f64();
        let message = format!(
            "{} did not complete the handshake in {seconds:.1} s: nothing answers there, or the \
             gateway is starting or asks its user whether to accept the connection",
            self.address
        );
        let error = Error::new(ErrorKind::HandshakeFailed, message);
        Failure { error, retry: Retry::MayPass }
    }

    /// A gateway whose next order id is one that orders cannot have.
    fn exhausted(&self, text: &str) -> Failure {
        let message = format!(
            "no orders can be placed at {}: its {text}. Some program took its order ids from a clock: \
             reset the order ids in the API settings of the gateway, or use another client id",
            self.address
        );
        let error = Error::new(ErrorKind::HandshakeFailed, message);
        Failure { error, retry: Retry::Never }
    }

    fn failure(&self, error: WireError) -> Failure {
        let address = &self.address;
        if let WireError::ServerVersion(_, offered, _) = &error {
            return self.too_old(*offered);
        }
        if let WireError::ClientIdInUse { .. } = &error {
            let error = self.seats.in_use().with_source(error);
            return Failure { error, retry: Retry::Held };
        }
        let (kind, retry, message) = match &error {
            WireError::InvalidFrame(_) | WireError::Parse(..) | WireError::ParseInt(_) => (
                ErrorKind::HandshakeFailed,
                Retry::Lasting,
                format!("{address} answers, but not as a gateway does: {}", unlike(&error)),
            ),
            WireError::ConnectionRejected(_) => (
                ErrorKind::HandshakeFailed,
                Retry::MayPass,
                format!(
                    "{address} closed the connection during the handshake: the gateway is \
                     starting, does not trust this host, or is older than server version 213"
                ),
            ),
            _ => (
                ErrorKind::ConnectTimeout,
                Retry::MayPass,
                format!("cannot connect to {address}: {error}"),
            ),
        };
        Failure { error: Error::new(kind, message).with_source(error), retry }
    }
}

/// What an answer is that no gateway gives: another kind of server's, or the wire's own words.
fn unlike(error: &WireError) -> String {
    let told = match error {
        // The text names the length that was read.
        WireError::InvalidFrame(text) => {
            text.split_whitespace().find_map(|word| word.parse().ok()).and_then(stranger::describe)
        }
        _ => None,
    };
    told.unwrap_or_else(|| error.to_string())
}

impl Opening {
    /// A login that does not manage the account the client is to act for. One that names no account
    /// at all is not judged.
    fn mismatch(&self, target: &LinkOptions) -> Option<Failure> {
        let account = target.account.as_ref()?;
        let told = self.client.handshake_managed_accounts();
        let managed: Vec<_> = told.iter().cloned().map(AccountId).collect();
        if managed.is_empty() || managed.contains(account) {
            return None;
        }
        Some(Failure { error: account.unmanaged(&managed), retry: Retry::Mismatch })
    }

    /// Opens the order stream, so that no order event of this link can be missed, and numbers the
    /// link.
    pub(crate) async fn prepare(
        self,
        generation: Generation,
        target: &LinkOptions,
    ) -> Result<Link, Failure> {
        if let Some(failure) = self.mismatch(target) {
            self.client.disconnect().await;
            return Err(failure);
        }
        let orders = self.client.order_update_stream().await;
        match orders {
            Ok(orders) => {
                target.seats.hold();
                let opened = (self.notices, orders);
                Ok(Link::new(self.client, opened, generation, target))
            }
            Err(error) => Err(target.failure(error)),
        }
    }
}
