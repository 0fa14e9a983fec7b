//! The desired lines against a naive gateway, through random stories.

use std::collections::{BTreeSet, HashMap};

use super::super::board::Board;
use super::super::outlet::Port;
use super::super::random::Random;
use super::*;
use crate::model::Quote;

const BUDGET: LineBudget = LineBudget { market_data: 4, depth: 2, tick_by_tick: 1 };

/// What a gateway has open, told by frames alone: a request's number and what it is for.
#[derive(Default)]
struct Told {
    /// What the link's thread has a line for.
    lines: BTreeSet<i32>,
    /// What was asked and neither cancelled nor refused.
    open: HashMap<i32, LineKey>,
    /// Every request number used on this link.
    used: BTreeSet<i32>,
}

struct Story {
    random: Random,
    desired: Desired,
    told: Told,
    streams: Vec<(StreamId, Arc<Standing>, Vec<LineKey>)>,
    last_stream: u64,
    now: Instant,
}

impl Story {
    fn new(seed: u64) -> Self {
        let options = FeedOptions {
            kind: MarketDataType::Live,
            delayed_fallback: seed.is_multiple_of(2),
            budget: BUDGET,
            stale_after: Duration::from_secs(10),
        };
        Self {
            random: Random::seeded(seed),
            desired: Desired::new(options),
            told: Told::default(),
            streams: Vec::new(),
            last_stream: 0,
            now: Instant::now(),
        }
    }

    fn step(&mut self) {
        self.now += Duration::from_secs(self.random.below(10));
        match self.random.below(10) {
            0 => self.lose(),
            1 => self.restore(),
            2..=4 => self.close_one(),
            5..=6 => self.refuse_one(),
            _ => self.open_one(),
        }
    }

    fn lose(&mut self) {
        self.desired.lost(self.now);
        self.told = Told::default();
    }

    fn restore(&mut self) {
        self.told = Told::default();
        let steps = self.desired.restore(Generation(1), self.now);
        self.carry_out(steps);
    }

    fn open_one(&mut self) {
        self.last_stream += 1;
        let (stream, standing) = (StreamId(self.last_stream), Arc::<Standing>::default());
        let port = Port::Quotes(Arc::new(Board::<Quote>::new(3, Arc::new(|| {}))));
        let keys: Vec<_> = (0..=self.random.below(3)).map(|_| self.random_key()).collect();
        let wish = |(slot, key): (usize, &LineKey)| Wish {
            key: key.clone(),
            contract: Arc::new(contract(key.contract_id)),
            outlet: Outlet { stream, slot, port: port.clone() },
            standing: standing.clone(),
        };
        let before = self.desired.usage();
        match self.desired.add(keys.iter().enumerate().map(wish).collect(), self.now) {
            Ok(steps) => {
                self.carry_out(steps);
                self.streams.push((stream, standing, keys));
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::LineLimit);
                assert_eq!(self.desired.usage(), before, "all or none");
            }
        }
    }

    fn random_key(&mut self) -> LineKey {
        let kinds = [
            LineKind::Market { generic_ticks: String::new() },
            LineKind::Market { generic_ticks: "233".into() },
            LineKind::Depth { rows: 5, is_smart: true },
            LineKind::TickByTick(crate::model::TickByTickKind::Last),
        ];
        let kind = kinds[self.random.below(4) as usize].clone();
        let contract = contract(ContractId(self.random.below(4) as i32 + 1));
        LineKey::new(&contract, kind).unwrap()
    }

    fn close_one(&mut self) {
        if self.streams.is_empty() {
            return;
        }
        let at = self.random.below(self.streams.len() as u64) as usize;
        let (stream, ..) = self.streams.swap_remove(at);
        let steps = self.desired.remove(stream);
        self.carry_out(steps);
        assert!(self.desired.remove(stream).is_empty(), "once is enough");
    }

    /// A coded message about an open request, a closed one or one that never was.
    fn refuse_one(&mut self) {
        let request_id = self.random.below(30) as i32;
        let code = self.random.pick(&[354, 10089, 200, 101, 10197, 10225, 10167, 2152, 317, 999]);
        if let Some(key) = self.told.open.get(&request_id) {
            let is_delayed = self.desired.lines[key].asked_delayed;
            let kept = [Verdict::Advice, Verdict::Interrupted];
            if !kept.contains(&verdict(code, "", &key.kind, is_delayed)) {
                self.told.open.remove(&request_id);
            }
        }
        let steps = self.desired.report(request_id, code, "text", self.now);
        self.carry_out(steps);
    }

    /// Does what the steps say, as the link's thread and the gateway would.
    fn carry_out(&mut self, steps: Vec<Step>) {
        let mut announced = None;
        for step in steps {
            match step {
                Step::Tell(Change::Open { request_id, contract, kind, .. }) => {
                    assert!(self.told.used.insert(request_id), "{request_id} is used twice");
                    self.told.lines.insert(request_id);
                    announced = Some((request_id, LineKey::new(&contract, kind).unwrap()));
                }
                Step::Tell(Change::Close(request_id)) => {
                    assert!(self.told.lines.remove(&request_id), "{request_id} has no line");
                }
                Step::Tell(Change::Listen(id, _) | Change::Leave(id, _) | Change::Gap(id)) => {
                    assert!(self.told.lines.contains(&id), "{id} has no line");
                }
                Step::Ask(request) => self.told.read(&request.into_frame(), announced.take()),
                Step::Fetch(_) | Step::Tell(Change::Backfill(..)) => {
                    unreachable!("no line here has bars")
                }
            }
        }
        assert!(announced.is_none(), "a line was announced and never asked for");
    }

    fn check(&self) {
        let is_live = |key: &LineKey| self.desired.lines.contains_key(key);
        let wanted: Vec<_> = self.desired.lines.keys().collect();
        if self.desired.is_up {
            let open: Vec<_> = self.told.open.values().collect();
            assert_eq!(open.len(), wanted.len(), "one request for each line");
            assert!(wanted.iter().all(|key| open.contains(key)));
            assert_eq!(self.told.lines.len(), open.len());
        } else {
            assert!(self.told.open.is_empty());
        }
        let rows = self.desired.subscriptions(Some("no link"));
        assert_eq!(rows.len(), self.streams.iter().map(|(.., keys)| keys.len()).sum::<usize>());
        for row in self.desired.usage() {
            assert!(row.used <= row.limit, "{row:?}");
        }
        for (stream, standing, keys) in &self.streams {
            let of_stream = self.desired.wished.iter().filter(|wished| wished.stream == *stream);
            assert_eq!(of_stream.count(), keys.len(), "each wish is on the list");
            for (slot, key) in keys.iter().enumerate() {
                let failure = standing.failure(slot);
                let has_failed = failure.is_some_and(|failure| !failure.error.message().is_empty());
                assert!(has_failed || is_live(key), "a line is gone and nobody says why");
            }
        }
    }
}

