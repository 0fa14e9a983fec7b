//! Processes that stand still: a gateway that is stopped, killed, started again, and a client whose
//! machine slept. The other process is this test binary once more, at one test that only a child runs.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails its test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aioibkr_core::model::{ClientId, Generation, Keepalive, OrderId, Reconnect, SessionState};
use aioibkr_core::{Client, Config, Error, ErrorKind};
use aioibkr_mock_gateway::{Fault, FaultHandle, MockGateway, Settings};
use tokio::time::Instant;

use crate::core_gateway::{MILLI, SECOND, connected_with, eventually};
use crate::core_orders::{aapl, placed, resting};
use crate::feed_reader::{Reader, quotes, set_market};

/// What tells a child its port.
const PORT: &str = "AIOIBKR_CHILD_PORT";

/// How much later than its deadline an await may end on a busy machine.
const GRACE: Duration = Duration::from_millis(900);

/// A child process, killed with its handle.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    /// Runs one test of this binary as a child.
    fn start(test: &str, port: u16) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads", "1"])
            .env(PORT, port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let stdin = child.stdin.take();
        Self { child, stdin, lines }
    }

    /// A mock gateway on this port, and the port.
    fn gateway(port: u16) -> (Self, u16) {
        let program = Self::start("core_frozen::core_frozen_child_is_a_gateway", port);
        let port = program.told("listening on ").parse().unwrap();
        (program, port)
    }

    /// What follows these words in a line of the child's.
    fn told(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(20 * SECOND).expect(words);
            if let Some((_, rest)) = line.split_once(words) {
                return rest.trim().to_owned();
            }
        }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Stops the process and waits until it stands still.
    fn stop(&self) {
        self.signal("STOP");
        let deadline = std::time::Instant::now() + SECOND;
        while !self.is_still() && std::time::Instant::now() < deadline {
            std::thread::sleep(MILLI);
        }
    }

    /// Whether all its threads have stopped, where the system tells.
    fn is_still(&self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.child.id())) else {
            return false;
        };
        let mut states = threads.flatten().map(|thread| {
            let told = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            told.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        });
        states.all(|is_still| is_still)
    }
}

