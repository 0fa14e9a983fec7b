//! Reads the ticks of a price that walks. As at IB each tickPrice and each tickSize is one tick; the
//! time of the last trade, which is sent along, is none.

use std::time::Instant;

use serde_json::json;

use crate::Outcome;
use crate::floor::{Reader, TICK_PRICE, TICK_SIZE, Wire, connect};

const CLIENT_ID: i32 = 4003;

/// Ticks by what they tell.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ticks {
    pub(crate) prices: u64,
    pub(crate) sizes: u64,
}

impl Ticks {
    pub(crate) fn all(self) -> u64 {
        self.prices + self.sizes
    }

    /// Counts what has been read and not counted.
    pub(crate) fn count(&mut self, reader: &mut Reader) -> Result<(), Box<dyn std::error::Error>> {
        while let Some((id, _)) = reader.next()? {
            match id {
                TICK_PRICE => self.prices += 1,
                TICK_SIZE => self.sizes += 1,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads so many ticks, from the first that come by the hundred.
pub(crate) fn run(host: &str, port: u16, wire: Wire, ticks: u64) -> Outcome {
    let mut reader = connect(host, port, wire, CLIENT_ID)?;
    reader.open_line(1)?;
    println!("ready");
    let mut seen = Ticks::default();
    // The first burst of a line is a handful of ticks.
    while seen.all() < 100 {
        reader.fill()?;
        seen.count(&mut reader)?;
    }
    let (first, wall) = (seen, Instant::now());
    while seen.all() < ticks {
        reader.fill()?;
        seen.count(&mut reader)?;
    }
    Ok(json!({
        "ticks": seen.all() - first.all(),
        "price_ticks": seen.prices - first.prices,
        "wall_s": wall.elapsed().as_secs_f64(),
    }))
}
