//! Takes account names out of a recording. Which names there are is learnt from the frame that lists
//! the accounts of the login (15) and from what the recorder is told; each is replaced everywhere by
//! its letters and a number, as long as it was, so that lengths stay right.

use prost::Message;

use crate::wire::pb;

/// Names and what stands for them.
#[derive(Debug, Default)]
pub(super) struct Masks(Vec<(String, String)>);

impl Masks {
    pub(super) fn of(names: &[String]) -> Self {
        let mut masks = Self::default();
        names.iter().for_each(|name| masks.add(name));
        masks
    }

    fn add(&mut self, name: &str) {
        let is_known = self.0.iter().any(|(known, mask)| known == name || mask == name);
        let letters: String = name.chars().take_while(char::is_ascii_alphabetic).collect();
        let width = name.len() - letters.len();
        let number = self.0.len() + 1;
        let mask = format!("{letters}{number:0width$}");
        // A name too short for its number would change the length of frames.
        if !is_known && width > 0 && mask.len() == name.len() {
            self.0.push((name.to_owned(), mask));
            self.0.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
    }

    /// Learns the names a frame from the gateway lists, in any of the three forms of the wire.
    pub(super) fn learn(&mut self, body: &[u8]) {
        let list = match body {
            [b'1', b'5', 0, fields @ ..] | [0, 0, 0, 15, fields @ ..] => text_list(fields),
            [0, 0, 0, 215, fields @ ..] => {
                pb::ManagedAccounts::decode(fields).ok().and_then(|message| message.accounts_list)
            }
            _ => None,
        };
        let list = list.unwrap_or_default();
        list.split(',').filter(|name| !name.is_empty()).for_each(|name| self.add(name));
    }

    /// Replaces every name.
    pub(super) fn apply(&self, bytes: &mut [u8]) {
        for (name, mask) in &self.0 {
            let (name, mask) = (name.as_bytes(), mask.as_bytes());
            let mut at = 0;
            while at + name.len() <= bytes.len() {
                match &mut bytes[at..at + name.len()] {
                    found if found == name => {
                        found.copy_from_slice(mask);
                        at += name.len();
                    }
                    _ => at += 1,
                }
            }
        }
    }
}

/// Behind the version.
fn text_list(fields: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(fields).ok()?;
    text.split('\0').nth(1).map(str::to_owned)
}

/// Bytes of one way of a connection, held until their frame is whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// Bytes before the first frame: the client's greeting.
    bare: usize,
    held: Vec<u8>,
}

impl Whole {
    pub(super) fn after(bare: usize) -> Self {
        Self { bare, held: Vec::new() }
    }

    /// Takes bytes in and gives out what is whole; `each` sees every frame's body.
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut end = self.bare.min(self.held.len());
        self.bare -= end;
        while let Some(length) = self.held[end..].first_chunk::<4>().filter(|_| self.bare == 0) {
            let Ok(length) = usize::try_from(u32::from_be_bytes(*length)) else { break };
            let Some(body) = self.held.get(end + 4..end + 4 + length) else { break };
            each(body);
            end += 4 + length;
        }
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
    }

    /// What is left when the connection ends.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_names_are_learnt_in_every_form_and_replaced_everywhere() {
        let listed: [&[u8]; 3] = [
            b"15\x001\x00DU1234567,U765432\x00",
            b"\0\0\0\x0f1\0DU1234567,U765432\0",
            b"\0\0\0\xd7\x0a\x11DU1234567,U765432",
        ];
        for body in listed {
            let mut masks = Masks::default();
            masks.learn(body);
            let mut bytes = *b"xDU1234567DU1234567\x32U765432U765433";

            masks.apply(&mut bytes);

            assert_eq!(&bytes, b"xDU0000001DU0000001\x32U000002U765433");
        }
    }

    #[test]
    fn test_a_mask_is_as_long_as_the_name_or_not_there() {
        let mut bytes = *b"DU1 paper U9";

        Masks::of(&["DU1".into(), "paper".into(), "U9".into()]).apply(&mut bytes);

        assert_eq!(&bytes, b"DU1 paper U2");
    }

    #[test]
    fn test_frames_come_out_whole_however_they_come_in() {
        let stream = b"API\0\0\0\0\x02ab\0\0\0\x01c\0\0\0\x09x";
        let mut whole = Whole::after(4);
        let (mut out, mut bodies) = (Vec::new(), Vec::new());

        for byte in stream {
            out.extend(whole.take(&[*byte], |body| bodies.push(body.to_vec())));
        }

        assert_eq!(out, b"API\0\0\0\0\x02ab\0\0\0\x01c");
        assert_eq!(bodies, [b"ab".to_vec(), b"c".to_vec()]);
        assert_eq!(whole.rest(), b"\0\0\0\x09x");
    }
}
