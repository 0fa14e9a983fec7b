//! The command line of the mock gateway: parsing, starting, waiting for a signal.

use std::io::Write;
use std::net::SocketAddr;

use lexopt::{Arg, ValueExt};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::gateway::MockGateway;
use crate::limits::NamedLimits;
use crate::prices::PriceSeries;
use crate::profile::Profile;
use crate::replay::{Recorder, RecorderSettings, Recording, Replay};
use crate::request_log::RequestRecord;
use crate::scenario::Scenario;
use crate::settings::Settings;

const DEFAULT_PORT: u16 = 4002;

const OK: i32 = 0;
const FAILED: i32 = 1;
const BAD_USAGE: i32 = 2;

const USAGE: &str = "\
usage: aioibkr-mock-gateway [options]
  --host ADDRESS            address to listen on (127.0.0.1)
  --port PORT               port to listen on, 0 for a free one (4002)
  --accounts A,B            accounts of the login (DU1234567)
  --min-server-version N    lowest server version offered (157)
  --max-server-version N    highest server version offered (226)
  --seed N                  seed of prices and history (1)
  --starts-at TIME          what the market's clock shows at the start, such as
                            2026-11-18T15:30:00Z (the present)
  --speed X                 how fast the market's time runs (1)
  --master-client N         client that sees the orders of all others (none)
  --first-perm-id N         permId of the first order, again after a reset (unique)
  --read-only               refuse everything about orders
  --zone NAME               zone of the host in the connection time (UTC)
  --utc-offset-minutes N    minutes the host's clock is ahead of UTC (0)
  --utc-windows             write the window of a history in UTC
  --idle-history-farm       let the farm for history sleep until it is asked
  --sampled-quotes          send quotes in IB's samples
  --paced-account-updates   send account figures every three minutes
  --ledger-prefix           put $LEDGER- before the keys of a currency's figures
  --limit NAME=VALUE        a limit of clients: a number, on or off; ib for all of
                            IB's; may be repeated (see the documentation)
  --prices FILE             play prices from a CSV file or a recording
  --scenario FILE           let the events of a TOML file happen
  --replay FILE             answer from a recording instead of from a market
  --replay-speed N          times as fast as recorded, 0 without waiting (1)
  --print-requests          print each request to standard error
  --allow-non-loopback      permit an address other machines can reach
  --help                    show this text
";

/// Runs the program with these arguments, its own name not among them. Prints one line
/// `listening on HOST:PORT` when ready and returns the exit code after SIGINT or SIGTERM: 0 when it
/// ran, 1 when it could not, 2 for bad usage.
pub fn run(arguments: impl IntoIterator<Item = String>) -> i32 {
    match parse(arguments) {
        Ok(Command::Help) => say(&mut std::io::stdout(), USAGE),
        Ok(Command::Serve(settings)) => serve(*settings),
        Err(error) => {
            say(&mut std::io::stderr(), &format!("{error}\n{USAGE}"));
            BAD_USAGE
        }
    }
}

const RECORD_USAGE: &str = "\
usage: record --upstream HOST:PORT --out FILE [options]
  --upstream HOST:PORT      the gateway
  --out FILE                file to write; it must not exist
  --listen HOST:PORT        where clients connect (127.0.0.1:4002)
  --mask-accounts           replace the accounts of the login in the file
  --mask NAME               replace this name too; may be repeated
  --allow-non-loopback      permit addresses other machines can reach
  --help                    show this text
";

/// Runs the recorder with these arguments, its own name not among them; prints and returns as [`run`].
pub fn record(arguments: impl IntoIterator<Item = String>) -> i32 {
    match parse_recorder(arguments) {
        Ok(None) => say(&mut std::io::stdout(), RECORD_USAGE),
        Ok(Some(settings)) => match Recorder::start(settings) {
            Ok(recorder) => announce(recorder.address()),
            Err(error) => {
                say(&mut std::io::stderr(), &format!("cannot record: {error}\n"));
                FAILED
            }
        },
        Err(error) => {
            say(&mut std::io::stderr(), &format!("{error}\n{RECORD_USAGE}"));
            BAD_USAGE
        }
    }
}

