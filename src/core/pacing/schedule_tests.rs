//! The schedule under virtual time: tables, and seeded stories that no interleaving may break.

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const ONE: Caller = Caller(1);
const TWO: Caller = Caller(2);

/// A schedule whose second is used up by ordinary messages and orders.
fn busy(rate: usize, now: Instant) -> Schedule {
    let mut schedule = Schedule::new(rate);
    while schedule.send_now(Urgency::Cancel, now) {}
    schedule
}

fn place(schedule: &mut Schedule, urgency: Urgency, caller: Caller) -> Ticket {
    schedule.wait(urgency, caller)
}

/// Sends everything that is due, moment after moment, and says in which order and when.
fn drain(schedule: &mut Schedule, mut now: Instant) -> Vec<(Ticket, Instant)> {
    let mut order = Vec::new();
    while schedule.waiting() > 0 {
        let due = schedule.due(now);
        if due.is_empty() {
            now = schedule.next_room(now).map_or(now, |room| room.max(now));
        }
        for ticket in due {
            schedule.begin(ticket, now);
            order.push((ticket, now));
        }
    }
    order
}

fn tickets(order: &[(Ticket, Instant)]) -> Vec<Ticket> {
    order.iter().map(|(ticket, _)| *ticket).collect()
}

#[test]
fn a_tenth_of_the_rate_is_kept_for_orders_and_its_last_part_for_cancels() {
    let now = Instant::now();
    let mut schedule = Schedule::new(50);

    let mut count = |urgency| (0..99).filter(|_| schedule.send_now(urgency, now)).count();
    let told = [count(Urgency::Ordinary), count(Urgency::Order), count(Urgency::Cancel)];

    assert_eq!(told, [45, 3, 2]);
    assert!(!schedule.send_now(Urgency::Cancel, now + WINDOW - Duration::from_millis(1)));
    assert!(schedule.send_now(Urgency::Ordinary, now + WINDOW));
}

#[test]
fn a_probe_a_cancel_then_an_order_overtake_what_waits() {
    let now = Instant::now();
    let mut schedule = busy(50, now);
    let reads: Vec<_> = (0..300).map(|_| place(&mut schedule, Urgency::Ordinary, ONE)).collect();
    let order = place(&mut schedule, Urgency::Order, ONE);
    let cancel = place(&mut schedule, Urgency::Cancel, ONE);
    let probe = place(&mut schedule, Urgency::Probe, ONE);

    let sent = tickets(&drain(&mut schedule, now));

    assert_eq!(sent[..3], [probe, cancel, order]);
    assert_eq!(sent[3..], reads[..]);
}

#[test]
fn callers_of_one_urgency_take_turns_each_in_its_own_order() {
    let now = Instant::now();
    let mut schedule = busy(50, now);
    let many: Vec<_> = (0..4).map(|_| place(&mut schedule, Urgency::Ordinary, ONE)).collect();
    let few: Vec<_> = (0..2).map(|_| place(&mut schedule, Urgency::Ordinary, TWO)).collect();

    let sent = tickets(&drain(&mut schedule, now));

    assert_eq!(sent, [many[0], few[0], many[1], few[1], many[2], many[3]]);
}

#[test]
fn what_waits_goes_first_after_nine_more_urgent_ones() {
    let now = Instant::now();
    let mut schedule = busy(10, now);
    let read = place(&mut schedule, Urgency::Ordinary, ONE);
    let order = place(&mut schedule, Urgency::Order, ONE);
    for _ in 0..100 {
        place(&mut schedule, Urgency::Cancel, TWO);
    }

    let sent = tickets(&drain(&mut schedule, now));

    assert_eq!(sent.iter().position(|ticket| *ticket == order), Some(9));
    assert_eq!(sent.iter().position(|ticket| *ticket == read), Some(10));
}

#[test]
fn giving_up_frees_the_place_and_the_room() {
    let now = Instant::now();
    let mut schedule = busy(1, now);
    let waiting = place(&mut schedule, Urgency::Order, ONE);
    let granted = place(&mut schedule, Urgency::Cancel, ONE);
    let last = place(&mut schedule, Urgency::Ordinary, ONE);
    assert_eq!(schedule.due(now + WINDOW), [granted]);

    schedule.give_up(granted);
    schedule.give_up(waiting);

    assert_eq!(schedule.due(now + WINDOW), [last]);
    assert_eq!(schedule.waiting(), 0);
}

#[test]
fn a_granted_message_counts_from_its_write_and_not_from_its_grant() {
    let now = Instant::now();
    let mut schedule = Schedule::new(1);
    let late = place(&mut schedule, Urgency::Ordinary, ONE);
    assert_eq!(schedule.due(now), [late]);
    let next = place(&mut schedule, Urgency::Ordinary, ONE);

    schedule.begin(late, now + 3 * SECOND);

    assert_eq!(schedule.due(now + 3 * SECOND + WINDOW / 2), []);
    assert_eq!(schedule.due(now + 3 * SECOND + WINDOW), [next]);
}

#[test]
fn the_expected_wait_is_what_comes_true() {
    let now = Instant::now();
    for ahead in [0, 1, 44, 45, 46, 200] {
        let mut schedule = Schedule::new(50);
        while schedule.send_now(Urgency::Ordinary, now) {}
        for _ in 0..ahead {
            place(&mut schedule, Urgency::Ordinary, ONE);
        }

        assert_eq!(schedule.left(Urgency::Cancel, now), 5_usize.saturating_sub(ahead));
        let told = schedule.expected_wait(Urgency::Ordinary, now);

        let mine = place(&mut schedule, Urgency::Ordinary, ONE);
        let order = drain(&mut schedule, now);
        let (_, at) = order.iter().find(|(ticket, _)| *ticket == mine).unwrap();
        assert_eq!(told, *at - now, "{ahead} ahead");
    }
}

