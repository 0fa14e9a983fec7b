//! One live link: who it speaks for, how it ends, and how a request is awaited on it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use ibapi::orders::OrderUpdate;
use ibapi::subscriptions::{NoticeStream, Subscription, SubscriptionItem};
use ibapi::{Error as WireError, NOTICE_STREAM_LAG_CODE, SUBSCRIPTION_LAG_CODE};
use time::OffsetDateTime;
use tokio::sync::watch;

use super::codes;
use super::connect::LinkOptions;
use super::server_time::ClockQuestion;
use super::withdrawing::Withdrawing;
use crate::clock::{self, Deadline};
use crate::error::{Error, ErrorKind, Result};
use crate::events::LinkEvents;
use crate::life::Life;
use crate::lock::lock;
use crate::model::{AccountId, Generation, NOTICES_LOST, Notice, OrderId};
use crate::pacing::{HistoryQuery, HistoryTurn, Pace, Urgency};

/// A stream of what one subscription delivers; the first error is its last item.
pub(crate) type Items<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// A handle of one live link. Clones share it; dropping the last closes the socket.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

struct Inner {
    client: ibapi::Client,
    generation: Generation,
    accounts: Vec<AccountId>,
    first_order_id: OrderId,
    live_since: OffsetDateTime,
    notices: Mutex<Option<NoticeStream>>,
    orders: Mutex<Option<Subscription<OrderUpdate>>>,
    over: watch::Sender<bool>,
    life: Arc<Life>,
    clock_question: ClockQuestion,
    pace: Pace,
    events: LinkEvents,
}

impl Link {
    pub(super) fn new(
        client: ibapi::Client,
        (notices, orders): (NoticeStream, Subscription<OrderUpdate>),
        generation: Generation,
        target: &LinkOptions,
    ) -> Self {
        let accounts = client.handshake_managed_accounts().iter().cloned().map(AccountId).collect();
        Self(Arc::new(Inner {
            first_order_id: OrderId(client.next_order_id()),
            client,
            generation,
            accounts,
            live_since: clock::now(),
            notices: Mutex::new(Some(notices)),
            orders: Mutex::new(Some(orders)),
            over: watch::Sender::new(false),
            life: Arc::new(Life::new()),
            clock_question: ClockQuestion::new(target.time_spacing),
            pace: target.pace.clone(),
            events: target.events.clone(),
        }))
    }

    pub(super) fn client(&self) -> &ibapi::Client {
        &self.0.client
    }

    /// Number of this link.
    pub(crate) fn generation(&self) -> Generation {
        self.0.generation
    }

    /// Accounts told in the handshake.
    pub(crate) fn accounts(&self) -> &[AccountId] {
        &self.0.accounts
    }

    /// The first order id the gateway allows.
    pub(crate) fn first_order_id(&self) -> OrderId {
        self.0.first_order_id
    }

    /// Negotiated server version.
    pub(crate) fn server_version(&self) -> i32 {
        self.0.client.server_version()
    }

    /// When the handshake was complete.
    pub(crate) fn live_since(&self) -> OffsetDateTime {
        self.0.live_since
    }

    /// Whether the socket is up at this moment.
    pub(crate) fn is_up(&self) -> bool {
        !*self.0.over.borrow() && self.0.client.is_connected()
    }

    /// Resolves once the link is over.
    pub(crate) async fn ended(&self) {
        let mut over = self.0.over.subscribe();
        // The sender lives in `self`, so the wait ends only with the link.
        let _ = over.wait_for(|over| *over).await;
    }

    /// When something last arrived.
    pub(crate) fn life(&self) -> &Life {
        &self.0.life
    }

