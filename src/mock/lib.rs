//! A mock IB Gateway that speaks the real wire format over real sockets.
//!
//! [`MockGateway`] runs on a thread of its own: clients connect to it over TCP, tests change prices,
//! positions and faults through its methods and ask what clients sent. Labels such as (O50) in
//! comments name rows of a collection of observed gateway behaviour (`behaviour.md`): the section's
//! letter and the row's number.

mod cli;
mod client;
mod clock;
mod connection;
mod day;
mod error;
mod exchange;
mod faults;
mod flood;
mod gateway;
mod handler;
mod handshake;
mod limits;
mod login;
mod market_clock;
mod market_control;
mod newsroom;
mod notices;
mod outbox;
mod own_thread;
mod pending;
mod prices;
mod profile;
mod reading;
mod record;
mod replay;
mod request_log;
mod scenario;
mod schedule;
mod server;
mod settings;
mod staging;
mod streams;
mod wire;
mod world;

pub use cli::{record, run};
pub use error::Error;
pub use exchange::addition::NewInstrument;
pub use exchange::{MarketRules, PriceProcess};
pub use faults::{Fault, FaultFields, Injection, OrderFault, Quirk};
pub use flood::FloodHandle;
pub use gateway::{FaultHandle, HistoryBar, MockGateway, Prices};
pub use limits::{Limits, MessageRate};
pub use market_control::ManualOrder;
pub use newsroom::{Article, Bulletin, Headline};
pub use prices::PriceSeries;
pub use profile::{HostClock, Profile};
pub use reading::{read_frames, read_request};
pub use record::{ExecutionRecord, OrderRecord};
pub use replay::{Recorder, RecorderSettings, Recording, Replay};
pub use request_log::RequestRecord;
pub use scenario::Scenario;
pub use settings::{SERVER_VERSIONS, Settings};
pub use staging::DepthRow;
