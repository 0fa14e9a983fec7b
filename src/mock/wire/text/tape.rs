//! A row of NUL-terminated fields, read or written. Reading never fails midway: the first flaw is
//! kept, what follows it reads as not set, and whoever started the reading asks for the flaw.

use std::collections::BTreeMap;
use std::fmt;

use super::number::{self, Scalar};
use super::spelling;
use crate::wire::version::ServerVersion;

/// A message with a text form, described once for both directions.
pub(crate) trait Layout {
    /// Walks the message's fields in the order of the wire.
    fn lay(&mut self, tape: &mut Tape<'_>);
}

/// What is wrong with a row of fields: the first field that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The row ends before this field.
    Missing(&'static str),
    /// This field holds a text that does not fit it.
    Unfit(&'static str, String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "field {} is missing", wire_name(field)),
            Self::Unfit(field, text) => {
                write!(f, "field {} cannot be parsed: {text:?}", wire_name(field))
            }
        }
    }
}

/// The message table's name of a field: `total_quantity` is `totalQuantity`.
fn wire_name(field: &str) -> String {
    let mut words = field.trim_start_matches("r#").split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}

/// Fields of one message being read or written.
pub(crate) struct Tape<'a> {
    version: ServerVersion,
    id: u32,
    side: Side<'a>,
}

enum Side<'a> {
    Read {
        rest: &'a [u8],
        flaw: Option<Flaw>,
    },
    Write(&'a mut Vec<u8>),
    /// Reads fields made up to fit.
    #[cfg(test)]
    Draw(super::draw::Draw),
}

impl<'a> Tape<'a> {
    /// Reads the fields that follow a message id.
    pub(crate) fn reader(version: ServerVersion, id: u32, fields: &'a [u8]) -> Self {
        Self { version, id, side: Side::Read { rest: fields, flaw: None } }
    }

    /// Appends fields to these bytes.
    pub(crate) fn writer(version: ServerVersion, id: u32, into: &'a mut Vec<u8>) -> Self {
        Self { version, id, side: Side::Write(into) }
    }

    /// Reads one message.
    pub(crate) fn message<M: Layout + Default>(&mut self) -> M {
        let mut message = M::default();
        message.lay(self);
        message
    }

    /// The message id the fields belong to; two messages share one struct.
    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// Whether the server version is at least this one.
    pub(crate) const fn since(&self, version: i32) -> bool {
        self.version.0 >= version
    }

    /// Whether the server version is in this range, the end not included.
    pub(crate) fn within(&self, versions: std::ops::Range<i32>) -> bool {
        versions.contains(&self.version.0)
    }

    /// The first flaw met while reading.
    pub(crate) fn into_flaw(self) -> Option<Flaw> {
        match self.side {
            Side::Read { flaw, .. } => flaw,
            _ => None,
        }
    }

    /// Reads what random fields of this kind of message mean.
    #[cfg(test)]
    pub(super) fn drawer(version: ServerVersion, id: u32, draw: super::draw::Draw) -> Self {
        Self { version, id, side: Side::Draw(draw) }
    }

