//! Many clients of one gateway at once: whether it serves them alike, and what they cost when nothing
//! happens.

use std::io::Read;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Outcome;
use crate::floor::{Reader, Wire, connect};
use crate::simulated::Ticks;

const FIRST_CLIENT_ID: i32 = 6001;

type Clients = Result<Vec<Reader>, Box<dyn std::error::Error>>;

fn clients(host: &str, port: u16, count: i32) -> Clients {
    (0..count).map(|n| connect(host, port, Wire::Protobuf, FIRST_CLIENT_ID + n)).collect()
}

/// Each client reads so many ticks on a thread of its own; how long the slowest took against the
/// fastest.
pub(crate) fn read(host: &str, port: u16, count: i32, ticks: u64) -> Outcome {
    let mut readers = clients(host, port, count)?;
    readers.iter_mut().try_for_each(|reader| reader.open_line(1))?;
    println!("ready");
    let start = Barrier::new(readers.len());
    let times: Vec<Option<Duration>> = thread::scope(|scope| {
        let spawn = |reader| scope.spawn(|| time_of(reader, ticks, &start));
        let threads: Vec<_> = readers.into_iter().map(spawn).collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    });
    let times = times.into_iter().collect::<Option<Vec<_>>>().ok_or("a client was cut off")?;
    let (slowest, fastest) = (times.iter().max(), times.iter().min());
    let (slowest, fastest) = slowest.zip(fastest).ok_or("no client")?;
    Ok(json!({
        "ticks": ticks * times.len() as u64,
        "wall_s": slowest.as_secs_f64(),
        "slowest_to_fastest": slowest.as_secs_f64() / fastest.as_secs_f64(),
    }))
}

/// From when every client has its first ticks to the last of this one; `None` if it was cut off.
fn time_of(mut reader: Reader, ticks: u64, start: &Barrier) -> Option<Duration> {
    let mut seen = Ticks::default();
    while seen.all() < 100 {
        reader.fill().ok()?;
        seen.count(&mut reader).ok()?;
    }
    start.wait();
    let start = Instant::now();
    while seen.all() < ticks {
        reader.fill().ok()?;
        seen.count(&mut reader).ok()?;
    }
    Some(start.elapsed())
}

/// Clients that are connected and silent until standard input ends.
pub(crate) fn idle(host: &str, port: u16, count: i32) -> Outcome {
    let clients = clients(host, port, count)?;
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(json!({ "clients": clients.len() }))
}
