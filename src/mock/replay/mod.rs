//! Recordings of real conversations: the file format, the proxy that writes it, and the player that
//! lets a gateway answer from it.

mod conversation;
mod ids;
mod mask;
mod player;
mod recorder;
mod recording;
mod script;
mod transcript;

pub(crate) use player::play;
pub use recorder::{Recorder, RecorderSettings};
pub use recording::Recording;
pub(crate) use recording::{Way, is_recording};
pub(crate) use transcript::{Said, Transcript};

/// A recording to answer clients from, in place of a market.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What was recorded. The n-th client gets the n-th connection, later ones the last.
    pub recording: Recording,
    /// How many times faster than recorded answers come; 0 does not wait at all.
    pub speed: f64,
}