    /// How many bytes are not read yet.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        match &self.side {
            Side::Read { rest, .. } => rest.len(),
            _ => 0,
        }
    }

    /// A version field that follows the id; readers do not care for it.
    pub(super) fn version_field(&mut self, number: i32) {
        self.int("version", &mut Some(number));
    }

    /// A field that carries nothing: always written the same, never looked at.
    pub(super) fn fixed(&mut self, name: &'static str, text: &str) {
        if !self.put(|bytes| bytes.extend_from_slice(text.as_bytes())) {
            self.next(name, |_| Ok(None::<()>), text);
        }
    }

    /// An integer, `0` when not set.
    pub(super) fn int(&mut self, name: &'static str, slot: &mut Option<i32>) {
        self.scalar(name, slot, "0");
    }

    /// An integer, empty when not set.
    pub(super) fn maybe_int(&mut self, name: &'static str, slot: &mut Option<i32>) {
        self.scalar(name, slot, "");
    }

    /// An integer whose default is minus one.
    pub(super) fn int_or_minus_one(&mut self, name: &'static str, slot: &mut Option<i32>) {
        self.scalar(name, slot, "-1");
    }

    /// A long integer, `0` when not set.
    pub(super) fn long(&mut self, name: &'static str, slot: &mut Option<i64>) {
        self.scalar(name, slot, "0");
    }

    /// A long integer, empty when not set.
    pub(super) fn maybe_long(&mut self, name: &'static str, slot: &mut Option<i64>) {
        self.scalar(name, slot, "");
    }

    /// A double, `0` when not set.
    pub(super) fn double(&mut self, name: &'static str, slot: &mut Option<f64>) {
        self.scalar(name, slot, "0");
    }

    /// The right of a contract, a question mark when it has none (K12).
    pub(super) fn right_or_unknown(&mut self, name: &'static str, slot: &mut Option<String>) {
        const UNKNOWN: &str = "?";
        let mut shown = slot.take().filter(|right| !right.is_empty());
        shown = shown.or_else(|| (!self.is_reading()).then(|| UNKNOWN.to_owned()));
        self.text(name, &mut shown);
        *slot = shown.filter(|right| right != UNKNOWN);
    }

    /// A double, empty when not set.
    pub(super) fn maybe_double(&mut self, name: &'static str, slot: &mut Option<f64>) {
        self.scalar(name, slot, "");
    }

    /// A double, the largest one when not set.
    pub(super) fn double_or_unset(&mut self, name: &'static str, slot: &mut Option<f64>) {
        self.scalar(name, slot, "1.7976931348623157E308");
    }

    /// A strike, `0` when not set; only since version 202 can it be zero.
    pub(super) fn strike(&mut self, name: &'static str, slot: &mut Option<f64>) {
        const ZERO_STRIKE: i32 = 202;
        let has_zero = self.since(ZERO_STRIKE);
        self.double(name, slot);
        *slot = slot.filter(|strike| has_zero || *strike != 0.0);
    }

    /// A flag, `0` when not set.
    pub(super) fn flag(&mut self, name: &'static str, slot: &mut Option<bool>) {
        self.scalar(name, slot, "0");
    }

    /// A number kept as text, `0` when not set.
    pub(super) fn decimal(&mut self, name: &'static str, slot: &mut Option<String>) {
        self.number(name, slot, "0");
    }

    /// A number kept as text, empty when not set.
    pub(super) fn maybe_decimal(&mut self, name: &'static str, slot: &mut Option<String>) {
        self.number(name, slot, "");
    }

    /// A string; empty is not set.
    pub(super) fn text(&mut self, name: &'static str, slot: &mut Option<String>) {
        if let Side::Write(bytes) = &mut self.side {
            spelling::push(bytes, slot.as_deref().unwrap_or_default());
            bytes.push(0);
            return;
        }
        let read = |text: &str| Ok(Some(spelling::read(text.into())));
        *slot = self.next(name, read, "").filter(|text| !text.is_empty());
    }

    /// A map in one field: `tag=value;tag=value;`.
    pub(super) fn tags(&mut self, name: &'static str, map: &mut BTreeMap<String, String>) {
        let joined = map.iter().map(|(tag, value)| format!("{tag}={value};")).collect::<String>();
        let mut field = Some(joined);
        self.text(name, &mut field);
        if self.is_reading() {
            let field = field.unwrap_or_default();
            let pairs = field.split(';').filter_map(|pair| pair.split_once('='));
            *map = pairs.map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect();
        }
    }

    /// A map in one field, after its size in another; one client leaves the size out.
    pub(super) fn counted_tags(&mut self, name: &'static str, map: &mut BTreeMap<String, String>) {
        if !self.is_at_last_field() {
            self.count(name, map.len());
        }
        self.tags(name, map);
    }

    fn is_at_last_field(&self) -> bool {
        let Side::Read { rest, .. } = &self.side else { return false };
        let mut after = *rest;
        cut_field(&mut after).is_some() && after.is_empty()
    }

    /// A map as a count and that many pairs of fields.
    pub(super) fn pairs(&mut self, name: &'static str, map: &mut BTreeMap<String, String>) {
        let owned = |(tag, value): (&String, &String)| (Some(tag.clone()), Some(value.clone()));
        let mut list: Vec<(Option<String>, Option<String>)> = map.iter().map(owned).collect();
        self.list(name, &mut list, |tape, (tag, value)| {
            tape.text("tag", tag);
            tape.text("value", value);
        });
        if self.is_reading() {
            let set = |(tag, value): (Option<String>, Option<String>)| {
                (tag.unwrap_or_default(), value.unwrap_or_default())
            };
            *map = list.into_iter().map(set).collect();
        }
    }

    /// A count and that many groups of fields.
    pub(super) fn list<T: Default>(
        &mut self,
        name: &'static str,
        list: &mut Vec<T>,
        mut each: impl FnMut(&mut Self, &mut T),
    ) {
        let count = self.count(name, list.len());
        list.resize_with(count, T::default);
        for item in list {
            each(self, item);
        }
    }

    /// A count. One larger than what is left to read is a flaw, so that no memory is spent on it.
    pub(super) fn count(&mut self, name: &'static str, count: usize) -> usize {
        let most = match &mut self.side {
            Side::Write(bytes) => {
                number::push(bytes, count);
                return count;
            }
            Side::Read { rest, .. } => rest.len(),
            #[cfg(test)]
            Side::Draw(_) => super::draw::MOST_ITEMS,
        };
        let read = |text: &str| match text {
            "" => Ok(Some(0)),
            _ => Ok(Some(text.parse().ok().filter(|count| *count <= most).ok_or(())?)),
        };
        self.next(name, read, "").unwrap_or(0)
    }

    /// Whether fields are read rather than written.
    pub(super) const fn is_reading(&self) -> bool {
        !matches!(self.side, Side::Write(_))
    }

    fn scalar<V: Scalar>(&mut self, name: &'static str, slot: &mut Option<V>, blank: &str) {
        let put = |bytes: &mut Vec<u8>| match slot {
            Some(value) => value.show(bytes),
            None => bytes.extend_from_slice(blank.as_bytes()),
        };
        if !self.put(put) {
            *slot = self.next(name, V::read, blank);
        }
    }

    fn number(&mut self, name: &'static str, slot: &mut Option<String>, blank: &str) {
        let shown = slot.as_deref().unwrap_or(blank);
        if !self.put(|bytes| bytes.extend_from_slice(shown.as_bytes())) {
            *slot = self.next(name, number::decimal, blank);
        }
    }

    /// Appends a field, if fields are written.
    fn put(&mut self, show: impl FnOnce(&mut Vec<u8>)) -> bool {
        let Side::Write(bytes) = &mut self.side else { return false };
        show(bytes);
        bytes.push(0);
        true
    }

    /// The next field, unless there is a flaw already; `blank` is how "not set" would be written.
    fn next<V>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Result<Option<V>, ()>,
        _blank: &str,
    ) -> Option<V> {
        #[cfg(test)]
        if let Side::Draw(draw) = &mut self.side {
            return draw.fitting(read, _blank);
        }
        let Side::Read { rest, flaw: flaw @ None } = &mut self.side else { return None };
        let Some(field) = cut_field(rest) else {
            *flaw = Some(Flaw::Missing(name));
            return None;
        };
        let text = String::from_utf8_lossy(field);
        read(&text).unwrap_or_else(|()| {
            *flaw = Some(Flaw::Unfit(name, text.into_owned()));
            None
        })
    }
}

