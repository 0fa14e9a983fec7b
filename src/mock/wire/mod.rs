//! The bytes of the wire: frames, message ids, and messages in their two encodings.
//!
//! Handlers speak in protobuf structs whatever a client's encoding is; this module turns frames into
//! [`Request`]s and [`Reply`]s into frames. It knows nothing of what the messages mean.

pub(crate) mod encoding;
pub(crate) mod field;
pub(crate) mod frame;
pub(crate) mod message;
pub(crate) mod protobuf;
pub(crate) mod text;
pub(crate) mod version;

pub(crate) use message::{Reply, ReplyKind, Request, RequestKind};
pub(crate) use protobuf as pb;
pub(crate) use version::ServerVersion;

/// "Not set" for a double, in the spelling of the wire.
pub(crate) const UNSET_DOUBLE: f64 = f64::MAX;
/// "Not set" for a 32-bit integer.
pub(crate) const UNSET_INT: i32 = i32::MAX;
