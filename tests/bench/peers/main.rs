//! Peers of the bench in Rust. Each command prints `ready`, does its work and prints one JSON line.
//!
//! - `split HOST PORT TICKS LINES`: read a flood and cut it into frames, nothing more.
//! - `decode HOST PORT TICKS LINES`: the same, and decode each tick with prost.
//! - `simulated HOST PORT TICKS protobuf|text`: read ticks of prices that walk; prices and sizes count.
//! - `crowd HOST PORT CLIENTS TICKS`: clients at once, each reading so many ticks.
//! - `idle HOST PORT CLIENTS`: clients that do nothing until standard input ends.
//! - `bare TICKS`: the same bytes from a bare loop that writes a prepared buffer.
//! - `time HOST PORT SEQUENTIAL CONCURRENT`: server-time requests with the plain `ibapi` crate.
//! - `ticks HOST PORT LINES TICKS`: a flood with it, a task for each line.
//! - `memory HOST PORT LINES`: what the process holds with so many lines open.
//! - `bars HOST PORT DAYS`: one-second bars with the plain `ibapi` crate.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod bare;
mod crowd;
mod floor;
mod ibapi_ticks;
mod plain_ibapi;
mod simulated;

use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<serde_json::Value, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(result) => {
            println!("{result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [command @ ("split" | "decode"), host, port, ticks, lines] => {
            let reader = floor::open(host, port.parse()?, lines.parse()?)?;
            floor::run(reader, ticks.parse()?, command == "decode")
        }
        ["ticks", host, port, lines, ticks] => {
            ibapi_ticks::flood(&format!("{host}:{port}"), lines.parse()?, ticks.parse()?)
        }
        ["memory", host, port, lines] => {
            ibapi_ticks::memory(&format!("{host}:{port}"), lines.parse()?)
        }
        ["simulated", host, port, ticks, wire] => {
            let wire = if wire == "text" { floor::Wire::Text } else { floor::Wire::Protobuf };
            simulated::run(host, port.parse()?, wire, ticks.parse()?)
        }
        ["crowd", host, port, clients, ticks] => {
            crowd::read(host, port.parse()?, clients.parse()?, ticks.parse()?)
        }
        ["idle", host, port, clients] => crowd::idle(host, port.parse()?, clients.parse()?),
        ["bare", ticks] => bare::run(ticks.parse()?),
        ["time", host, port, sequential, concurrent] => {
            let address = format!("{host}:{port}");
            plain_ibapi::server_time(&address, sequential.parse()?, concurrent.parse()?)
        }
        ["bars", host, port, days] => plain_ibapi::bars(&format!("{host}:{port}"), days.parse()?),
        _ => Err("usage: bench-peers COMMAND …, as its documentation says".into()),
    }
}

/// The stock of a line, counted from 1; the bench lists them.
fn symbol(line: i32) -> String {
    format!("S{line:05}")
}

/// CPU time of this process so far, in nanoseconds.
fn cpu_nanoseconds() -> i128 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    i128::from(spent.tv_sec) * 1_000_000_000 + i128::from(spent.tv_nsec)
}
