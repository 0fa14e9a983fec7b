//! Everything that may go wrong on purpose: each fault of the mock gateway, and what its control side
//! can do to clients besides. How a blow is aimed, provoked and undone is decided here, by pure
//! functions of its name where possible.

use std::time::Duration;

use aioibkr_mock_gateway::{Fault, FaultHandle, Injection, MockGateway, OrderFault, Quirk};

/// One thing that goes wrong.
#[derive(Clone, Copy)]
pub(super) struct Blow {
    /// The fault's name in the mock gateway; of what is no fault, a name of ours.
    pub(super) name: &'static str,
    deed: Deed,
}

#[derive(Clone, Copy)]
enum Deed {
    /// A fault that strikes a kind of message.
    Aimed(fn(String) -> Fault),
    /// A fault that strikes by itself.
    Own(fn() -> Fault),
    /// Something the gateway does, once.
    Done(fn(&MockGateway)),
}

/// What makes a fault show that waits for an occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provocation {
    /// A frame to everybody.
    Frame,
    /// These notices.
    Notices(&'static [i32]),
    /// The end of every connection: the fault is met on the way back.
    Reconnect,
    /// What the calls do.
    Calls,
}

/// How late a delayed or stalled message comes.
const LATE: Duration = Duration::from_millis(40);

const fn aimed(name: &'static str, make: fn(String) -> Fault) -> Blow {
    Blow { name, deed: Deed::Aimed(make) }
}

const fn own(name: &'static str, make: fn() -> Fault) -> Blow {
    Blow { name, deed: Deed::Own(make) }
}

const fn done(name: &'static str, act: fn(&MockGateway)) -> Blow {
    Blow { name, deed: Deed::Done(act) }
}

/// Every blow.
pub(super) const BLOWS: [Blow; 54] = [
    aimed("Mute", Fault::Mute),
    aimed("Delay", |kind| Fault::Delay(kind, LATE)),
    aimed("Stall", |kind| Fault::Stall(kind, LATE)),
    aimed("Drop", Fault::Drop),
    aimed("Duplicate", Fault::Duplicate),
    aimed("Reorder", Fault::Reorder),
    aimed("Truncate", Fault::Truncate),
    aimed("Split", Fault::Split),
    aimed("Reset", Fault::Reset),
    aimed("HalfOpen", Fault::HalfOpen),
    aimed("BadLength", Fault::BadLength),
    aimed("Garbage", Fault::Garbage),
    own("CodeStorm", || Fault::CodeStorm(1100, Duration::from_millis(5))),
    own("RejectOrder", || Fault::RejectOrder(201, "not today".into())),
    own("PartialFill", || Fault::PartialFill(1.0)),
    own("LateFill", || Fault::LateFill),
    own("IdRollback", || Fault::IdRollback(3)),
    own("ClientIdHeld", || Fault::ClientIdHeld),
    own("LateDrain", || Fault::LateDrain(LATE)),
    own("SlowReader", || Fault::SlowReader(10_000)),
    own("AcceptThenClose", || Fault::Quirk(Quirk::AcceptThenClose)),
    own("AcceptThenReset", || Fault::Quirk(Quirk::AcceptThenReset)),
    own("VersionThenClose", || Fault::Quirk(Quirk::VersionThenClose)),
    own("LateFarms", || Fault::Quirk(Quirk::LateFarms(LATE))),
    own("LostZeroStrike", || Fault::Quirk(Quirk::LostZeroStrike)),
    own("StaleFirstLast", || Fault::Quirk(Quirk::StaleFirstLast(LATE))),
    own("OldLast", || Fault::Quirk(Quirk::OldLast)),
    own("ZeroLastTime", || Fault::Quirk(Quirk::ZeroLastTime)),
    own("StrayDepthRow", || Fault::Quirk(Quirk::StrayDepthRow)),
    own("FarmCompanions", || Fault::Quirk(Quirk::FarmCompanions)),
    own("SilentStreams", || Fault::Quirk(Quirk::SilentStreams)),
    own("ForgottenSummary", || Fault::Quirk(Quirk::ForgottenSummary)),
    own("PoisonedCancel", || Fault::Quirk(Quirk::PoisonedCancel)),
    own("CompetingSession", || Fault::Quirk(Quirk::CompetingSession)),
    own("CrookedBars", || Fault::Quirk(Quirk::CrookedBars)),
    own("MissingMarks", || Fault::Quirk(Quirk::MissingMarks)),
    own("EmptyWithoutEnd", || Fault::Order(OrderFault::EmptyWithoutEnd)),
    own("FillOnCancel", || Fault::Order(OrderFault::FillOnCancel)),
    own("StatusBeforeFill", || Fault::Order(OrderFault::StatusBeforeFill)),
    own("MissingStatus", || Fault::Order(OrderFault::MissingStatus)),
    own("SilentCancel", || Fault::Order(OrderFault::SilentCancel)),
    own("PendingCommission", || Fault::Order(OrderFault::PendingCommission(LATE))),
    own("HalfQuoteCost", || Fault::Order(OrderFault::HalfQuoteCost)),
    own("EchoedVolatility", || Fault::Order(OrderFault::EchoedVolatility)),
    own("RefuseChange", || Fault::Order(OrderFault::RefuseChange(Duration::from_secs(10)))),
    own("HeldForLocate", || Fault::Order(OrderFault::HeldForLocate)),
    own("EmptyChild", || Fault::Order(OrderFault::EmptyChild)),
    own("WinterZone", || Fault::Order(OrderFault::WinterZone)),
    done("DropConnections", |gateway| drop(gateway.drop_connections())),
    done("Down", |gateway| drop(gateway.down())),
    done("Outage", |gateway| gateway.notice(1100)),
    done("OutageDataLost", |gateway| {
        gateway.notice(1100);
        gateway.lose_streams();
        gateway.notice(1101);
    }),
    done("OutageDataKept", |gateway| {
        [1100, 1102].map(|code| gateway.notice(code)).into_iter().collect()
    }),
    done("PortChange", |gateway| gateway.notice(1300)),
];

