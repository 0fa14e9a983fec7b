//! Lists the fields of a decoded message as text, for the record of what clients sent.
//! Nested fields are dotted (`contract.symbol`), repeated ones numbered (`comboLegs.0.ratio`).

use std::collections::BTreeMap;
use std::fmt::Display;

/// A message whose present fields can be listed.
pub(crate) trait Fields {
    /// Puts every present field into the sink, in the order of the table.
    fn list(&self, sink: &mut Sink);
}

/// Collects `(name, value)` rows.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    prefix: String,
    rows: Vec<(String, String)>,
}

impl Sink {
    /// The rows of one message.
    pub(crate) fn rows_of(message: &impl Fields) -> Vec<(String, String)> {
        let mut sink = Self::default();
        message.list(&mut sink);
        sink.rows
    }

    /// Adds a field under its wire name.
    pub(crate) fn put(&mut self, name: &str, field: &impl Field) {
        field.put(name, self);
    }

    fn row(&mut self, name: &str, value: &impl Display) {
        self.rows.push((format!("{}{name}", self.prefix), value.to_string()));
    }

    fn nested(&mut self, name: &str, message: &impl Fields) {
        let outer = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('.');
        message.list(self);
        self.prefix.truncate(outer);
    }
}

/// One field of a message: absent, a scalar, nested, repeated or a map.
pub(crate) trait Field {
    /// Adds the field's rows under `name`; an absent field adds none.
    fn put(&self, name: &str, sink: &mut Sink);
}

macro_rules! scalar_fields {
    ($($scalar:ty),*) => {$(
        impl Field for Option<$scalar> {
            fn put(&self, name: &str, sink: &mut Sink) {
                if let Some(value) = self {
                    sink.row(name, value);
                }
            }
        }
        impl Field for Vec<$scalar> {
            fn put(&self, name: &str, sink: &mut Sink) {
                for (index, value) in self.iter().enumerate() {
                    sink.row(&format!("{name}.{index}"), value);
                }
            }
        }
    )*};
}
scalar_fields!(i32, i64, bool, f64, String);

impl<M: Fields> Field for Option<M> {
    fn put(&self, name: &str, sink: &mut Sink) {
        if let Some(message) = self {
            sink.nested(name, message);
        }
    }
}

impl<M: Fields> Field for Vec<M> {
    fn put(&self, name: &str, sink: &mut Sink) {
        for (index, message) in self.iter().enumerate() {
            sink.nested(&format!("{name}.{index}"), message);
        }
    }
}

impl Field for BTreeMap<String, String> {
    fn put(&self, name: &str, sink: &mut Sink) {
        for (key, value) in self {
            sink.row(&format!("{name}.{key}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::pb;

    #[test]
    fn test_nested_fields_are_dotted_and_absent_ones_left_out() {
        let contract = pb::Contract { symbol: Some("AAPL".into()), ..Default::default() };
        let request = pb::MarketDataRequest {
            req_id: Some(7),
            contract: Some(contract),
            market_data_options: BTreeMap::from([("a".into(), "b".into())]),
            ..Default::default()
        };

        let rows = Sink::rows_of(&request);

        let expected = [("reqId", "7"), ("contract.symbol", "AAPL"), ("marketDataOptions.a", "b")];
        assert_eq!(rows, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
