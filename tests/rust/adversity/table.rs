//! The table: every blow against every call in every phase. Runs the cells side by side, prints what
//! became of each and how to repeat what failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::blow::{BLOWS, Blow};
use super::call::Call;
use super::cell::{Cell, LEGEND, Phase, Report, meaningless};
use super::stage::KEEPALIVE;

/// Cells that run side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 24;

/// What became of each combination that has a meaning.
type Outcomes = BTreeMap<(&'static str, Call, Phase), char>;

/// The cells of a blow in a phase. Calls share a gateway, but for those in flight that would meet the
/// end of the link by another's message, and the one that touches the orders of all others.
fn cells(blow: Blow, phase: Phase) -> Vec<Cell> {
    let meant = |call: &Call| meaningless(*call, phase).is_none();
    let calls: Vec<_> = Call::all().into_iter().filter(meant).collect();
    let strikes_one = blow.ends_link() && phase == Phase::InFlight;
    let (alone, shared): (Vec<_>, Vec<_>) =
        calls.into_iter().partition(|call| strikes_one || *call == Call::CancelAll);
    let groups = alone.into_iter().map(|call| vec![call]).chain([shared]);
    let groups = groups.filter(|calls| !calls.is_empty());
    groups.map(|calls| Cell { blow, phase, calls, keepalive: Some(KEEPALIVE) }).collect()
}

/// Every cell, or those that hold the one `AIOIBKR_CELL=blow/call/phase` names.
fn wanted() -> Vec<Cell> {
    let all = BLOWS
        .into_iter()
        .flat_map(|blow| Phase::ALL.into_iter().flat_map(move |phase| cells(blow, phase)));
    let Ok(named) = std::env::var("AIOIBKR_CELL") else { return all.collect() };
    let names: Vec<_> = named.split('/').collect();
    let is_named = |cell: &Cell| {
        names.first() == Some(&cell.blow.name)
            && names.get(1).is_none_or(|name| cell.calls.iter().any(|call| call.name() == *name))
            && names.get(2).is_none_or(|name| cell.phase.name() == *name)
    };
    all.filter(is_named).collect()
}

async fn run_all(cells: Vec<Cell>) -> Vec<(Cell, Report)> {
    let places = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let mut running = JoinSet::new();
    for cell in cells {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await.expect("nobody closes it");
            let report = cell.run().await;
            (cell, report)
        });
    }
    running.join_all().await
}

/// The table as text: a row per blow, a column per call, a letter per phase.
fn drawn(outcomes: &Outcomes) -> String {
    let phases = Phase::ALL.map(Phase::name).join(", ");
    let mut text = format!("{LEGEND}\nfour letters a cell: {phases}\n\n{:17}", "");
    Call::all().iter().for_each(|call| text += &format!("{:5}", call.letters()));
    for blow in BLOWS {
        text += &format!("\n{:17}", blow.name);
        for call in Call::all() {
            Phase::ALL.iter().for_each(|phase| text.push(shown(outcomes, blow, call, *phase)));
            text.push(' ');
        }
    }
    text + "\n"
}

/// The letter of a cell; a blank is a cell that nobody ran.
fn shown(outcomes: &Outcomes, blow: Blow, call: Call, phase: Phase) -> char {
    let known = outcomes.get(&(blow.name, call, phase)).copied();
    let dash = meaningless(call, phase).map(|_| '-');
    known.or(dash).unwrap_or(' ')
}

fn complaints(reports: &[(Cell, Report)]) -> Vec<String> {
    let broken = reports.iter().filter(|(_, report)| !report.violations.is_empty());
    let told = |(cell, report): &(Cell, Report)| {
        let found = report.violations.iter();
        let found: Vec<_> =
            found.map(|one| format!("  invariant {}: {}", one.invariant, one.what)).collect();
        format!("{}\n{}", cell.command(), found.join("\n"))
    };
    broken.map(told).collect()
}

fn outcomes(reports: &[(Cell, Report)]) -> Outcomes {
    let of = |(cell, report): &(Cell, Report)| {
        let (blow, phase) = (cell.blow.name, cell.phase);
        let row = report.outcomes.iter().map(move |(call, letter)| ((blow, *call, phase), *letter));
        row.collect::<Vec<_>>()
    };
    reports.iter().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "a table is to be looked at")]
async fn core_adversity_table() {
    let is_whole = std::env::var("AIOIBKR_CELL").is_err();
    let began = std::time::Instant::now();

    let reports = run_all(wanted()).await;

    let table = drawn(&outcomes(&reports));
    println!("{table}\n{} gateways in {:.1?}", reports.len(), began.elapsed());
    let complaints = complaints(&reports);
    assert!(complaints.is_empty(), "{} broken:\n{}", complaints.len(), complaints.join("\n"));
    assert!(!is_whole || !rows(&table).contains("  "), "a cell is empty");
}

/// The cells alone, without the names in front of them.
fn rows(table: &str) -> String {
    let rows = table.lines().filter_map(|line| line.get(17..));
    rows.skip(5).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_adversity_fails_without_a_probe() {
    let unwatched = |name| Cell {
        blow: Blow::named(name).expect("a blow of the table"),
        phase: Phase::Idle,
        calls: vec![Call::Place],
        keepalive: None,
    };

    let reports = run_all(["Mute", "HalfOpen"].map(unwatched).into()).await;

    assert_eq!(reports.len(), 2);
    for (cell, report) in reports {
        let is_doubted = report.violations.iter().all(|one| one.invariant != 0);
        assert!(!is_doubted, "{}: {:?}", cell.blow.name, report.violations);
    }
}
