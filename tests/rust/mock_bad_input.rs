//! What the mock gateway makes of input no sound client sends: nothing that others notice.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use aioibkr_mock_gateway::MockGateway;

use crate::mock_fixture::gateway;
use crate::mock_raw::{CURRENT_TIME, RawClient, resident_kib, until};

/// The same bytes for the same seed on every machine.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

fn assert_serves(client: &mut RawClient) {
    client.send(CURRENT_TIME, &[]);
    client.read_until(CURRENT_TIME);
}

/// Sends bytes to a fresh socket and drops it; a gateway that closes first is no failure.
fn throw(gateway: &MockGateway, bytes: &[u8]) {
    let mut socket = TcpStream::connect(gateway.address()).unwrap();
    let _ = socket.write_all(bytes);
}

#[test]
fn test_random_bytes_harm_nobody() {
    let gateway = gateway();
    let mut sound = RawClient::connect(&gateway, 1);
    let mut seeded = Seeded(0x5EED_0001);

    for _ in 0..100 {
        let length = seeded.below(2000);
        let noise = seeded.bytes(length);
        throw(&gateway, &noise);
        throw(&gateway, &[b"API\0".to_vec(), noise.clone()].concat());
        throw(&gateway, &[b"API\0\0\0\0\x09v213..226".to_vec(), noise].concat());
    }

    assert_serves(&mut sound);
    assert_eq!(gateway.clients(), [1]);
}

#[test]
fn test_framed_noise_is_answered_and_the_connection_lives() {
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 1);
    let mut seeded = Seeded(0x5EED_0002);

    for _ in 0..2000 {
        let wire_id = 180 + u32::try_from(seeded.below(140)).unwrap();
        let length = seeded.below(60);
        client.send(wire_id, &seeded.bytes(length));
    }

    assert_serves(&mut client);
    assert_eq!(gateway.disconnect_count(), 0);
}

/// Real requests with a few bytes changed come closer to the parsers' edges than noise does.
#[test]
fn test_requests_with_changed_bytes_are_survived() {
    let requests: [(u32, &[u8]); 4] = [
        (203, b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD\x1a\x19\x2a\x03BUY\x32\x011\x42\x03LMT\x49\0\0\0\0\0\0\x49\x40\x90\x04\x01"),
        (201, b"\x08\x01\x12\x17\x12\x04AAPL\x1a\x03STK\x42\x05SMART\x52\x03USD"),
        (220, b"\x08\x05\x12\x0b\x12\x04AAPL\x1a\x03STK\x22\x05\x31 day\x2a\x031 D\x3a\x06TRADES"),
        (262, b"\x08\x01\x12\x03All\x1a\x0eNetLiquidation"),
    ];
    let gateway = gateway();
    let mut client = RawClient::connect(&gateway, 1);
    let mut seeded = Seeded(0x5EED_0003);

    for round in 0..4000 {
        let (wire_id, fields) = requests[round % requests.len()];
        let mut changed = fields.to_vec();
        for _ in 0..=seeded.below(3) {
            let at = seeded.below(changed.len() as u64);
            changed[at] = seeded.next().to_le_bytes()[0];
        }
        changed.truncate(1 + seeded.below(2 * changed.len() as u64));
        client.send(wire_id, &changed);
        if round % 50 == 0 {
            assert_serves(&mut client);
        }
    }

    assert_serves(&mut client);
    assert_eq!(gateway.disconnect_count(), 0);
}

#[test]
fn test_truncated_frames_end_with_their_connection() {
    let gateway = gateway();
    let mut sound = RawClient::connect(&gateway, 1);

    for length in [0, 1, 3, 4, 5, 7] {
        let mut client = RawClient::connect(&gateway, 2);
        client.0.write_all(&[0, 0, 0, 6, 0, 0, 0, 208][..length]).unwrap();
        drop(client);
        until(|| gateway.clients() == [1]);
    }

    assert_serves(&mut sound);
}

#[test]
fn test_announced_lengths_cost_nothing_until_the_bytes_come() {
    let gateway = gateway();
    let mut sound = RawClient::connect(&gateway, 1);
    let before = resident_kib();

    let mut liars: Vec<_> = (2..=31).map(|id| RawClient::connect(&gateway, id)).collect();
    for liar in &mut liars {
        // The longest frame there may be, and little of it.
        liar.0.write_all(&[0, 0xFF, 0xFF, 0xFF, 0, 0, 0, 208]).unwrap();
    }
    assert_serves(&mut sound);

    assert!(resident_kib() < before + 200_000, "memory grew as announced");
}

#[test]
fn test_versions_nobody_speaks_are_refused_and_others_served() {
    let gateway = gateway();
    let mut sound = RawClient::connect(&gateway, 1);

    for range in ["v1..2", "v999..1000", "v226..100", "v", "213..226", "vx..y", ""] {
        let length = u32::try_from(range.len()).unwrap().to_be_bytes();
        let mut socket = TcpStream::connect(gateway.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket.write_all(&[b"API\0", &length[..], range.as_bytes()].concat()).unwrap();
        let answer = std::io::Read::read(&mut socket, &mut [0; 8]).unwrap();

        assert_eq!(answer, 0, "{range:?}");
    }
    assert_serves(&mut sound);
}

/// In text, where a message id is digits; what is no message id is answered too.
#[test]
fn test_framed_noise_in_text_is_answered_and_the_connection_lives() {
    let gateway = gateway();
    let mut client = RawClient::connect_in_text(gateway.address(), 1);
    let mut seeded = Seeded(0x5EED_0004);

    for round in 0..2000 {
        let length = seeded.below(60);
        let noise: Vec<u8> = seeded.bytes(length).iter().map(|byte| byte % 128).collect();
        let id = [String::new(), format!("{}|", seeded.below(110))][round % 2].clone();
        client.send_text(&(id + &String::from_utf8(noise).unwrap()));
    }
    client.send_text("49|1|");

    client.read_text_until("49|");
    assert_eq!(gateway.disconnect_count(), 0);
}

#[test]
fn test_a_hundred_connects_and_drops_a_second_leave_nothing_behind() {
    let gateway = gateway();
    let mut sound = RawClient::connect(&gateway, 1);
    let (files, threads) = (open_files(), running_threads());
    let start = Instant::now();

    for round in 0..200_u8 {
        drop(RawClient::start(&gateway, 2 + round % 20));
        throw(&gateway, b"API");
        if round % 20 == 0 {
            assert_serves(&mut sound);
        }
    }
    let took = start.elapsed();
    until(|| gateway.clients() == [1]);

    assert!(took < Duration::from_secs(4), "200 connects took {took:?}");
    until(|| open_files() <= files + OTHERS && running_threads() <= threads + OTHERS);
    assert_serves(&mut sound);
}

#[test]
fn test_gateways_that_stop_leave_nothing_behind() {
    let (files, threads) = (open_files(), running_threads());

    for _ in 0..100 {
        let gateway = gateway();
        let client = RawClient::start(&gateway, 1);
        gateway.stop();
        drop(client);
    }

    until(|| open_files() <= files + OTHERS && running_threads() <= threads + OTHERS);
}

/// What tests beside this one may have open or running; each leak here is a hundred of them.
const OTHERS: usize = 40;

/// How many files this process has open.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// How many threads this process has.
fn running_threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
