//! An order whole, as the gateway last told it: what the model has no field for is in it as well.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An order in the words of the wire. Only who made it can read it; others keep it and hand it back,
/// so that a change sends back whatever the gateway had said.
#[derive(Clone)]
pub struct Echo(Arc<dyn Any + Send + Sync>);

impl Echo {
    /// Keeps an order of the wire.
    pub(crate) fn new(order: impl Any + Send + Sync) -> Self {
        Self(Arc::new(order))
    }

    /// The order, for who knows the type it was made of.
    pub(crate) fn order<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Echo")
    }
}

/// Two echoes are the same if they are of one message.
impl PartialEq for Echo {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