fn parse_recorder(
    arguments: impl IntoIterator<Item = String>,
) -> Result<Option<RecorderSettings>, lexopt::Error> {
    let (mut upstream, mut out, mut masks) = (None, None, Vec::new());
    let mut listen = SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT));
    let (mut is_masked, mut allow_non_loopback) = (false, false);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Long("listen") => listen = parser.value()?.parse()?,
            Arg::Long("upstream") => upstream = Some(parser.value()?.parse()?),
            Arg::Long("out") => out = Some(parser.value()?.into()),
            Arg::Long("mask-accounts") => is_masked = true,
            Arg::Long("mask") => masks.push(parser.value()?.string()?),
            Arg::Long("allow-non-loopback") => allow_non_loopback = true,
            other => return Err(other.unexpected()),
        }
    }
    let (Some(upstream), Some(out)) = (upstream, out) else {
        return Err("--upstream and --out are needed".into());
    };
    Ok(Some(RecorderSettings { listen, upstream, out, is_masked, masks, allow_non_loopback }))
}

#[derive(Debug)]
enum Command {
    Help,
    Serve(Box<Settings>),
}

fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, lexopt::Error> {
    let mut settings = Settings { port: DEFAULT_PORT, ..Settings::default() };
    let (mut recording, mut speed, mut limits) = (None, 1.0, NamedLimits::default());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long(name) if set_up(&mut settings.profile, name) => {}
            Arg::Long("zone") => {
                settings.profile.host.zone = parser.value()?.string()?.into_bytes();
            }
            Arg::Long("utc-offset-minutes") => {
                settings.profile.host.minutes_ahead = parser.value()?.parse()?;
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("host") => settings.host = parser.value()?.parse()?,
            Arg::Long("port") => settings.port = parser.value()?.parse()?,
            Arg::Long("accounts") => settings.accounts = names(&parser.value()?.string()?),
            Arg::Long("min-server-version") => {
                settings.min_server_version = parser.value()?.parse()?;
            }
            Arg::Long("max-server-version") => {
                settings.max_server_version = parser.value()?.parse()?;
            }
            Arg::Long("seed") => settings.seed = parser.value()?.parse()?,
            Arg::Long("starts-at") => {
                settings.starts_at = Some(moment(&parser.value()?.string()?)?)
            }
            Arg::Long("speed") => settings.speed = parser.value()?.parse()?,
            Arg::Long("master-client") => settings.master_client = Some(parser.value()?.parse()?),
            Arg::Long("first-perm-id") => settings.first_perm_id = Some(parser.value()?.parse()?),
            Arg::Long("limit") => limit(&mut limits, &parser.value()?.string()?)?,
            Arg::Long("prices") => settings.prices = Some(prices(&parser.value()?)?),
            Arg::Long("scenario") => settings.scenario = Some(scenario(&parser.value()?)?),
            Arg::Long("replay") => recording = Some(loaded(&parser.value()?)?),
            Arg::Long("replay-speed") => speed = parser.value()?.parse()?,
            Arg::Long("print-requests") => settings.print_requests = true,
            Arg::Long("allow-non-loopback") => settings.allow_non_loopback = true,
            other => return Err(other.unexpected()),
        }
    }
    settings.limits = limits.limits();
    settings.replay = recording.map(|recording| Replay { recording, speed });
    settings.check().map_err(|error| error.to_string())?;
    Ok(Command::Serve(Box::new(settings)))
}

/// Switches on what an option without a value names; `false` if it is another one.
fn set_up(profile: &mut Profile, option: &str) -> bool {
    let flag = match option {
        "read-only" => &mut profile.is_read_only,
        "utc-windows" => &mut profile.writes_utc_windows,
        "idle-history-farm" => &mut profile.has_idle_history_farm,
        "sampled-quotes" => &mut profile.samples_quotes,
        "paced-account-updates" => &mut profile.paces_account_updates,
        "ledger-prefix" => &mut profile.prefixes_ledger,
        _ => return false,
    };
    *flag = true;
    true
}

fn limit(limits: &mut NamedLimits, option: &str) -> Result<(), lexopt::Error> {
    limits.set(option).map_err(|error| error.to_string().into())
}

fn moment(text: &str) -> Result<OffsetDateTime, lexopt::Error> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| format!("{text:?} is no time such as 2026-11-18T15:30:00Z").into())
}

fn scenario(path: &std::ffi::OsStr) -> Result<Scenario, lexopt::Error> {
    Scenario::load(path.as_ref()).map_err(|error| error.to_string().into())
}

