//! Which trade a message speaks of, by tables and for every order of events.

use super::*;
use crate::clock;
use crate::model::{Action, Contract, Order, OrderEvent, OrderStatus};
use crate::orders::book::{Book, TradeNo};

const CLIENT: i32 = 7;

fn identity(key: Option<&str>, perm: i64, order: i32) -> Identity {
    Identity {
        key: key.map(|key| OrderKey::new(key).unwrap()),
        perm_id: (perm != 0).then_some(PermId(perm)),
        client_id: ClientId(CLIENT),
        order_id: (order != 0).then_some(OrderId(order)),
    }
}

/// An order as the gateway shows it; 0 stands for an id that is not told.
fn seen(key: &str, perm: i64, order: i32) -> OpenOrder {
    let Identity { key, perm_id, client_id, order_id } = identity(Some(key), perm, order);
    let order_ref = match key {
        Some(_) if key.as_ref().is_some_and(|key| key.as_str() == "none") => {
            OrderRef::from_wire("")
        }
        key => OrderRef { reference: String::new(), key },
    };
    OpenOrder {
        order_id,
        client_id,
        perm_id,
        contract: Contract::stock("AAPL"),
        order: Order::market(Action::Buy, 1.into()),
        echo: None,
        order_ref,
        status: Some(OrderStatus::Submitted),
        filled: None,
        remark: String::new(),
    }
}

fn open(book: &mut Book, key: &str, perm: i64, order: i32) -> TradeNo {
    book.apply(&OrderEvent::Open(Box::new(seen(key, perm, order))), clock::now()).unwrap()
}

fn status(book: &mut Book, perm: i64, order: i32) -> Option<TradeNo> {
    let Identity { perm_id, client_id, order_id, .. } = identity(None, perm, order);
    let report = StatusReport {
        order_id,
        client_id,
        perm_id,
        status: Some(OrderStatus::Submitted),
        filled: 0.into(),
        remaining: 1.into(),
        average_price: None,
        why_held: String::new(),
    };
    book.apply(&OrderEvent::Status(report), clock::now())
}

fn end(book: &mut Book, key: &str, perm: i64) -> TradeNo {
    let ended = OpenOrder { status: Some(OrderStatus::Cancelled), ..seen(key, perm, 0) };
    book.apply(&OrderEvent::Completed(Box::new(ended)), clock::now()).unwrap()
}

fn contradictions(book: &mut Book) -> Vec<String> {
    book.take_contradictions().iter().map(ToString::to_string).collect()
}

/// A book that knows one order: key `a`, permId 9, order id 1.
fn known() -> (Book, TradeNo) {
    let mut book = Book::default();
    let no = open(&mut book, "a", 9, 1);
    (book, no)
}

#[test]
fn our_key_comes_first_then_the_perm_id_then_the_order_id() {
    // An order shown as (key, permId, order id), and whether it is the known one.
    let table = [
        ("a", 9, 1, true),
        ("a", 9, 0, true),
        ("a", 0, 1, true),
        ("a", 10, 1, true),
        ("a", 10, 2, false),
        ("b", 9, 2, false),
        ("b", 9, 1, false),
        ("b", 9, 0, false),
        ("b", 10, 1, false),
        ("none", 9, 1, true),
        ("none", 9, 0, true),
        ("none", 9, 2, false),
        ("none", 10, 1, false),
        ("none", 0, 1, true),
    ];

    for (key, perm, order, expected) in table {
        let (mut book, first) = known();
        let no = open(&mut book, key, perm, order);
        assert_eq!(no == first, expected, "{key} {perm} {order}");
    }
}

#[test]
fn an_order_that_has_ended_is_not_found_under_a_new_perm_id() {
    let (mut book, first) = known();
    assert_eq!(end(&mut book, "a", 9), first);

    let again = open(&mut book, "a", 10, 1);

    assert_ne!(again, first, "what ended would hide what works");
    assert_eq!(book.by_key(&OrderKey::new("a").unwrap()), Some(first));
}

#[test]
fn messages_without_a_key_find_the_order_that_has_taken_over_a_perm_id() {
    let (mut book, first) = known();
    let second = open(&mut book, "b", 9, 2);

    assert_eq!(status(&mut book, 9, 2), Some(second));
    assert_eq!(status(&mut book, 9, 1), Some(first));
    assert_eq!(status(&mut book, 9, 0), Some(second), "the newest");
    assert_eq!(status(&mut book, 9, 3), None);
    assert_eq!(end(&mut book, "a", 9), first, "whatever has the permId now");
    assert_eq!(status(&mut book, 9, 0), Some(second), "a change of the first takes nothing back");
}

#[test]
fn a_status_finds_a_new_order_before_anything_else_names_its_reused_perm_id() {
    let (mut book, _) = known();
    let placed = book.add(crate::orders::book::found(&seen("b", 0, 2), clock::now()), None);

    assert_eq!(status(&mut book, 9, 2), Some(placed));
}

#[test]
fn ids_that_contradict_what_is_known_are_told_once() {
    type Event = fn(&mut Book) -> TradeNo;
    let table: [(Event, &str); 3] = [
        (|book| open(book, "b", 9, 2), "permId 9 names two orders"),
        (|book| open(book, "a", 10, 2), "two orders carry one key"),
        (|book| open(book, "a", 10, 1), "has permId 10 and had 9"),
    ];

    for (event, expected) in table {
        let (mut book, _) = known();
        assert_eq!(contradictions(&mut book), [""; 0]);
        event(&mut book);
        event(&mut book);
        let told = contradictions(&mut book);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(expected), "{told:?}");
    }
}

#[test]
fn a_client_s_key_is_not_taken_by_an_order_of_another_client() {
    let mut book = Book::default();
    let placed = book.add(crate::orders::book::found(&seen("a", 0, 1), clock::now()), None);

    let foreign = OpenOrder { client_id: ClientId(8), ..seen("a", 9, 1) };
    let no = book.apply(&OrderEvent::Open(Box::new(foreign)), clock::now()).unwrap();

    assert_ne!(no, placed);
}

#[test]
fn an_order_entered_by_hand_keeps_its_trade_when_it_is_bound() {
    let mut book = Book::default();
    let manual = open(&mut book, "none", 9, 0);

    let bound = open(&mut book, "none", 9, -1);

    assert_eq!(bound, manual);
    assert_eq!(open(&mut book, "none", 9, -2), manual, "the permId is all it has");
}

/// A small generator: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).unwrap()
    }
}

#[test]
fn whatever_perm_ids_are_given_again_each_message_finds_its_own_order() {
    for seed in 0..500 {
        let (mut book, mut dice) = (Book::default(), Dice(seed));
        let keys = ["a", "b", "c", "d"];
        let perms: Vec<i64> = keys.iter().map(|_| 9 + dice.below(2) as i64).collect();
        let mut met = [None; 4];
        for step in 0..40 {
            let (no, order) = (dice.below(4), |no: usize| i32::try_from(no + 1).unwrap());
            let found = match (dice.below(3), met[no]) {
                (0, _) | (_, None) => Some(open(&mut book, keys[no], perms[no], order(no))),
                (1, Some(_)) => status(&mut book, perms[no], order(no)),
                (_, Some(_)) => Some(end(&mut book, keys[no], perms[no])),
            };
            let known = *met[no].get_or_insert(found.unwrap());
            assert_eq!(found, Some(known), "seed {seed}, step {step}: {}", keys[no]);
        }
        let trades: std::collections::HashSet<_> = met.iter().flatten().collect();
        assert_eq!(trades.len(), met.iter().flatten().count(), "seed {seed}: merged");
    }
}
