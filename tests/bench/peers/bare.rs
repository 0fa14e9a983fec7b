//! The ceiling of any gateway: a bare loop that writes prepared ticks to a loopback socket.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::{Outcome, floor};

/// One last-price tick of request 1, framed.
const FRAME: &[u8] =
    b"\0\0\0\x1c\0\0\0\xc9\x08\x01\x10\x04\x19\0\0\0\0\0\x20\x67\x40\x22\x070000001\x28\0";

/// Writes `ticks` ticks from one thread and reads them on another.
pub(crate) fn run(ticks: u64) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let writer = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut socket, _) = listener.accept()?;
        let round = FRAME.repeat(4096);
        for _ in 0..ticks.div_ceil(4096) + 1 {
            socket.write_all(&round)?;
        }
        Ok(())
    });
    let result = floor::run(floor::Reader::new(TcpStream::connect(address)?), ticks, false);
    // The reader may leave before the last round is taken: that ends the writer with an error.
    let _ = writer.join();
    result
}
