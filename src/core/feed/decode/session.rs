//! What a link is told apart from its data.

use crate::feed::amount::UNSET;
use crate::feed::fields::Fields;
use crate::feed::message::GatewayError;
use crate::feed::reading::{Read, is_identity, named, text_of, whole};

/// `error`.
pub(super) fn error(message: &[u8]) -> Read<GatewayError<'_>> {
    let mut error = GatewayError { request_id: None, code: 0, text: "" };
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        match number {
            1 => {
                let id = named("id", value.int())?;
                error.request_id = Some(id).filter(|id| is_identity(*id));
            }
            3 => error.code = named("errorCode", value.int().map(set_or_zero))?,
            4 => error.text = text_of("errorMsg", value)?,
            _ => {}
        }
    }
    whole(&fields).map(|()| error)
}

fn set_or_zero(code: i32) -> i32 {
    if code == UNSET { 0 } else { code }
}

/// `currentTime` and `currentTimeInMillis`: that it came is all there is to know.
pub(super) fn server_time(message: &[u8]) -> Read<()> {
    let mut fields = Fields::new(message);
    for (number, value) in fields.by_ref() {
        if number == 1 {
            named("currentTime", value.long())?;
        }
    }
    whole(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::decode::encoded::{ErrorMessage, body};
    use crate::feed::{Malformed, Message, decode};

    #[test]
    fn an_error_names_its_request_or_none() {
        let table = [
            (Some(7), Some(7)),
            (Some(0), Some(0)),
            (Some(-1), None),
            (Some(i32::MAX), None),
            (None, None),
        ];

        for (sent, request_id) in table {
            let text = Some("no \u{e4}".to_owned());
            let error =
                ErrorMessage { request_id: sent, code: Some(317), text, ..Default::default() };
            let expected = GatewayError { request_id, code: 317, text: "no \u{e4}" };
            assert_eq!(decode(&body(4, &error)), Ok(Message::Error(expected)), "{sent:?}");
        }
    }

    #[test]
    fn an_error_without_a_code_has_code_0() {
        for code in [None, Some(i32::MAX)] {
            let error = ErrorMessage { code, ..Default::default() };
            let expected = GatewayError { request_id: None, code: 0, text: "" };
            assert_eq!(decode(&body(4, &error)), Ok(Message::Error(expected)));
        }
    }

    #[test]
    fn both_answers_to_a_probe_count_and_others_pass_by() {
        assert_eq!(decode(&[0, 0, 0, 249, 8, 1]), Ok(Message::ServerTime));
        assert_eq!(decode(&[0, 0, 1, 53]), Ok(Message::ServerTime));
        assert_eq!(decode(&[0, 0, 0, 209, 8, 1]), Ok(Message::Other(9)));
        // A text message: an exchange for physical.
        assert_eq!(decode(&[0, 0, 0, 47, b'1', 0]), Ok(Message::Other(47)));
        assert_eq!(decode(&[0, 0, 0, 200]), Ok(Message::Other(200)));
        assert_eq!(decode(&[0, 0]), Err(Malformed { message: 0, field: "message id" }));
    }
}
