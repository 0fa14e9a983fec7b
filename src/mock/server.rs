//! The network side: listens, serves each client in a task of its own, and takes orders from the
//! control side. It owns those tasks and has joined them all when it says that clients are dropped.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::client::Due;
use crate::connection;
use crate::faults::FaultId;
use crate::handler;
use crate::settings::Settings;
use crate::world::Shared;

const BACKLOG: u32 = 128;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What the control side asks of the network side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerOrder {
    DropConnections,
    Down,
    Up,
    Stop,
}

/// An order and where its outcome goes.
pub(crate) type OrderWithReply = (ServerOrder, SyncSender<io::Result<()>>);

/// Listens and serves.
pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    listener: Option<TcpListener>,
    connections: JoinSet<io::Result<()>>,
}

impl Server {
    /// Binds to the address of the settings.
    pub(crate) fn bind(shared: Arc<Shared>) -> io::Result<Self> {
        let listener = listen(shared.settings.listen_address(), &shared.settings)?;
        let address = listener.local_addr()?;
        Ok(Self { shared, address, listener: Some(listener), connections: JoinSet::new() })
    }

    /// Where clients connect; stays the same when listening again.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until stopped, or until the control side is gone.
    pub(crate) async fn run(mut self, mut orders: UnboundedReceiver<OrderWithReply>) {
        let shared = Arc::clone(&self.shared);
        loop {
            tokio::select! {
                stream = accept(self.listener.as_ref()) => self.serve(stream),
                due = shared.schedule.next() => {
                    happen(due, &shared);
                    // The next thing may be due already; clients get their turn all the same.
                    tokio::task::yield_now().await;
                }
                Some(_) = self.connections.join_next() => {}
                order = orders.recv() => {
                    let Some((order, reply)) = order else { return self.drop_connections().await };
                    let outcome = self.obey(order).await;
                    // A caller that no longer waits for the outcome has nothing to learn from it.
                    let _ = reply.send(outcome);
                    if order == ServerOrder::Stop {
                        return;
                    }
                }
            }
        }
    }

    fn serve(&mut self, stream: TcpStream) {
        self.connections.spawn(connection::serve(stream, Arc::clone(&self.shared)));
    }

    async fn obey(&mut self, order: ServerOrder) -> io::Result<()> {
        match order {
            ServerOrder::DropConnections => self.drop_connections().await,
            ServerOrder::Down | ServerOrder::Stop => {
                self.listener = None;
                self.drop_connections().await;
            }
            ServerOrder::Up if self.listener.is_none() => {
                self.listener = Some(listen(self.address, &self.shared.settings)?);
            }
            ServerOrder::Up => {}
        }
        Ok(())
    }

    async fn drop_connections(&mut self) {
        self.connections.shutdown().await;
    }
}

/// The next client; never comes while not listening.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client is gone again, or descriptors ran out; the next one may fare better.
            Err(error) => {
                log::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn listen(address: SocketAddr, settings: &Settings) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Listening again on the same port must not wait for old connections to be forgotten.
    socket.set_reuseaddr(true)?;
    if let Some(size) = settings.receive_buffer {
        socket.set_recv_buffer_size(size)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn happen(due: Due, shared: &Shared) {
    match due {
        Due::Request(outlet, request, _waiting) => connection::serve_now(*request, &outlet, shared),
        Due::Frame(outbox, frame) => outbox.push(|bytes| bytes.extend_from_slice(&frame)),
        Due::Wake(moment) => handler::wake(&mut shared.world(), moment),
        Due::HeldFrame(outbox) => outbox.release_held(),
        Due::Storm(fault) => storm(fault, shared),
        Due::Farms(connection) => handler::welcome_late(&mut shared.world(), connection),
        Due::Last(connection, request) => {
            handler::correct_last(&mut shared.world(), connection, request);
        }
        Due::SnapshotEnd(connection, request, number) => {
            handler::end_snapshot(&mut shared.world(), connection, request, number);
        }
        Due::Sample(connection, request) => {
            handler::send_sample(&mut shared.world(), connection, request);
        }
        Due::RealTimeBar(connection, request, number) => {
            handler::end_real_time_bar(&mut shared.world(), connection, request, number);
        }
        Due::LiveBar(connection, request, number) => {
            handler::roll_live_bar(&mut shared.world(), connection, request, number);
        }
    }
}

/// Lets a storm send its code and plans the next time.
pub(crate) fn storm(fault: FaultId, shared: &Shared) {
    let Some((code, client, every)) = shared.faults.storm(fault) else { return };
    handler::notify(&mut shared.world(), code, client);
    shared.schedule.plan(every, Due::Storm(fault));
}
