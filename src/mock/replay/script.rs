//! A recorded connection as a script: which frames answer what the client asks now. Pure.
//!
//! Requests are matched by kind, each recorded one once and in order; one asked more often gets the last
//! answer again. Each match tells which id of the recording the client has another one for: of a
//! request, of an order, its own. Answers carry the client's, wherever in a message they stand.

use std::collections::BTreeMap;
use std::time::Duration;

use super::conversation::{Asked, Conversation, request_of};
use super::ids::{Space, with_ids};
use super::recording::Recording;
use crate::wire::ServerVersion;

/// One connection of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The frame with the server version.
    pub(super) greeting: Vec<u8>,
    pub(super) version: ServerVersion,
    asked: Vec<Asked>,
    is_matched: Vec<bool>,
    /// The client's ids by those of the recording.
    ids: BTreeMap<(Space, i32), i32>,
}

impl Script {
    /// The scripts of all connections that got as far as a server version.
    pub(super) fn all(recording: &Recording) -> Vec<Self> {
        Conversation::all(recording).into_iter().map(Self::of).collect()
    }

    fn of(Conversation { greeting, version, asked, .. }: Conversation) -> Self {
        let is_matched = vec![false; asked.len()];
        Self { greeting, version, asked, is_matched, ids: BTreeMap::new() }
    }

    /// The frames that answer a request, with when; empty if no such request was recorded.
    pub(super) fn answer(&mut self, body: &[u8]) -> Vec<(Duration, Vec<u8>)> {
        let (kind, id) = request_of(self.version, body);
        let Some(place) = self.matching(kind) else { return Vec::new() };
        self.is_matched[place] = true;
        let asked = &self.asked[place];
        if let (Some(recorded), Some((_, now))) = (asked.id, id) {
            self.ids.insert(recorded, now);
        }
        let mut change = |space, id| self.id_now(space, id, asked);
        let told = asked.told.iter();
        told.map(|told| (told.after, with_ids(self.version, &told.body, &mut change))).collect()
    }

    /// The next recorded request of a kind, or the last one again.
    fn matching(&self, kind: u32) -> Option<usize> {
        let is_same = |place: &usize| self.asked[*place].kind == kind;
        let places = 0..self.asked.len();
        let next = places.clone().find(|place| is_same(place) && !self.is_matched[*place]);
        next.or_else(|| places.rev().find(is_same))
    }