impl Told {
    /// Reads a frame: it asks for what was announced, or cancels, or chooses the kind of data.
    fn read(&mut self, frame: &[u8], announced: Option<(i32, LineKey)>) {
        if let Some((request_id, key)) = announced {
            let contract = contract(key.contract_id);
            assert!(frame == asking::ask(request_id, &contract, &key.kind));
            self.open.insert(request_id, key);
            return;
        }
        let is_cancel = |(id, key): &(&i32, &LineKey)| frame == asking::withdraw(**id, &key.kind);
        match self.open.iter().find(is_cancel).map(|(id, _)| *id) {
            Some(request_id) => drop(self.open.remove(&request_id)),
            None => assert!(frame == asking::choose(MarketDataType::Delayed), "{frame:?}"),
        }
    }
}

fn contract(id: ContractId) -> Contract {
    Contract { contract_id: Some(id), ..Contract::stock("X") }
}

#[test]
fn after_any_story_each_desired_line_has_one_request_and_nothing_else_has_one() {
    for seed in 1..=200 {
        let mut story = Story::new(seed);
        for count in 0..300 {
            let state = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                story.step();
                story.check();
            }));
            assert!(state.is_ok(), "seed {seed}, step {count}");
        }
        while !story.streams.is_empty() {
            story.close_one();
        }
        assert!(story.told.open.is_empty() && story.desired.lines.is_empty(), "seed {seed}");
    }
}

/// (T2)
#[test]
fn tick_by_tick_lines_are_asked_for_again_only_after_a_while() {
    for (seconds, is_asked_again) in [(1, false), (16, true)] {
        let mut story = Story::new(1);
        story.restore();
        let kind = LineKind::TickByTick(crate::model::TickByTickKind::Last);
        let port = Port::Quotes(Arc::new(Board::<Quote>::new(1, Arc::new(|| {}))));
        let wish = Wish {
            key: LineKey::new(&contract(ContractId(1)), kind).unwrap(),
            contract: Arc::new(contract(ContractId(1))),
            outlet: Outlet { stream: StreamId(1), slot: 0, port },
            standing: Arc::default(),
        };
        let began = story.now;
        let steps = story.desired.add(vec![wish], began).unwrap();
        story.carry_out(steps);

        let later = began + Duration::from_secs(seconds);
        story.desired.report(1, 10189, "failed", later);

        assert_eq!(story.desired.lines.len(), usize::from(is_asked_again), "{seconds} s");
    }
}
