//! What becomes of a message, and the bytes, pauses and endings a struck frame turns into. Pure: a
//! frame in, pieces out.

use std::time::Duration;

use super::FaultId;
use crate::exchange::random::mix;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// End of stream.
    Closed,
    /// A reset.
    Reset,
    /// Nothing at all, until this fault is cleared.
    HalfOpen(FaultId),
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Lost,
    Late(Duration),
    /// As late, but nobody waits for it when the connection ends.
    LateDrained(Duration),
    Stalled(Duration),
    Ended(Ending),
    Twice,
    AfterNext,
    Truncated,
    Split,
    BadLength,
    /// Random bytes of this seed.
    Garbage(u64),
}

/// Something a client's socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Pause(Duration),
    End(Ending),
}

const LENGTH_BYTES: usize = 4;
const MOST_SEGMENTS: usize = 16;
const BETWEEN_SEGMENTS: Duration = Duration::from_millis(1);

/// What is written of a frame. A fate about when rather than what leaves the frame as it is.
pub(crate) fn pieces(fate: Fate, frame: Vec<u8>) -> Vec<Piece> {
    match fate {
        Fate::Lost => Vec::new(),
        Fate::Stalled(pause) => vec![Piece::Pause(pause), Piece::Bytes(frame)],
        Fate::Ended(ending) => vec![Piece::End(ending)],
        Fate::Twice => vec![Piece::Bytes(frame.clone()), Piece::Bytes(frame)],
        Fate::Truncated => {
            let half = frame[..frame.len() / 2].to_vec();
            vec![Piece::Bytes(half), Piece::End(Ending::Closed)]
        }
        Fate::Split => segments(&frame),
        Fate::BadLength => vec![Piece::Bytes(with_bad_length(frame))],
        Fate::Garbage(seed) => vec![Piece::Bytes(with_random_body(frame, seed))],
        Fate::Pass | Fate::Late(_) | Fate::LateDrained(_) | Fate::AfterNext => {
            vec![Piece::Bytes(frame)]
        }
    }
}

fn segments(frame: &[u8]) -> Vec<Piece> {
    let length = frame.len().div_ceil(MOST_SEGMENTS).max(1);
    let segment = |part: &[u8]| [Piece::Bytes(part.to_vec()), Piece::Pause(BETWEEN_SEGMENTS)];
    frame.chunks(length).flat_map(segment).collect()
}

fn with_bad_length(mut frame: Vec<u8>) -> Vec<u8> {
    frame.iter_mut().take(LENGTH_BYTES).for_each(|byte| *byte = u8::MAX);
    frame
}

fn with_random_body(mut frame: Vec<u8>, seed: u64) -> Vec<u8> {
    for (index, byte) in (0u64..).zip(frame.iter_mut().skip(LENGTH_BYTES)) {
        let [low, ..] = mix(seed, index).to_le_bytes();
        *byte = low;
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 8] = [0, 0, 0, 4, 1, 2, 3, 4];

    fn bytes(fate: Fate) -> Vec<u8> {
        let written = pieces(fate, FRAME.to_vec()).into_iter().filter_map(|piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::Pause(_) | Piece::End(_) => None,
        });
        written.flatten().collect()
    }

    #[test]
    fn test_a_struck_frame_turns_into_these_bytes() {
        let cases: [(Fate, &[u8]); 6] = [
            (Fate::Lost, &[]),
            (Fate::Ended(Ending::Reset), &[]),
            (Fate::Truncated, &FRAME[..4]),
            (Fate::Split, &FRAME),
            (Fate::BadLength, &[255, 255, 255, 255, 1, 2, 3, 4]),
            (Fate::Twice, &[0, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 4, 1, 2, 3, 4]),
        ];

        for (fate, expected) in cases {
            assert_eq!(bytes(fate), expected, "{fate:?}");
        }
    }

    #[test]
    fn test_garbage_keeps_its_length_and_follows_from_the_seed() {
        let garbage = bytes(Fate::Garbage(1));

        assert_eq!(garbage[..4], FRAME[..4]);
        assert_ne!(garbage[4..], FRAME[4..]);
        assert_eq!(garbage, bytes(Fate::Garbage(1)));
        assert_ne!(garbage, bytes(Fate::Garbage(2)));
    }

    #[test]
    fn test_a_split_frame_pauses_between_at_most_sixteen_segments() {
        let segments = pieces(Fate::Split, vec![0; 1000]);

        let pauses = segments.iter().filter(|piece| matches!(piece, Piece::Pause(_))).count();
        assert_eq!((pauses, segments.len()), (16, 32));
    }
}
