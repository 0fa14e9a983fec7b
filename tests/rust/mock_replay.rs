//! Recording a conversation and playing it to another client.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use aioibkr_mock_gateway::{
    MockGateway, Recorder, RecorderSettings, Recording, Replay, Settings, read_frames,
};
use ibapi::prelude::*;

use crate::mock_fixture::{ACCOUNT, gateway, next};
use crate::mock_raw::{CURRENT_TIME, RawClient};

/// A file name of its own for each test; removed with the value.
pub(crate) struct Tape(pub(crate) PathBuf);

impl Tape {
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("aioibkr-{}-{test}.recording", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        // A test that recorded nothing leaves nothing.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) fn settings(upstream: SocketAddr, out: &Path) -> RecorderSettings {
    RecorderSettings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        upstream,
        out: out.to_owned(),
        is_masked: false,
        masks: Vec::new(),
        allow_non_loopback: false,
    }
}

fn replaying(tape: &Tape) -> MockGateway {
    let recording = Recording::load(&tape.0).unwrap();
    let replay = Some(Replay { recording, speed: 0.0 });
    MockGateway::start(Settings { replay, ..Settings::default() }).unwrap()
}

/// The bytes that went one way, joined.
fn bytes(text: &str, way: &str) -> String {
    let entries = text.lines().filter_map(|line| line.split_once(way));
    entries.map(|(_, hex)| hex).collect()
}

#[test]
fn test_a_recording_holds_every_byte_of_both_ways() {
    let (gateway, tape) = (gateway(), Tape::new("bytes"));
    let recorder = Recorder::start(settings(gateway.address(), &tape.0)).unwrap();
    let mut client = RawClient::connect_to(recorder.address(), 7);
    client.send(CURRENT_TIME, &[]);
    let answer = client.read_until(CURRENT_TIME);
    drop(client);
    drop(recorder);

    let text = tape.text();

    let asked = "41504900000000097632\
                 31332e2e323236000000060000010f0807\
                 00000004000000f9";
    assert_eq!(bytes(&text, " > "), asked);
    let answer: String = answer.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(bytes(&text, " < ").ends_with(&answer));
    assert!(text.starts_with("aioibkr-recording 1\n1 "));
    assert!(text.contains(" open\n") && text.ends_with(" close\n"));
}

#[tokio::test]
async fn test_a_recording_answers_another_client_with_its_own_ids() {
    let (gateway, tape) = (gateway(), Tape::new("replay"));
    gateway.set_position(ACCOUNT, "AAPL", 10.0, 180.0).unwrap();
    gateway.set_pnl(ACCOUNT, 12.5, 100.0, 0.0).unwrap();
    let recorder = Recorder::start(settings(gateway.address(), &tape.0)).unwrap();
    let recorded = Client::connect(&recorder.address().to_string(), 7).await.unwrap();
    let account = AccountId(ACCOUNT.to_owned());
    let time = recorded.server_time().await.unwrap();
    let mut pnl = recorded.pnl(&account, None).await.unwrap().filter_data();
    let daily = next(&mut pnl).await.unwrap().daily_pnl;
    drop((pnl, recorded, recorder, gateway));

    let replaying = replaying(&tape);
    let client = Client::connect(&replaying.address().to_string(), 9).await.unwrap();
    // Not recorded and so not answered; it uses up a request id, so that later ones differ.
    let contract = crate::mock_fixture::aapl();
    let unanswered = client.contract_details(&contract);
    let short = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(short, unanswered).await.is_err());
    let mut pnl = client.pnl(&account, None).await.unwrap().filter_data();

    assert_eq!(daily, 12.5);
    assert_eq!(next(&mut pnl).await.unwrap().daily_pnl, 12.5);
    assert_eq!(client.server_time().await.unwrap(), time);
}

/// A market order for ten shares under order id 1, as a client sends it; without its frame.
fn market_order(session: &[u8]) -> Vec<u8> {
    let (requests, _) = read_frames(&session[1..]);
    requests[0].clone()
}

fn send_body(client: &mut RawClient, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    client.0.write_all(&[&length, body].concat()).unwrap();
}

