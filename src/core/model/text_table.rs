//! Texts by number, for columns: exchange names and trade conditions repeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::lock::lock;

/// Most texts a table keeps; later ones read as empty. IB uses some dozens.
const MOST: usize = 4096;

/// A growing table of texts, shared by a stream and its batches. Number 0 is the empty text.
#[derive(Debug, Default)]
pub struct TextTable(Mutex<Texts>);

#[derive(Debug, Default)]
struct Texts {
    numbers: HashMap<Arc<str>, i32>,
    texts: Vec<Arc<str>>,
}

impl TextTable {
    /// The number of a text, given one if it is new.
    #[must_use]
    pub fn number(&self, text: &str) -> i32 {
        if text.is_empty() {
            return 0;
        }
        let mut texts = self.texts();
        if let Some(number) = texts.numbers.get(text) {
            return *number;
        }
        if texts.texts.len() >= MOST {
            return 0;
        }
        let text: Arc<str> = text.into();
        texts.texts.push(Arc::clone(&text));
        // At most MOST, so it fits.
        let number = i32::try_from(texts.texts.len()).unwrap_or(0);
        texts.numbers.insert(text, number);
        number
    }

    /// The text of a number; empty for 0 and for numbers never given.
    #[must_use]
    pub fn text(&self, number: i32) -> Arc<str> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let text = index.and_then(|index| self.texts().texts.get(index).cloned());
        text.unwrap_or_else(|| Arc::from(""))
    }

    /// All texts given a number so far, in the order of their numbers: the first is the empty one.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<str>> {
        let texts = self.texts();
        std::iter::once(Arc::from("")).chain(texts.texts.iter().cloned()).collect()
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        // A number is given last, so a poisoned table is still whole.
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number() {
        let table = TextTable::default();

        let numbers = ["", "NASDAQ", "ARCA", "NASDAQ"].map(|text| table.number(text));

        assert_eq!(numbers, [0, 1, 2, 1]);
        assert_eq!(table.all().join(","), ",NASDAQ,ARCA");
        assert_eq!(
            [0, 1, 2, 3, -1].map(|number| table.text(number).to_string()).join(","),
            ",NASDAQ,ARCA,,"
        );
    }
}