/// Takes the field at the front, without its NUL; `None` at the end.
pub(crate) fn cut_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let field = &rest[..end];
    *rest = &rest[rest.len().min(end + 1)..];
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: ServerVersion = ServerVersion(176);

    #[test]
    fn test_the_first_flaw_is_the_one_that_is_told() {
        let mut tape = Tape::reader(VERSION, 1, b"5\0x\0y\0");
        let (mut id, mut ratio, mut size) = (None, None, None);

        tape.int("req_id", &mut id);
        tape.int("ratio", &mut ratio);
        tape.decimal("min_size", &mut size);

        assert_eq!((id, ratio, size), (Some(5), None, None));
        let flaw = tape.into_flaw().unwrap();
        assert_eq!(flaw.to_string(), "field ratio cannot be parsed: \"x\"");
    }

    #[test]
    fn test_a_row_that_ends_early_names_the_missing_field() {
        let mut tape = Tape::reader(VERSION, 1, b"");

        tape.decimal("total_quantity", &mut None);

        assert_eq!(tape.into_flaw().unwrap().to_string(), "field totalQuantity is missing");
    }

    #[test]
    fn test_a_count_beyond_the_row_is_a_flaw() {
        let mut tape = Tape::reader(VERSION, 1, b"1000000000\0a\0");
        let mut list: Vec<Option<String>> = Vec::new();

        tape.list("legs", &mut list, |tape, item| tape.text("leg", item));

        assert!(list.is_empty());
        assert!(matches!(tape.into_flaw(), Some(Flaw::Unfit("legs", _))));
    }

    #[test]
    fn test_fields_are_cut_at_their_nul() {
        let mut rest: &[u8] = b"a\0\0last";

        let fields: Vec<_> = std::iter::from_fn(|| cut_field(&mut rest)).collect();

        assert_eq!(fields, [b"a".as_slice(), b"", b"last"]);
    }
}
