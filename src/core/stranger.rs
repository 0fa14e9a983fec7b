//! What listens where a gateway was meant: a server of another kind, told by the first four bytes of
//! its answer, which a client takes for the length of a frame. Pure.

/// What such an answer is, and where the gateway may be instead; `None` for bytes that say nothing.
pub(crate) fn describe(length: u32) -> Option<String> {
    const INSTEAD: &str =
        "the API of a gateway is on another port, 4001, 4002, 7496 or 7497 by default";
    match length.to_be_bytes() {
        [b'H', b'T', b'T', b'P'] => Some(format!(
            "it answers HTTP: is this the Client Portal (5000) or a web server? {INSTEAD}"
        )),
        // An alert or a handshake of any version.
        [0x15 | 0x16, 3, 0..=4, _] => Some(format!(
            "it answers TLS: is this the Client Portal (5000) or a tunnel that encrypts? {INSTEAD}"
        )),
        bytes if bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => {
            let text = bytes.escape_ascii();
            Some(format!("its answer begins with the text \"{text}\": {INSTEAD}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_other_kinds_are_told_by_their_first_bytes() {
        let table: [(&[u8; 4], Option<&str>); 6] = [
            (b"HTTP", Some("HTTP")),
            (&[0x15, 3, 3, 0], Some("TLS")),
            (&[0x16, 3, 1, 2], Some("TLS")),
            (b"SSH-", Some("\"SSH-\"")),
            (b"220 ", Some("\"220 \"")),
            (&[0xff, 0xff, 0xff, 0xff], None),
        ];
        for (bytes, words) in table {
            let told = describe(u32::from_be_bytes(*bytes));

            assert_eq!(told.is_some(), words.is_some(), "{bytes:?}");
            let told = told.unwrap_or_default();
            assert!(words.is_none_or(|words| told.contains(words)), "{told}");
        }
    }
}
