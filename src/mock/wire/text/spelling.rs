//! Strings in text fields: printable ASCII stays, the rest is escaped (server versions 153 and later).

use std::borrow::Cow;
use std::fmt::Write;

const DIGITS: usize = 4;

/// Appends a string, with `\uXXXX` for each UTF-16 unit of what is not ASCII; a NUL would end the
/// field and is left out.
pub(super) fn push(into: &mut Vec<u8>, text: &str) {
    let plain = |byte: &u8| byte.is_ascii() && *byte != 0;
    if text.as_bytes().iter().all(plain) {
        into.extend_from_slice(text.as_bytes());
    } else {
        into.extend_from_slice(escaped(text).as_bytes());
    }
}

fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars().filter(|character| *character != '\0') {
        if character.is_ascii() {
            written.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(written, "\\u{unit:04x}");
        }
    }
    written
}

/// The string a field stands for.
pub(super) fn read(text: Cow<'_, str>) -> String {
    if !text.contains("\\u") {
        return text.into_owned();
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(character) = rest.chars().next() {
        let (unit, length) = match escape_at(rest) {
            Some(unit) => (Some(unit), DIGITS + 2),
            None => (None, character.len_utf8()),
        };
        match unit {
            Some(unit) => units.push(unit),
            None => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
        }
        rest = &rest[length..];
    }
    String::from_utf16_lossy(&units)
}

fn escape_at(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..DIGITS)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_what_is_not_ascii_is_escaped_and_read_back() {
        let cases = [
            ("plain <a>", "plain <a>"),
            ("Ü", "\\u00dc"),
            ("a😀b", "a\\ud83d\\ude00b"),
            ("x\0y", "xy"),
        ];

        for (text, field) in cases {
            let mut written = Vec::new();
            push(&mut written, text);
            assert_eq!(String::from_utf8(written).unwrap(), field);
            assert_eq!(read(field.into()), text.replace('\0', ""));
        }
    }

    #[test]
    fn test_a_backslash_alone_stays() {
        assert_eq!(read("a\\u12".into()), "a\\u12");
        assert_eq!(read("\\uzzzz".into()), "\\uzzzz");
    }
}
