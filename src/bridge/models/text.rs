//! Values as Python would write them: `Contract(symbol='AAPL', strike=None)`.

use std::fmt::Write;

use rust_decimal::Decimal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Collects `name=value` pairs.
pub(crate) struct Repr {
    text: String,
    is_empty: bool,
}

/// Something that has a Python literal.
pub(crate) trait Literal {
    fn literal(&self) -> String;
}

impl Repr {
    pub(crate) fn of(class: &str) -> Self {
        Self { text: format!("{class}("), is_empty: true }
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &str, value: &(impl Literal + ?Sized)) -> Self {
        let comma = if self.is_empty { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{comma}{name}={}", value.literal());
        self.is_empty = false;
        self
    }

    /// Adds a text unless it is empty, which is how the core says "not given".
    pub(crate) fn given(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.field(name, value) }
    }

    /// Adds a value that is there.
    pub(crate) fn some(self, name: &str, value: Option<&(impl Literal + ?Sized)>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    pub(crate) fn end(self) -> String {
        self.text + ")"
    }
}

// Control characters end at U+009F, so two digits name each of them.
impl Literal for str {
    fn literal(&self) -> String {
        let mut text = String::with_capacity(self.len() + 2);
        text.push('\'');
        for character in self.chars() {
            match character {
                '\'' | '\\' => text.extend(['\\', character]),
                _ if character.is_control() => {
                    let _ = write!(text, "\\x{:02x}", u32::from(character));
                }
                _ => text.push(character),
            }
        }
        text.push('\'');
        text
    }
}

impl Literal for String {
    fn literal(&self) -> String {
        self.as_str().literal()
    }
}

impl Literal for f64 {
    fn literal(&self) -> String {
        format!("{self:?}")
    }
}

impl Literal for bool {
    fn literal(&self) -> String {
        if *self { "True".into() } else { "False".into() }
    }
}

impl Literal for Decimal {
    fn literal(&self) -> String {
        format!("Decimal('{self}')")
    }
}

/// Times are told in ISO form: shorter than a constructor, and what people compare.
impl Literal for OffsetDateTime {
    fn literal(&self) -> String {
        self.format(&Rfc3339).unwrap_or_else(|_| self.to_string()).as_str().literal()
    }
}

/// A text that is a literal already, such as a nested value's own repr.
pub(crate) struct Verbatim(pub(crate) String);

impl Literal for Verbatim {
    fn literal(&self) -> String {
        self.0.clone()
    }
}

macro_rules! literal_integers {
    ($($kind:ty),+) => {$(
        impl Literal for $kind {
            fn literal(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

literal_integers!(i32, i64, u64, usize);

impl<T: Literal> Literal for Option<T> {
    fn literal(&self) -> String {
        self.as_ref().map_or_else(|| "None".into(), Literal::literal)
    }
}