    /// What the client calls what had this id; an id it knows nothing of stays. An error is about what
    /// it answers, if that has the id.
    fn id_now(&self, space: Space, id: i32, asked: &Asked) -> i32 {
        let own = asked.id.map(|(own, _)| own).filter(|_| space == Space::Either);
        let spaces = match space {
            Space::Either => [own.unwrap_or(Space::Request), Space::Order, Space::Request],
            space => [space; 3],
        };
        let known = |space| self.ids.get(&(space, id)).copied();
        spaces.into_iter().find_map(known).unwrap_or(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::recording::Way;

    /// A body in protobuf form with a number in its first field.
    fn body(id: u32, number: u8) -> Vec<u8> {
        [&(200 + id).to_be_bytes()[..], &[8, number]].concat()
    }

    fn script(frames: &[(Way, Vec<u8>)]) -> Script {
        script_at("213", frames)
    }

    fn script_at(version: &str, frames: &[(Way, Vec<u8>)]) -> Script {
        Script::of(Conversation::made_of(version, frames))
    }

    fn bodies(answer: Vec<(Duration, Vec<u8>)>) -> Vec<Vec<u8>> {
        answer.into_iter().map(|(_, body)| body).collect()
    }

    #[test]
    fn test_answers_follow_their_own_request_and_take_its_new_id() {
        let (summary, row, end) = (62, 63, 64);
        let mut script = script(&[
            (Way::ToGateway, body(summary, 5)),
            (Way::ToGateway, body(8, 1)),
            (Way::ToClient, body(row, 5)),
            (Way::ToClient, body(9, 5)),
            (Way::ToClient, body(end, 5)),
        ]);

        let ids = script.answer(&body(8, 1));
        let summary = script.answer(&body(summary, 77));

        assert_eq!(bodies(ids), [body(9, 5)]);
        assert_eq!(summary[0].0, Duration::from_millis(2));
        assert_eq!(bodies(summary), [body(row, 77), body(end, 77)]);
    }

    #[test]
    fn test_requests_are_matched_in_order_and_the_last_answer_is_repeated() {
        let mut script = script(&[
            (Way::ToGateway, body(49, 0)),
            (Way::ToClient, body(49, 1)),
            (Way::ToGateway, body(49, 0)),
            (Way::ToClient, body(49, 2)),
        ]);

        let answers: Vec<_> = (0..3).flat_map(|_| bodies(script.answer(&body(49, 0)))).collect();

        assert_eq!(answers, [body(49, 1), body(49, 2), body(49, 2)]);
        assert_eq!(script.answer(&body(61, 0)), []);
    }

    #[test]
    fn test_text_messages_are_matched_by_their_kind() {
        let mut script = script_at(
            "178",
            &[
                (Way::ToGateway, b"49\x001\0".to_vec()),
                (Way::ToClient, b"49\x001\x00170\0".to_vec()),
            ],
        );

        assert_eq!(bodies(script.answer(b"49\x001\0")), [b"49\x001\x00170\0".to_vec()]);
    }

    #[test]
    fn test_ids_in_text_are_those_the_client_uses_now() {
        let text = |message: &str| message.replace('|', "\0").into_bytes();
        let mut script = script_at(
            "176",
            &[
                (Way::ToGateway, text("62|1|5|All|NetLiquidation|")),
                (Way::ToClient, text("63|1|5|DU1|NetLiquidation|5|USD|")),
                (Way::ToClient, text("4|2|5|321|5 tags|")),
                (Way::ToClient, text("64|1|5|")),
            ],
        );

        let answer = bodies(script.answer(&text("62|1|900|All|NetLiquidation|")));

        let expected = ["63|1|900|DU1|NetLiquidation|5|USD|", "4|2|900|321|5 tags|", "64|1|900|"];
        assert_eq!(answer, expected.map(text));
    }

    /// Executions and commissions follow their order, though other requests came in between.
    #[test]
    fn test_an_order_is_answered_under_its_new_id_and_the_new_client() {
        let execution = |order: u8, client: u8| {
            [&211_u32.to_be_bytes()[..], &[8, 7, 26, 4, 8, order, 80, client]].concat()
        };
        let commission = [&259_u32.to_be_bytes()[..], &[10, 1, b'x']].concat();
        let status = |order: u8| [&203_u32.to_be_bytes()[..], &[8, order]].concat();
        let mut script = script(&[
            (Way::ToGateway, body(71, 3)),
            (Way::ToGateway, body(3, 5)),
            (Way::ToGateway, body(49, 0)),
            (Way::ToClient, status(5)),
            (Way::ToClient, execution(5, 3)),
            (Way::ToClient, commission.clone()),
        ]);

        script.answer(&body(71, 9));
        assert_eq!(script.answer(&body(49, 0)), []);
        let answer = bodies(script.answer(&body(3, 50)));

        assert_eq!(answer, [status(50), execution(50, 9), commission]);
    }

    #[test]
    fn test_orders_that_are_listed_answer_the_request_for_the_list() {
        let mut script = script(&[
            (Way::ToGateway, body(3, 5)),
            (Way::ToGateway, body(5, 0)),
            (Way::ToClient, body(5, 5)),
            (Way::ToClient, body(53, 0)),
            (Way::ToClient, body(3, 5)),
        ]);

        let placed = bodies(script.answer(&body(3, 50)));
        let listed = bodies(script.answer(&body(5, 0)));

        assert_eq!(placed, [body(3, 50)]);
        assert_eq!(listed, [body(5, 50), body(53, 0)]);
    }
}
