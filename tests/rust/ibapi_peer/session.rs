//! A connected client, and what its operations need again and again.

use std::error::Error as StdError;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use ibapi::prelude::*;
use serde_json::Value;

/// No answer of a local gateway takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const ACCOUNT: &str = "DU1234567";

const CLIENT_ID: i32 = 31;

pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// What an operation read.
pub(crate) type Read = Result<Value, Failure>;

/// A client and the stream of what it is told about its orders.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) updates: Subscription<OrderUpdate>,
    /// The id of the order that `limit_order` leaves working.
    pub(crate) resting: i32,
}

impl Session {
    pub(crate) async fn connect(address: &str) -> Result<Self, Failure> {
        let client = Client::connect(address, CLIENT_ID).await?;
        let updates = client.order_update_stream().await?;
        Ok(Self { client, updates, resting: 0 })
    }
}

pub(crate) fn account() -> AccountId {
    AccountId(ACCOUNT.into())
}

pub(crate) fn stock(symbol: &str) -> Contract {
    Contract::stock(symbol).build()
}

/// The next item of a stream.
pub(crate) async fn next<S, T>(stream: &mut S) -> Result<T, Failure>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    Ok(stream.next().await.ok_or("the stream ended")??)
}

/// The first item that `found` makes something of.
pub(crate) async fn first<S, T, R>(
    mut stream: S,
    mut found: impl FnMut(T) -> Option<R>,
) -> Result<R, Failure>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    loop {
        if let Some(result) = found(next(&mut stream).await?) {
            return Ok(result);
        }
    }
}

/// What `row` makes of each item, up to the item that ends them.
pub(crate) async fn until<S, T, R>(
    mut stream: S,
    is_last: impl Fn(&T) -> bool,
    row: impl Fn(T) -> Option<R>,
) -> Result<Vec<R>, Failure>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    let mut rows = Vec::new();
    loop {
        let item = next(&mut stream).await?;
        if is_last(&item) {
            return Ok(rows);
        }
        rows.extend(row(item));
    }
}

/// Every item of a stream that ends.
pub(crate) async fn drain<S, T>(mut stream: S) -> Result<Vec<T>, Failure>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item?);
    }
    Ok(items)
}

/// The gateway's code in an error.
pub(crate) fn code_of(error: &Error) -> Option<i32> {
    let text = error.to_string();
    let digits = text.chars().skip_while(|c| !c.is_ascii_digit());
    digits.take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// Rows in the order of their text.
pub(crate) fn sorted(mut rows: Vec<Value>) -> Value {
    rows.sort_by_key(Value::to_string);
    rows.dedup();
    Value::Array(rows)
}
