//! Requests of one connection that are still to be served. A client id is given up only when there are
//! none left, so that a new connection under the id finds the work of the old one done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many requests are still to be served.
#[derive(Default)]
pub(crate) struct Pending {
    count: AtomicUsize,
    changed: Notify,
}

/// One request that is waited for; dropped when it is served or given up.
pub(crate) struct Waiting(Arc<Pending>);

impl Pending {
    pub(crate) fn wait_for_one(self: &Arc<Self>) -> Waiting {
        self.count.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(self))
    }

    /// Resolves when no request is left to be served.
    pub(crate) async fn settled(&self) {
        while self.count.load(Ordering::Relaxed) > 0 {
            self.changed.notified().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn test_a_connection_is_settled_when_its_last_request_is_served() {
        let pending = Arc::new(Pending::default());
        let (first, second) = (pending.wait_for_one(), pending.wait_for_one());
        drop(first);
        let served = async move {
            tokio::task::yield_now().await;
            drop(second);
        };

        let order = tokio::join!(pending.settled(), served);

        assert_eq!(order, ((), ()));
        assert_eq!(pending.count.load(Ordering::Relaxed), 0);
    }
}