#[test]
fn the_lower_of_two_rates_holds() {
    let now = Instant::now();
    let mut schedule = Schedule::new(50);

    schedule.restrict(20);
    schedule.restrict(80);

    assert_eq!((0..99).filter(|_| schedule.send_now(Urgency::Cancel, now)).count(), 20);
}

#[test]
fn what_a_caller_sends_begins_in_the_order_it_was_asked_for() {
    let now = Instant::now();
    let mut schedule = Schedule::new(50);
    let first = place(&mut schedule, Urgency::Order, ONE);
    assert_eq!(schedule.due(now), [first]);

    let is_sent_now = schedule.send_now(Urgency::Order, now);
    let second = place(&mut schedule, Urgency::Order, ONE);

    assert!(!is_sent_now);
    assert_eq!(schedule.due(now), [], "the first has not begun");
    schedule.begin(first, now);
    assert_eq!(schedule.due(now + schedule.spacing(Urgency::Order)), [second]);
}

#[test]
fn who_had_to_wait_is_spaced_out_and_orders_do_not_mind() {
    let now = Instant::now();
    let mut schedule = Schedule::new(50);
    while schedule.send_now(Urgency::Ordinary, now) {}
    let reads = (0..90).map(|_| place(&mut schedule, Urgency::Ordinary, ONE)).count();
    let order = place(&mut schedule, Urgency::Order, ONE);

    let sent = drain(&mut schedule, now);

    assert_eq!(sent[0], (order, now));
    let gaps: HashSet<_> = sent[1..].windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    assert_eq!(
        (sent.len() - 1, gaps),
        (reads, HashSet::from([schedule.spacing(Urgency::Ordinary)]))
    );
}

/// Xorshift: the same seed gives the same story.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// What one seeded story did.
struct Story {
    random: Random,
    schedule: Schedule,
    now: Instant,
    granted: Vec<Ticket>,
    waiting: Vec<Ticket>,
    sends: Vec<Instant>,
    ended: HashSet<Ticket>,
}

impl Story {
    fn of(seed: u64, rate: usize) -> Self {
        Self {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            schedule: Schedule::new(rate),
            now: Instant::now(),
            granted: Vec::new(),
            waiting: Vec::new(),
            sends: Vec::new(),
            ended: HashSet::new(),
        }
    }

    fn step(&mut self) {
        self.now +=
            Duration::from_micros([0, 0, 300, 9_000, 400_000][self.random.below(5) as usize]);
        match self.random.below(10) {
            0..=4 => self.arrive(),
            5..=7 => self.begin_one(),
            8 => self.give_up_one(),
            _ => self.grant(),
        }
    }

    fn arrive(&mut self) {
        for _ in 0..self.random.below(30) {
            let urgency = URGENCIES[self.random.below(4) as usize];
            if self.schedule.send_now(urgency, self.now) {
                self.sends.push(self.now);
                continue;
            }
            let caller = Caller(self.random.below(4));
            self.waiting.push(self.schedule.wait(urgency, caller));
        }
    }

    fn grant(&mut self) {
        let due = self.schedule.due(self.now);
        self.waiting.retain(|ticket| !due.contains(ticket));
        self.granted.extend(due);
    }

    fn begin_one(&mut self) {
        if self.granted.is_empty() {
            return self.grant();
        }
        let one = self.random.below(self.granted.len() as u64) as usize;
        let ticket = self.granted.swap_remove(one);
        self.schedule.begin(ticket, self.now);
        assert!(self.ended.insert(ticket), "sent twice");
        self.sends.push(self.now);
    }

    fn give_up_one(&mut self) {
        let from = if self.random.below(2) == 0 { &mut self.granted } else { &mut self.waiting };
        if from.is_empty() {
            return;
        }
        let ticket = from.swap_remove(self.random.below(from.len() as u64) as usize);
        self.schedule.give_up(ticket);
        assert!(self.ended.insert(ticket), "given up twice");
    }

    /// Lets everything that still waits go.
    fn finish(&mut self) {
        for _ in 0..self.waiting.len() + self.granted.len() + 1 {
            self.grant();
            while !self.granted.is_empty() {
                self.begin_one();
                self.grant();
            }
            self.now += 2 * WINDOW;
        }
    }
}

fn busiest_second(sends: &[Instant]) -> usize {
    let ends = |start: Instant| sends.partition_point(|at| *at < start + SECOND);
    let counts = sends.iter().enumerate().map(|(first, start)| ends(*start) - first);
    counts.max().unwrap_or(0)
}

#[test]
fn no_second_of_any_story_has_more_sends_than_the_rate_and_nobody_starves() {
    for seed in 0..120 {
        let rate = [1, 2, 7, 20, 50][seed as usize % 5];
        let mut story = Story::of(seed, rate);

        (0..150).for_each(|_| story.step());
        story.finish();

        let busiest = busiest_second(&story.sends);
        assert!(busiest <= rate, "seed {seed}: {busiest} of {rate}");
        assert_eq!(story.waiting.len() + story.granted.len(), 0, "seed {seed}: left over");
        assert_eq!(story.schedule.waiting(), 0, "seed {seed}");
    }
}
