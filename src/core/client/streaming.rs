//! What a client streams: quotes, ticks, books and bars, all on the feed link.

use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::access_log::{about, about_contracts};
use crate::clock::Deadline;
use crate::error::{Error, Result};
use crate::market_data::{
    BarStream, BatchQueue, Board, DepthStream, Notify, Port, QueueOptions, QuoteStream, Stream,
    TickByTickStream, TickStream, check_duration,
};
use crate::metrics::RequestKind;
use crate::model::{Contract, LineKind, Overflow, TextTable, TickByTickKind};

/// Most items a stream may be asked to keep.
const LARGEST_CAPACITY: usize = 1 << 28;

/// Size and options of a stream, and whom to tell of news.
#[derive(Clone)]
pub struct StreamOptions {
    /// Most items kept for a reader that does not come. A stream that blocks is looked at between
    /// reads of the socket, so that one read, of at most 256 KiB, may bring it more.
    pub capacity: usize,
    /// What happens beyond that.
    pub overflow: Overflow,
    /// Told when there is news; from any thread.
    pub notify: Notify,
    /// Time allowed for opening the link and looking contracts up.
    pub timeout: Option<Duration>,
}

impl Client {
    /// The latest quote of each contract, conflated.
    ///
    /// # Errors
    /// `ContractNotFound`, `AmbiguousContract`; `LineLimit` before anything is sent; why there is
    /// no feed link.
    pub async fn quotes(
        &self,
        contracts: Vec<Contract>,
        generic_ticks: String,
        options: StreamOptions,
    ) -> Result<QuoteStream> {
        self.counted(about_contracts(RequestKind::Quotes, &contracts), async {
            let opening = self.opening(contracts, &options).await?;
            let board = Arc::new(Board::new(opening.contracts.len(), options.notify));
            let kind = LineKind::Market { generic_ticks };
            self.listen(opening, &kind, Port::Quotes(board.clone()), board).await
        })
        .await
    }

    /// Every change of market data of the contracts.
    ///
    /// # Errors
    /// As [`quotes`](Self::quotes).
    pub async fn ticks(
        &self,
        contracts: Vec<Contract>,
        generic_ticks: String,
        options: StreamOptions,
    ) -> Result<TickStream> {
        self.counted(about_contracts(RequestKind::Ticks, &contracts), async {
            let opening = self.opening(contracts, &options).await?;
            let queue = Arc::new(BatchQueue::new(self.rules(&opening, options)));
            let kind = LineKind::Market { generic_ticks };
            self.listen(opening, &kind, Port::Ticks(queue.clone()), queue).await
        })
        .await
    }

    /// Tick-by-tick data of the contracts.
    ///
    /// # Errors
    /// As [`quotes`](Self::quotes).
    pub async fn tick_by_tick(
        &self,
        contracts: Vec<Contract>,
        kind: TickByTickKind,
        options: StreamOptions,
    ) -> Result<TickByTickStream> {
        self.counted(about_contracts(RequestKind::TickByTick, &contracts), async {
            let opening = self.opening(contracts, &options).await?;
            let queue = Arc::new(BatchQueue::new(self.rules(&opening, options)));
            let texts = Arc::<TextTable>::default();
            let port = Port::TickByTick(queue.clone(), texts.clone());
            let kind = LineKind::TickByTick(kind);
            let stream = self.listen(opening, &kind, port, queue).await?;
            Ok(TickByTickStream { stream, texts })
        })
        .await
    }

    /// The book of a contract, conflated.
    ///
    /// # Errors
    /// As [`quotes`](Self::quotes).
    pub async fn depth(
        &self,
        contract: Contract,
        rows: i32,
        is_smart: bool,
        options: StreamOptions,
    ) -> Result<DepthStream> {
        if !(1..=1000).contains(&rows) {
            return Err(Error::config(format!("rows {rows}: give 1 to 1000")));
        }
        self.counted(about(RequestKind::Depth, || contract.to_string()), async {
            let opening = self.opening(vec![contract], &options).await?;
            let board = Arc::new(Board::new(1, options.notify));
            let kind = LineKind::Depth { rows, is_smart };
            self.listen(opening, &kind, Port::Depth(board.clone()), board).await
        })
        .await
    }

    /// Bars of a contract: of five seconds (`RealTimeBars`), or of any size, history first
    /// (`Bars`).
    ///
    /// # Errors
    /// As [`quotes`](Self::quotes); `Config` for a duration IB does not accept.
    pub async fn bar_stream(
        &self,
        contract: Contract,
        kind: LineKind,
        options: StreamOptions,
    ) -> Result<BarStream> {
        if let LineKind::Bars(wanted) = &kind {
            check_duration(&wanted.duration)?;
        }
        self.counted(about(RequestKind::BarsStream, || contract.to_string()), async {
            let opening = self.opening(vec![contract], &options).await?;
            let queue = Arc::new(BatchQueue::new(self.rules(&opening, options)));
            self.listen(opening, &kind, Port::Bars(queue.clone()), queue).await
        })
        .await
    }

    /// Looks the contracts up, before anything of a stream exists.
    async fn opening(
        &self,
        contracts: Vec<Contract>,
        options: &StreamOptions,
    ) -> Result<OpeningStream> {
        if contracts.is_empty() {
            return Err(Error::config("a stream needs at least one contract"));
        }
        if !(1..=LARGEST_CAPACITY).contains(&options.capacity) {
            let given = options.capacity;
            return Err(Error::config(format!("capacity {given}: give 1 to {LARGEST_CAPACITY}")));
        }
        let deadline = self.deadline(options.timeout, self.0.config.deadlines.market_data);
        let mut qualified = Vec::with_capacity(contracts.len());
        for contract in &contracts {
            qualified.push(Arc::new(self.0.contracts.qualify(contract, deadline).await?));
        }
        Ok(OpeningStream { contracts: qualified.into(), deadline })
    }

    async fn listen<S>(
        &self,
        opening: OpeningStream,
        kind: &LineKind,
        port: Port,
        items: Arc<S>,
    ) -> Result<Stream<S>> {
        let OpeningStream { contracts, deadline } = opening;
        let lease = self.0.feed.subscribe(&contracts, kind, port, deadline).await?;
        Ok(Stream::new(contracts, items, lease.counted()))
    }

    fn rules(&self, opening: &OpeningStream, options: StreamOptions) -> QueueOptions {
        let StreamOptions { capacity, overflow, notify, timeout: _ } = options;
        let (resume, lagging) = (self.0.feed.resume(), self.lag_alarm(&opening.contracts));
        QueueOptions { capacity, overflow, notify, resume, lagging }
    }
}

/// A stream whose contracts are known.
struct OpeningStream {
    contracts: Arc<[Arc<Contract>]>,
    deadline: Deadline,
}
