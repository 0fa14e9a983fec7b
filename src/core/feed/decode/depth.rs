//! Changes of a book.

use crate::feed::fields::Fields;
use crate::feed::message::{DepthOperation, DepthUpdate};
use crate::feed::reading::{
    Read, is_identity, named, number_of, only, request, size_of, text_of, whole,
};

/// `updateMktDepth` and `updateMktDepthL2`: they differ only in who fills the market maker in.
pub(super) fn update(message: &[u8]) -> Read<DepthUpdate<'_>> {
    let (mut id, mut row) = (None, None);
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => id = value.int(),
            2 => row = only("marketDepthData", row, value)?,
            _ => {}
        }
    }
    whole(&fields)?;
    Row::read(named("marketDepthData", row)?)?.update(request(id)?)
}

/// The fields of a row, as far as they are there.
#[derive(Default)]
struct Row<'a> {
    position: Option<i32>,
    operation: Option<i32>,
    side: Option<i32>,
    price: Option<f64>,
    size: Option<f64>,
    market_maker: &'a str,
}

impl<'a> Row<'a> {
    fn read(message: &'a [u8]) -> Read<Self> {
        let mut row = Self::default();
        let mut fields = Fields::new(message);
        for (number, value) in fields.by_ref() {
            match number {
                1 => row.position = value.int(),
                2 => row.operation = value.int(),
                3 => row.side = value.int(),
                4 => row.price = number_of("price", value)?,
                5 => row.size = size_of("size", value)?,
                6 => row.market_maker = text_of("marketMaker", value)?,
                _ => {}
            }
        }
        whole(&fields).map(|()| row)
    }

    fn update(self, request_id: i32) -> Read<DepthUpdate<'a>> {
        let operation = named("operation", self.operation.and_then(operation))?;
        // A row that goes needs neither.
        let unneeded = (operation == DepthOperation::Delete).then_some(0.0);
        Ok(DepthUpdate {
            request_id,
            position: named("position", self.position.filter(|row| is_identity(*row)))?,
            operation,
            is_bid: named("side", self.side.and_then(is_bid))?,
            price: named("price", self.price.or(unneeded))?,
            size: named("size", self.size.or(unneeded))?,
            market_maker: self.market_maker,
        })
    }
}

fn operation(number: i32) -> Option<DepthOperation> {
    match number {
        0 => Some(DepthOperation::Insert),
        1 => Some(DepthOperation::Update),
        2 => Some(DepthOperation::Delete),
        _ => None,
    }
}

fn is_bid(side: i32) -> Option<bool> {
    match side {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::decode::encoded::{Depth, DepthRow, body};
    use crate::feed::{Malformed, Message, decode};

    fn row() -> DepthRow {
        DepthRow {
            position: Some(2),
            operation: Some(1),
            side: Some(1),
            price: Some(189.5),
            size: Some("300".to_owned()),
            market_maker: Some("ARCA".to_owned()),
            is_smart: Some(true),
        }
    }

    fn sent(row: DepthRow) -> Vec<u8> {
        body(13, &Depth { request_id: Some(8), row: Some(row) })
    }

    #[test]
    fn a_row_is_read() {
        let expected = DepthUpdate {
            request_id: 8,
            position: 2,
            operation: DepthOperation::Update,
            is_bid: true,
            price: 189.5,
            size: 300.0,
            market_maker: "ARCA",
        };

        assert_eq!(decode(&sent(row())), Ok(Message::Depth(expected)));
    }

    #[test]
    fn values_out_of_range_are_never_a_row() {
        let size = |size: &str| DepthRow { size: Some(size.to_owned()), ..row() };
        let table = [
            ("position", DepthRow { position: Some(-1), ..row() }),
            ("position", DepthRow { position: Some(i32::MAX), ..row() }),
            ("position", DepthRow { position: None, ..row() }),
            ("operation", DepthRow { operation: Some(3), ..row() }),
            ("operation", DepthRow { operation: None, ..row() }),
            ("side", DepthRow { side: Some(2), ..row() }),
            ("price", DepthRow { price: Some(f64::NAN), ..row() }),
            ("price", DepthRow { price: Some(f64::MAX), ..row() }),
            ("price", DepthRow { price: None, ..row() }),
            ("size", size("-1")),
            ("size", size("many")),
            ("size", size("2147483647")),
        ];

        for (field, row) in table {
            let told = format!("{row:?}");
            assert_eq!(decode(&sent(row)), Err(Malformed { message: 13, field }), "{told}");
        }
    }

    #[test]
    fn a_message_needs_one_row_and_a_request() {
        let one = sent(row());
        let two = [&one[..], &one[4..]].concat();
        let rowless = body(12, &Depth { request_id: Some(8), row: None });
        let nameless = body(12, &Depth { request_id: None, row: Some(row()) });

        assert_eq!(decode(&rowless), Err(Malformed { message: 12, field: "marketDepthData" }));
        assert_eq!(decode(&nameless), Err(Malformed { message: 12, field: "reqId" }));
        assert_eq!(decode(&two), Err(Malformed { message: 13, field: "marketDepthData" }));
    }

    #[test]
    fn a_row_that_goes_needs_no_price() {
        let gone = DepthRow { operation: Some(2), price: None, size: None, ..row() };

        let body = sent(gone);

        let Ok(Message::Depth(update)) = decode(&body) else { panic!("no row") };
        assert_eq!((update.operation, update.price), (DepthOperation::Delete, 0.0));
    }
}
