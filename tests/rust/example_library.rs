//! What `docs/mock-gateway/rust.md` shows: the mock gateway as a library, without any client crate.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use aioibkr_mock_gateway::{Fault, Limits, MockGateway, Prices, Scenario, Settings};

/// Offers the versions 157 to 226; returns the one the gateway chose. The code under test.
fn say_hello(address: SocketAddr) -> io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.write_all(b"API\0\0\0\0\x09v157..226")?;
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut body)?;
    let version = body.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(version).into_owned())
}

#[test]
fn test_the_highest_version_both_speak_is_agreed_on() -> io::Result<()> {
    let settings = Settings { max_server_version: 178, ..Settings::default() };
    let gateway = MockGateway::start(settings)?;

    assert_eq!(say_hello(gateway.address())?, "178");
    Ok(())
}

#[test]
fn test_a_gateway_is_told_what_to_be() -> io::Result<()> {
    let scenario = Scenario::parse("version = 1\n[[event]]\nat = 30\nnotice = 2104\n")?;
    let limits = Limits { market_data_lines: Some(1), ..Limits::ib() };
    let settings = Settings { scenario: Some(scenario), limits, ..Settings::default() };

    let gateway = MockGateway::start(settings)?;
    let prices = Prices { bid: Some(189.9), ask: Some(190.1), ..Prices::default() };
    gateway.set_price("AAPL", prices)?;
    gateway.set_position("DU1234567", "AAPL", 10.0, 180.0)?;
    let silence = gateway.inject(Fault::Mute("req_positions".into()))?;
    silence.clear();

    assert!(gateway.requests(None)?.is_empty());
    assert!(gateway.set_price("NOSUCH", prices).is_err());
    Ok(())
}