#[test]
fn test_an_order_is_played_under_the_ids_of_the_client_in_text() {
    let (gateway, tape) = (gateway(), Tape::new("order-in-text"));
    let order = market_order(include_bytes!("../fuzz/corpus/sessions/market_order_in_text"));
    let recorder = Recorder::start(settings(gateway.address(), &tape.0)).unwrap();
    let mut recorded = RawClient::connect_in_text(recorder.address(), 7);
    send_body(&mut recorded, &order);
    recorded.read_text_until("59|");
    drop((recorded, recorder, gateway));

    let replaying = replaying(&tape);
    let mut client = RawClient::connect_in_text(replaying.address(), 9);
    send_body(&mut client, &[b"3\x0050\0", &order[4..]].concat());
    let opened = client.read_text_until("5|");
    let executed = client.read_text_until("11|");

    assert!(opened.starts_with("5|50|"), "{opened}");
    assert!(executed.starts_with("11|-1|50|"), "{executed}");
    assert_eq!(executed.split('|').nth(22), Some("9"), "{executed}");
}

#[test]
fn test_an_order_is_played_under_the_ids_of_the_client_in_protobuf() {
    let (gateway, tape) = (gateway(), Tape::new("order-in-protobuf"));
    let order = market_order(include_bytes!("../fuzz/corpus/sessions/market_order_in_protobuf"));
    let recorder = Recorder::start(settings(gateway.address(), &tape.0)).unwrap();
    let mut recorded = RawClient::connect_to(recorder.address(), 7);
    send_body(&mut recorded, &order);
    recorded.read_until(259);
    drop((recorded, recorder, gateway));

    let replaying = replaying(&tape);
    let mut client = RawClient::connect_to(replaying.address(), 9);
    send_body(&mut client, &[&order[..4], &[8, 50], &order[6..]].concat());
    let opened = client.read_until(205);
    let executed = client.read_until(211);

    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|found| found == part);
    assert_eq!(opened[4..6], [8, 50]);
    // The execution's order id stands before its own, its client's number before the liquidation.
    assert!(holds(&executed, &[8, 50, 18]) && holds(&executed, &[80, 9]), "{executed:?}");
}

#[tokio::test]
async fn test_a_masked_recording_plays_without_the_account() {
    let (gateway, tape) = (gateway(), Tape::new("masked"));
    let masked = RecorderSettings { is_masked: true, ..settings(gateway.address(), &tape.0) };
    let recorder = Recorder::start(masked).unwrap();
    let client = Client::connect(&recorder.address().to_string(), 7).await.unwrap();
    let live = client.managed_accounts().await.unwrap();
    drop((client, recorder, gateway));

    let replaying = replaying(&tape);
    let client = Client::connect(&replaying.address().to_string(), 9).await.unwrap();

    let name: String = ACCOUNT.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!tape.text().contains(&name));
    assert_eq!(live, [ACCOUNT]);
    assert_eq!(client.managed_accounts().await.unwrap(), ["DU0000001"]);
}

#[test]
fn test_a_client_that_does_not_speak_the_recorded_version_is_disconnected() {
    let tape = Tape::new("version");
    let entries = "1 0 open\n1 1 > 4150490000000004763231320a\n1 2 < 00000004323132000a\n";
    std::fs::write(&tape.0, format!("aioibkr-recording 1\n{entries}")).unwrap();
    let gateway = replaying(&tape);

    let mut socket = std::net::TcpStream::connect(gateway.address()).unwrap();
    socket.write_all(b"API\0\0\0\0\x09v213..226").unwrap();

    assert_eq!(socket.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn test_recording_stays_on_this_machine_and_overwrites_nothing() {
    let tape = Tape::new("refused");
    let local = SocketAddr::from(([127, 0, 0, 1], 1));
    let other = SocketAddr::from(([192, 0, 2, 1], 4001));
    let open = RecorderSettings { listen: ([0, 0, 0, 0], 0).into(), ..settings(local, &tape.0) };
    let gateway = gateway();
    let busy = RecorderSettings { listen: gateway.address(), ..settings(local, &tape.0) };

    let busy = Recorder::start(busy).err().unwrap();
    let far = Recorder::start(settings(other, &tape.0)).err().unwrap();
    let open = Recorder::start(open).err().unwrap();
    std::fs::write(&tape.0, "kept").unwrap();
    let taken = Recorder::start(settings(local, &tape.0)).err().unwrap();

    assert_eq!(busy.kind(), std::io::ErrorKind::AddrInUse);
    let refused = std::io::ErrorKind::InvalidInput;
    assert_eq!((far.kind(), open.kind()), (refused, refused));
    assert_eq!(taken.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(tape.text(), "kept");
}