impl Blow {
    /// The blow of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        BLOWS.into_iter().find(|blow| blow.name == name)
    }

    /// Whether it strikes a kind of message that a test chooses.
    pub(super) fn is_aimed(self) -> bool {
        matches!(self.deed, Deed::Aimed(_))
    }

    /// Whether it is something the gateway does once, not a fault that stays on.
    pub(super) fn is_event(self) -> bool {
        matches!(self.deed, Deed::Done(_))
    }

    /// Whether it ends the connection it strikes, so that calls beside each other would all be
    /// struck by the first of them.
    pub(super) fn ends_link(self) -> bool {
        ["Drop", "Truncate", "Reset", "HalfOpen", "BadLength", "Garbage"].contains(&self.name)
    }

    /// Whether IB's servers are lost until the gateway says otherwise.
    pub(super) fn takes_servers(self) -> bool {
        ["CodeStorm", "Outage"].contains(&self.name)
    }

    /// Whether the gateway answers nothing while every frame is struck by it.
    pub(super) fn silences(self) -> bool {
        ["Mute", "HalfOpen"].contains(&self.name)
    }

    /// Whether the gateway may forget a request or a stream without a word, for as long as the link
    /// lasts: what it was told of is complete again with the next link.
    pub(super) fn forgets(self) -> bool {
        let names = ["Mute", "LateFarms", "SilentStreams", "Garbage", "EmptyWithoutEnd"];
        names.contains(&self.name)
    }

    /// What makes it show.
    pub(super) fn provocation(self) -> Provocation {
        match self.name {
            "FarmCompanions" => Provocation::Notices(&[2103, 2105, 2104, 2106]),
            "SilentStreams" => Provocation::Notices(&[2103, 2104]),
            "ForgottenSummary" => Provocation::Notices(&[1102]),
            "AcceptThenClose" | "AcceptThenReset" | "VersionThenClose" | "ClientIdHeld"
            | "LateFarms" | "IdRollback" => Provocation::Reconnect,
            _ if self.is_aimed() => Provocation::Frame,
            _ => Provocation::Calls,
        }
    }

    /// Lets it happen, aimed at these kinds of message.
    pub(super) fn strike(self, gateway: &MockGateway, kinds: &[&str]) -> Vec<FaultHandle> {
        let inject = |fault: Fault| gateway.inject(limited(fault)).expect("a fault of the table");
        match self.deed {
            Deed::Aimed(make) => kinds.iter().map(|kind| inject(make((*kind).into()))).collect(),
            Deed::Own(make) => vec![inject(make())],
            Deed::Done(act) => {
                act(gateway);
                Vec::new()
            }
        }
    }
}

/// Pauses add up: a stall strikes a few times only.
fn limited(fault: Fault) -> Injection {
    match fault {
        Fault::Stall(..) => Injection::from(fault).times(3),
        fault => fault.into(),
    }
}

/// Provokes what waits for an occasion.
pub(super) fn provoke(gateway: &MockGateway, provocation: Provocation) {
    match provocation {
        Provocation::Frame => gateway.notice(2104),
        Provocation::Notices(codes) => codes.iter().for_each(|code| gateway.notice(*code)),
        Provocation::Reconnect => gateway.drop_connections().expect("a running gateway"),
        Provocation::Calls => {}
    }
}

/// The names of an enum's variants, read from its source.
fn variants(source: &str, of: &str) -> Vec<String> {
    let body = source.split_once(&format!("pub enum {of} {{")).map_or("", |(_, rest)| rest);
    let body = body.split_once("\n}").map_or("", |(body, _)| body);
    let names = body.lines().filter_map(|line| {
        let name = line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase))?;
        Some(name.split(|c: char| !c.is_alphanumeric()).next()?.to_owned())
    });
    names.collect()
}

#[test]
fn core_adversity_knows_every_fault_of_the_mock_gateway() {
    let mut faults = variants(include_str!("../../../src/mock/faults.rs"), "Fault");
    faults.retain(|name| name != "Quirk" && name != "Order");
    faults.extend(variants(include_str!("../../../src/mock/faults/quirk.rs"), "Quirk"));
    faults.extend(variants(include_str!("../../../src/mock/faults/of_orders.rs"), "OrderFault"));

    let known: Vec<_> = BLOWS.iter().filter(|blow| !blow.is_event()).collect();
    let missing: Vec<_> = faults.iter().filter(|name| Blow::named(name).is_none()).collect();

    assert_eq!(missing, Vec::<&String>::new(), "faults without a row in BLOWS");
    assert_eq!(known.len(), faults.len());
    assert!(faults.len() >= 48, "{faults:?}");
}
