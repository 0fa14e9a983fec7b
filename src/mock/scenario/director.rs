//! Lets a scenario happen: a thread that waits for each step's time and takes it through the same
//! control side a test uses. Promises to end at once when dropped. A step that is refused is logged
//! with its line; the next ones happen all the same.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::{Scenario, Step, Timed};
use crate::error::Error;
use crate::gateway::{FaultHandle, MockGateway};
use crate::own_thread::OwnThread;

/// How often it is looked whether the first client has come.
const LOOK: Duration = Duration::from_millis(2);

/// A scenario that is happening.
pub(crate) struct Director {
    /// Its end tells the thread to stop.
    running: Option<Sender<()>>,
    thread: Option<OwnThread>,
}

impl Director {
    /// Starts the scenario on a handle of the gateway that does not keep it running.
    pub(crate) fn start(scenario: Scenario, gateway: MockGateway) -> std::io::Result<Self> {
        let (running, stopped) = channel();
        let thread = OwnThread::start("mock-scenario", move || {
            Stage::new(gateway, stopped).play(scenario);
        })?;
        Ok(Self { running: Some(running), thread: Some(thread) })
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        drop(self.running.take());
        self.thread.take().into_iter().for_each(OwnThread::join);
    }
}

struct Stage {
    gateway: MockGateway,
    stopped: Receiver<()>,
    faults: BTreeMap<usize, FaultHandle>,
}

impl Stage {
    fn new(gateway: MockGateway, stopped: Receiver<()>) -> Self {
        Self { gateway, stopped, faults: BTreeMap::new() }
    }

    fn play(&mut self, scenario: Scenario) {
        while scenario.waits_for_client && self.gateway.connect_count() == 0 {
            if self.is_stopped_within(LOOK) {
                return;
            }
        }
        let start = Instant::now();
        for Timed { at, line, step } in scenario.steps {
            if self.is_stopped_within(at.saturating_sub(start.elapsed())) {
                return;
            }
            match self.take(step) {
                Ok(()) => {}
                Err(Error::Stopped) => return,
                Err(error) => log::warn!("scenario line {line}: {error}"),
            }
        }
    }

    fn is_stopped_within(&self, wait: Duration) -> bool {
        self.stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected)
    }

    fn take(&mut self, step: Step) -> Result<(), Error> {
        let gateway = &self.gateway;
        match step {
            Step::Price { symbol, prices } => gateway.set_price(&symbol, prices),
            Step::PlayPrices(series) => gateway.play_prices(&series),
            Step::ClearPrice(symbol) => gateway.clear_price(&symbol),
            Step::Position { account, symbol, quantity, average_cost } => {
                gateway.set_position(&account, &symbol, quantity, average_cost)
            }
            Step::Fill { symbol, quantity, price } => gateway.fill(&symbol, quantity, price),
            Step::DataError { symbol, code } => gateway.set_data_error(&symbol, code),
            Step::Notice(code) => {
                gateway.notice(code);
                Ok(())
            }
            Step::Inject(number, injection) => {
                self.faults.insert(number, gateway.inject(*injection)?);
                Ok(())
            }
            Step::Clear(number) => {
                if let Some(fault) = self.faults.remove(&number) {
                    fault.clear();
                }
                Ok(())
            }
            Step::DropConnections => gateway.drop_connections(),
            Step::Down => gateway.down(),
            Step::Up => gateway.up(),
            Step::LoseStreams => {
                gateway.lose_streams();
                Ok(())
            }
            Step::Midnight => {
                gateway.pass_midnight();
                Ok(())
            }
        }
    }
}