    /// The link's notices; the end of the stream is how the loss of a link is learned. Given once,
    /// to the link's owner.
    pub(crate) fn notices(&self) -> BoxStream<'static, Notice> {
        let stream = lock(&self.0.notices).take();
        let life = self.0.life.clone();
        let notices = stream::unfold(stream, |stream| async {
            let mut stream = stream?;
            stream.next().await.map(|item| (item, Some(stream)))
        });
        let notices = notices.map(move |item| {
            life.note();
            let code = if item.code == NOTICE_STREAM_LAG_CODE { NOTICES_LOST } else { item.code };
            Notice { code, message: item.message, time: clock::now() }
        });
        notices.boxed()
    }

    /// Closes the socket; what was written before has been handed to the kernel.
    pub(crate) async fn close(&self) {
        self.0.client.disconnect().await;
        self.abandon();
    }

    /// Ends everything that is awaited on this link, without waiting for its socket.
    pub(crate) fn abandon(&self) {
        self.0.over.send_replace(true);
    }

    /// The order stream opened with the link, the first time it is asked for.
    pub(super) fn take_orders(&self) -> Option<Subscription<OrderUpdate>> {
        lock(&self.0.orders).take()
    }

    /// Resolves when a message may be written, which has to follow at once, or when the link has
    /// ended.
    pub(crate) async fn turn(&self, urgency: Urgency) {
        if self.0.pace.send_now(urgency) {
            return;
        }
        tokio::select! {
            biased;
            () = self.0.pace.turn(urgency) => {}
            () = self.ended() => {}
        }
    }

    /// Waits for the limits on historical queries.
    pub(super) async fn history_turn(
        &self,
        query: &HistoryQuery,
        deadline: Deadline,
    ) -> Result<HistoryTurn> {
        tokio::select! {
            biased;
            turn = self.0.pace.history_turn(query, deadline) => turn,
            () = self.ended() => Err(codes::link_ended("bars")),
        }
    }

    /// Takes a request's turn.
    pub(crate) async fn turn_by(&self, request: &str, deadline: Deadline) -> Result<()> {
        self.turn_as(request, Urgency::Ordinary, deadline).await
    }

    /// Takes the turn of a probe.
    pub(crate) async fn probe_turn(&self, request: &str, deadline: Deadline) -> Result<()> {
        self.turn_as(request, Urgency::Probe, deadline).await
    }

    async fn turn_as(&self, request: &str, urgency: Urgency, deadline: Deadline) -> Result<()> {
        tokio::select! {
            biased;
            turn = self.0.pace.turn_by(request, urgency, deadline) => turn,
            () = self.ended() => Err(codes::link_ended(request)),
        }
    }

    /// Sends a request once it is its turn, and awaits an answer until the deadline or the end of
    /// the link.
    pub(super) async fn ask<T>(
        &self,
        request: &str,
        deadline: Deadline,
        answer: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T> {
        self.turn_by(request, deadline).await?;
        self.bound(request, deadline, answer).await
    }

    /// Awaits what writes nothing, or what has had its turn, until the deadline or the end of the link.
    pub(super) async fn bound<T>(
        &self,
        request: &str,
        deadline: Deadline,
        answer: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T> {
        let answer = async {
            tokio::select! {
                biased;
                result = answer => result.map_err(|error| codes::request_error(request, error)),
                () = self.ended() => Err(codes::link_ended(request)),
            }
        };
        deadline.bound(request, answer).await
    }

    /// Awaits what ends with an answer of the gateway, not with a write of ours: that is life.
    async fn await_answer<T>(
        &self,
        request: &str,
        deadline: Deadline,
        answer: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T> {
        let answer = async { answer.await.inspect_err(|error| note(&self.0.life, error)) };
        let answered = self.bound(request, deadline, answer).await;
        if answered.is_ok() {
            self.0.life.note();
        }
        answered
    }

    /// As [`ask`](Self::ask) for a request that ends with an answer of the gateway, and is cancelled
    /// there when nobody waits for it any more: the cancel waits for its turn too.
    pub(super) async fn ask_or_cancel<T>(
        &self,
        request: &str,
        deadline: Deadline,
        answer: impl Future<Output = Result<T, WireError>> + Send + 'static,
    ) -> Result<T> {
        self.turn_by(request, deadline).await?;
        self.await_answer(request, deadline, self.withdrawing(Box::pin(answer))).await
    }

    /// Asks, in a turn the caller has taken, what has no id: an error without an id may belong to
    /// something else, so it is asked once more.
    pub(super) async fn ask_shared<T, F>(
        &self,
        request: &str,
        deadline: Deadline,
        answer: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, WireError>>,
    {
        let twice = async {
            match answer().await {
                Err(WireError::Notice(notice)) if notice.request_id.is_none() => {
                    self.turn(Urgency::Ordinary).await;
                    answer().await
                }
                result => result,
            }
        };
        self.await_answer(request, deadline, twice).await
    }

    /// What is asked about the time.
    pub(super) fn clock_question(&self) -> &ClockQuestion {
        &self.0.clock_question
    }

    /// Holds what sends a cancel when it is dropped.
    fn withdrawing<W: Send + 'static>(&self, held: W) -> Withdrawing<W> {
        Withdrawing::new(held, self.0.pace.clone(), self.0.over.subscribe())
    }

    /// The accounts of the login, asked anew.
    pub(crate) async fn managed_accounts(&self, deadline: Deadline) -> Result<Vec<AccountId>> {
        self.turn_by("managed_accounts", deadline).await?;
        self.ask_accounts(deadline).await
    }

    /// As [`managed_accounts`](Self::managed_accounts), in a turn the caller has taken.
    pub(crate) async fn ask_accounts(&self, deadline: Deadline) -> Result<Vec<AccountId>> {
        let names =
            self.ask_shared("managed_accounts", deadline, || self.client().managed_accounts());
        Ok(names.await?.into_iter().map(AccountId).collect())
    }
}

impl Link {
    /// Turns a subscription into items of ours, whose cancel takes a turn. What the gateway says
    /// within it ends nothing, so it is a notice.
    pub(super) fn subscribed<S, W, T>(
        &self,
        stream: S,
        request: &'static str,
        mut convert: impl FnMut(SubscriptionItem<W>) -> Option<Result<T>> + Send + 'static,
    ) -> Items<T>
    where
        S: Stream<Item = Result<SubscriptionItem<W>, WireError>> + Unpin + Send + 'static,
        W: Send + 'static,
        T: Send + 'static,
    {
        let (events, generation) = (self.0.events.clone(), self.generation());
        self.items(self.withdrawing(stream), request, move |item| {
            if let SubscriptionItem::Notice(said) = &item {
                let (code, message) = (said.code, said.message.clone());
                let notice = Notice { code, message, time: clock::now() };
                events.noticed(generation, &notice, said.request_id);
            }
            convert(item)
        })
    }

    /// Turns a stream that sends no cancel into items of ours; `convert` may drop an item or end
    /// the stream. Whatever comes is life.
    pub(super) fn items<S, W, T>(
        &self,
        stream: S,
        request: &'static str,
        mut convert: impl FnMut(SubscriptionItem<W>) -> Option<Result<T>> + Send + 'static,
    ) -> Items<T>
    where
        S: Stream<Item = Result<SubscriptionItem<W>, WireError>> + Send + 'static,
        W: Send + 'static,
        T: Send + 'static,
    {
        let life = self.0.life.clone();
        let converted = stream.filter_map(move |item| {
            std::future::ready(match item {
                Ok(SubscriptionItem::Notice(notice)) if notice.code == SUBSCRIPTION_LAG_CODE => {
                    Some(Err(lagged(request, &notice.message)))
                }
                Ok(item) => {
                    life.note();
                    convert(item)
                }
                Err(error) => {
                    note(&life, &error);
                    Some(Err(codes::request_error(request, error)))
                }
            })
        });
        Box::pin(converted)
    }

    /// Every item of a stream that the gateway ends.
    pub(super) async fn collect<T>(
        &self,
        request: &str,
        deadline: Deadline,
        mut items: Items<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        let collected = async {
            while let Some(row) = items.next().await {
                rows.push(row?);
            }
            if self.is_up() { Ok(rows) } else { Err(codes::link_ended(request)) }
        };
        let collected = async {
            tokio::select! {
                biased;
                rows = collected => rows,
                () = self.ended() => Err(codes::link_ended(request)),
            }
        };
        deadline.bound(request, collected).await
    }
}

/// Notes an error as life, unless it is the end of the link.
fn note(life: &Life, error: &WireError) {
    if !codes::is_lost(error) {
        life.note();
    }
}

fn lagged(request: &str, message: &str) -> Error {
    Error::new(ErrorKind::StreamLagged, format!("{request}: {message}"))
}