fn prices(path: &std::ffi::OsStr) -> Result<PriceSeries, lexopt::Error> {
    PriceSeries::load(path.as_ref()).map_err(|error| error.to_string().into())
}

fn loaded(path: &std::ffi::OsStr) -> Result<Recording, lexopt::Error> {
    Recording::load(path.as_ref()).map_err(|error| error.to_string().into())
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).collect()
}

fn serve(settings: Settings) -> i32 {
    let gateway = match MockGateway::start(settings) {
        Ok(gateway) => gateway,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("cannot start: {error}\n"));
            return FAILED;
        }
    };
    announce(gateway.address())
}

/// Says where it listens, then waits for a signal.
fn announce(address: SocketAddr) -> i32 {
    say(&mut std::io::stdout(), &format!("listening on {address}\n"));
    match wait_for_signal() {
        Ok(()) => OK,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("cannot wait for a signal: {error}\n"));
            FAILED
        }
    }
}

fn wait_for_signal() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = terminated()?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            () = &mut terminate => Ok(()),
        }
    })
}

#[cfg(unix)]
fn terminated() -> std::io::Result<std::pin::Pin<Box<dyn Future<Output = ()>>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signal = signal(SignalKind::terminate())?;
    Ok(Box::pin(async move {
        signal.recv().await;
    }))
}

#[cfg(not(unix))]
fn terminated() -> std::io::Result<std::pin::Pin<Box<dyn Future<Output = ()>>>> {
    Ok(Box::pin(std::future::pending()))
}

/// Prints a request as one line.
pub(crate) fn print_request(request: &RequestRecord) {
    let fields: Vec<_> =
        request.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    let line = format!("client {} {}{}\n", request.client_id, request.kind, fields.concat());
    say(&mut std::io::stderr(), &line);
}

/// Writes and flushes; a reader that is gone is no reason to stop serving clients.
fn say(to: &mut impl Write, text: &str) -> i32 {
    if to.write_all(text.as_bytes()).and_then(|()| to.flush()).is_err() {
        log::debug!("nobody reads what is printed");
    }
    OK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn parsed(line: &str) -> Result<Settings, String> {
        match parse(line.split_whitespace().map(str::to_owned)) {
            Ok(Command::Serve(settings)) => Ok(*settings),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn test_arguments_become_settings() {
        let line = "--port 0 --accounts DU1,DU2 --seed 7 --max-server-version=225 --print-requests";

        let settings = parsed(line).unwrap();

        assert_eq!(settings.accounts, ["DU1", "DU2"]);
        assert_eq!((settings.port, settings.seed, settings.max_server_version), (0, 7, 225));
        assert!(settings.print_requests);
    }

    #[test]
    fn test_options_set_the_gateway_up() {
        let line = "--read-only --utc-windows --idle-history-farm --sampled-quotes \
                    --paced-account-updates --ledger-prefix --zone CET --utc-offset-minutes 60";

        let profile = parsed(line).unwrap().profile;

        let expected = Profile {
            is_read_only: true,
            writes_utc_windows: true,
            has_idle_history_farm: true,
            samples_quotes: true,
            paces_account_updates: true,
            prefixes_ledger: true,
            host: crate::profile::HostClock { zone: b"CET".to_vec(), minutes_ahead: 60 },
            ..Profile::default()
        };
        assert_eq!(profile, expected);
    }

    #[test]
    fn test_limits_are_those_named_and_otherwise_the_default() {
        let limits = |line| parsed(line).map(|settings| settings.limits);
        let (one, default) = (Some(1), Limits::default());

        assert_eq!(limits("--port 0"), Ok(default));
        assert_eq!(limits("--limit depth=1"), Ok(Limits { depth: one, ..default }));
        assert_eq!(limits("--limit ib --limit=depth=1"), Ok(Limits { depth: one, ..Limits::ib() }));
        assert!(limits("--limit depth=few").is_err_and(|error| error.contains("depth=few")));
    }

    #[test]
    fn test_bad_usage_is_told_by_its_exit_code() {
        for line in [
            "--port x",
            "--nope",
            "--host 0.0.0.0",
            "--accounts ,",
            "--seed",
            "--scenario /nope/x.toml",
            "--replay /nope/x",
            "--replay-speed 1x",
            "--limit depth=few",
        ] {
            assert!(parsed(line).is_err(), "{line}");
            assert_eq!(run(line.split_whitespace().map(str::to_owned)), BAD_USAGE, "{line}");
        }
    }
}