/// What a child says, line by line, for somebody who does not wait for ever.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (said, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if said.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that is gone already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn child_port() -> Option<u16> {
    std::env::var(PORT).ok()?.parse().ok()
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The gateway of the tests below; without a parent it has nothing to do.
#[test]
fn core_frozen_child_is_a_gateway() {
    let Some(port) = child_port() else { return };
    let gateway = MockGateway::start(Settings { port, ..Settings::default() }).unwrap();
    set_market(&gateway, "AAPL", 190.0);

    say(&format!("listening on {}", gateway.address().port()));
    // Until the parent is gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A client with the defaults of the package, but for how soon it tries again.
async fn client_of(port: u16) -> Client {
    let client = connected_with(Config {
        host: "127.0.0.1".into(),
        port,
        client_id: ClientId(7),
        reconnect: Some(Reconnect {
            first: 50 * MILLI,
            longest: 200 * MILLI,
            ..Reconnect::default()
        }),
        breaker: None,
        ..Config::default()
    })
    .await;
    client.wait_ready(None).await.unwrap();
    client
}

fn links(client: &Client) -> [SessionState; 2] {
    let health = client.health();
    [health.control.state, health.feed.unwrap().state]
}

/// How long it takes until each link is in none of these states.
async fn left(client: &Client, since: Instant, states: &[SessionState]) -> [Duration; 2] {
    let mut took = [None; 2];
    while took.contains(&None) {
        assert!(since.elapsed() < 20 * SECOND, "{:?}", links(client));
        for (link, took) in links(client).iter().zip(&mut took) {
            if !states.contains(link) {
                took.get_or_insert(since.elapsed());
            }
        }
        tokio::time::sleep(5 * MILLI).await;
    }
    took.map(Option::unwrap)
}

/// Awaits of several kinds with deadlines of their own: how much later than those they ended.
async fn overdue(client: Client, order: OrderId) -> Vec<(&'static str, Duration, bool)> {
    async fn timed<T>(
        name: &'static str,
        allowed: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> (&'static str, Duration, bool) {
        let began = Instant::now();
        let is_answered = call.await.is_ok();
        (name, began.elapsed().saturating_sub(allowed), is_answered)
    }
    let (short, middle, long) = (SECOND, 3 * SECOND, 7 * SECOND);
    let (time, details, executions, completed, cancel, accounts) = tokio::join!(
        timed("server_time", short, client.server_time(Some(short))),
        timed("contract_details", long, client.contract_details(aapl(), Some(long))),
        timed("executions", middle, client.executions(Some(middle))),
        timed("completed_orders", long, client.completed_orders(Some(long))),
        timed("cancel", middle, client.cancel(order, Some(middle))),
        timed("managed_accounts", middle, client.managed_accounts(Some(middle))),
    );
    vec![time, details, executions, completed, cancel, accounts]
}

async fn refuses_orders(client: &Client, order: OrderId) {
    let began = Instant::now();
    let place = client.place(aapl(), resting(1), None, None).await.unwrap_err();
    let modify = client.modify(order, resting(2), None).await.unwrap_err();

    assert_eq!([place.kind(), modify.kind()], [ErrorKind::OrderRefused; 2], "{place}, {modify}");
    assert!(began.elapsed() < GRACE, "{:?}", began.elapsed());
}

async fn is_restored<S>(client: &Client, generation: u64, quotes: &Reader<S>)
where
    S: crate::feed_reader::Source<Piece = std::sync::Arc<aioibkr_core::model::Quote>>,
{
    eventually("both links", || links(client) == [SessionState::Live; 2]).await;
    client.wait_ready(Some(10 * SECOND)).await.unwrap();
    let is_new = |quote: &std::sync::Arc<aioibkr_core::model::Quote>| {
        !quote.is_gap && quote.generation >= Generation(generation) && quote.last == Some(190.0)
    };
    quotes.find(is_new).await;
    assert!(client.server_time(Some(5 * SECOND)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "the numbers are to be looked at")]
async fn core_frozen_gateway_is_doubted_within_five_seconds_and_dropped_within_ten() {
    let (gateway, port) = Program::gateway(0);
    let client = client_of(port).await;
    let quotes = quotes(&client, &["AAPL"]).await;
    let order = placed(&client, resting(10)).await.latest().order_id;

    gateway.stop();
    let stopped = Instant::now();
    let waiting = tokio::spawn(overdue(client.clone(), order));
    let doubted = left(&client, stopped, &[SessionState::Live]).await;
    refuses_orders(&client, order).await;
    let dropped = left(&client, stopped, &[SessionState::Live, SessionState::Suspect]).await;
    let overdue = waiting.await.unwrap();
    gateway.signal("CONT");
    is_restored(&client, 2, &quotes).await;

    println!("suspect after {doubted:.1?}, dropped after {dropped:.1?}, overdue {overdue:.1?}");
    assert!(doubted.iter().all(|after| *after <= 5 * SECOND), "{doubted:?}");
    assert!(dropped.iter().all(|after| *after <= 10 * SECOND), "{dropped:?}");
    let is_late = |one: &(&str, Duration, bool)| one.1 > GRACE || one.2;
    assert!(!overdue.iter().any(is_late), "each ended by its deadline, unanswered: {overdue:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_frozen_gateway_that_goes_on_in_time_keeps_both_links() {
    let (gateway, port) = Program::gateway(0);
    let client = client_of(port).await;
    let quotes = quotes(&client, &["AAPL"]).await;

    gateway.stop();
    let stopped = Instant::now();
    left(&client, stopped, &[SessionState::Live]).await;
    gateway.signal("CONT");

    is_restored(&client, 1, &quotes).await;
    let generations = [client.generation(), client.health().feed.unwrap().generation];
    assert_eq!(generations, [Generation(1); 2]);
    assert!(client.place(aapl(), resting(1), None, None).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_frozen_gateway_that_is_killed_and_started_again_is_connected_to_anew() {
    let (gateway, port) = Program::gateway(0);
    let client = client_of(port).await;
    let quotes = quotes(&client, &["AAPL"]).await;

    drop(gateway);
    eventually("the loss", || !client.is_connected()).await;
    let (_gateway, _) = Program::gateway(port);

    is_restored(&client, 2, &quotes).await;
    assert!(client.place(aapl(), resting(1), None, None).await.is_ok());
}

/// How the client that sleeps watches its links: a link is suspect after 300 ms, dropped after 900.
const WATCHFUL: Keepalive = Keepalive {
    idle: Duration::from_millis(100),
    probe_timeout: Duration::from_millis(100),
    give_up: Duration::from_millis(600),
    spacing: Duration::from_millis(50),
};

/// Longer than a link that answers nothing is kept.
const SLEEP: Duration = Duration::from_millis(1200);

/// The client of the tests below, which says when its control link becomes suspect, until it is told
/// to go on; without a parent it has nothing to do.
#[tokio::test]
async fn core_frozen_child_is_a_client() {
    let Some(port) = child_port() else { return };
    let keepalive = Some(WATCHFUL);
    let settings = Config { port, client_id: ClientId(7), keepalive, ..Config::default() };
    let client = connected_with(settings).await;
    client.wait_ready(None).await.unwrap();
    let _quotes = quotes(&client, &["AAPL"]).await;

    say("client is live");
    let heard = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    let mut before = client.state();
    while !heard.is_finished() {
        let state = client.state();
        if state != before && state == SessionState::Suspect {
            say("client is in doubt");
        }
        before = state;
        tokio::time::sleep(MILLI).await;
    }
    eventually("trust", || links(&client) == [SessionState::Live; 2]).await;

    let feed = client.health().feed.unwrap().generation;
    say(&format!("generations {} {}", client.generation().0, feed.0));
}

fn sleeper(gateway: &MockGateway) -> Program {
    let child = "core_frozen::core_frozen_child_is_a_client";
    let client = Program::start(child, gateway.address().port());
    client.told("client is live");
    client
}

/// Sleeps; what the gateway sends meanwhile waits in the sockets.
fn sleep_well(client: &Program) {
    client.stop();
    std::thread::sleep(SLEEP);
    client.signal("CONT");
}

#[test]
fn core_frozen_client_keeps_healthy_links_whenever_it_falls_asleep() {
    let gateway = crate::core_orders::market();
    let mut client = sleeper(&gateway);

    for awake in [30, 105, 70] {
        std::thread::sleep(Duration::from_millis(awake));
        sleep_well(&client);
    }
    client.tell("go on");

    assert_eq!(client.told("generations "), "1 1");
}

#[test]
fn core_frozen_client_that_slept_in_doubt_reads_before_it_drops_a_link() {
    let gateway = crate::core_orders::market();
    let mut client = sleeper(&gateway);
    let late: Vec<_> = ["req_current_time", "req_managed_accts"]
        .map(|kind| gateway.inject(Fault::Delay(kind.into(), 400 * MILLI)).unwrap())
        .into();

    for _ in 0..3 {
        client.told("client is in doubt");
        sleep_well(&client);
    }
    late.iter().for_each(FaultHandle::clear);
    client.tell("go on");

    assert_eq!(client.told("generations ").split(' ').next(), Some("1"));
}
