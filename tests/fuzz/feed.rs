//! What the feed link reads: frames out of a stream of bytes, messages out of frames.

use aioibkr_core::feed::{FrameBuffer, Message, decode};

/// Whatever comes, reading it ends, and in pieces it reads as in one.
pub fn feed(data: &[u8]) {
    let whole = messages(data, data.len().max(1));
    for piece in [1, 7, 64] {
        assert_eq!(messages(data, piece), whole, "in pieces of {piece}");
    }
}

/// The messages of a stream that arrives in pieces, and how it ends.
fn messages(mut data: &[u8], piece: usize) -> Vec<String> {
    let (mut frames, mut found) = (FrameBuffer::default(), Vec::new());
    loop {
        loop {
            match frames.next_frame() {
                Ok(Some(body)) => found.push(described(body)),
                Ok(None) => break,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
        let (mut now, later) = data.split_at(piece.min(data.len()));
        if now.is_empty() {
            return found;
        }
        frames.fill(&mut now).expect("reading memory cannot fail");
        data = later;
    }
}

/// A message in words; a price of a tick is a number that can be shown.
fn described(body: &[u8]) -> String {
    let message = decode(body);
    if let Ok(Message::Tick(tick)) = &message {
        assert!(tick.price.is_none_or(f64::is_finite), "{tick:?}");
        assert!(tick.size.is_none_or(|size| size.is_finite() && size >= 0.0), "{tick:?}");
    }
    format!("{message:?}")
}
