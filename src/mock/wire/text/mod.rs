//! The text form of messages: NUL-terminated fields whose number and order follow the server version
//! (FORMAT section 5).
//!
//! Each message has one [`Layout`], walked in either direction over a [`Tape`]: reading fills a
//! message from fields, writing puts its fields. So a request and a reply are described once, and
//! every layout can be tested by a round trip.

mod contract;
#[cfg(test)]
mod draw;
mod number;
mod orders;
mod replies;
mod requests;
mod spelling;
mod tape;

pub(crate) use number::push as push_number;
pub(crate) use replies::history::BarsWithWindow;
pub(crate) use tape::{Layout, Tape, cut_field};

/// Walks the named fields of a message, each with the method of [`Tape`] before its name.
macro_rules! lay {
    ($tape:expr, $message:expr => $($method:ident $field:ident),+ $(,)?) => {{
        $($tape.$method(stringify!($field), &mut $message.$field);)+
    }};
}
use lay;

/// Implements [`Layout`] for flat messages: `Name [version field] kind field, ...;`.
macro_rules! layouts {
    ($($message:ident [$($version:literal)?] $($method:ident $field:ident),* $(,)?;)+) => {$(
        impl $crate::wire::text::Layout for $crate::wire::pb::$message {
            fn lay(&mut self, _tape: &mut $crate::wire::text::Tape<'_>) {
                $(_tape.version_field($version);)?
                $(_tape.$method(stringify!($field), &mut self.$field);)*
            }
        }
    )+};
}
use layouts;

#[cfg(test)]
mod tests;
