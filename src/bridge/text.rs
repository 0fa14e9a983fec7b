//! Texts that cross the bridge: one rule for all of them.
//!
//! What IB's frames cannot carry, or would cut in two, is refused before anything is begun: lone
//! surrogates, which are no characters, control characters (NUL ends a field) and texts longer than
//! any name of IB's.

use std::ops::Deref;

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert;

/// Longest text, in characters.
const LONGEST: usize = 256;

/// How much of a text a message shows.
const SHOWN: usize = 40;

/// A text that can be sent. Taking it from Python raises `ConfigError` that names what cannot.
#[derive(Debug, Clone)]
pub(crate) struct Text(String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl Text {
    /// The text, if it is one of IB's words, which are printable ASCII.
    pub(crate) fn ascii(self, py: Python<'_>, name: &str) -> PyResult<Self> {
        match self.0.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            true => Ok(self),
            false => {
                let text = format!("{name} {:?}: IB's words are printable ASCII", self.0);
                Err(convert::invalid(py, text))
            }
        }
    }
}

/// A default.
impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>()?;
        let refused = |why: &str| {
            let message = format!("text {}: {why}", shown(&text)?);
            PyResult::Ok(convert::invalid(object.py(), message))
        };
        match text.to_cow().ok().map(|text| text.into_owned()) {
            None => Err(refused("half a surrogate pair is no character")?),
            Some(text) if text.chars().any(char::is_control) => {
                Err(refused("control characters cannot be sent")?)
            }
            Some(text) if text.chars().count() > LONGEST => {
                Err(refused(&format!("give at most {LONGEST} characters"))?)
            }
            Some(text) => Ok(Self(text)),
        }
    }
}

/// The beginning of a text as Python writes it.
fn shown(text: &Bound<'_, PyString>) -> PyResult<String> {
    let whole = text.repr()?.to_string();
    Ok(match whole.chars().count() {
        ..=SHOWN => whole,
        length => {
            format!("{}… ({length} characters)", whole.chars().take(SHOWN).collect::<String>())
        }
    })
}

/// A word out of a list. What is no text is no word of it: it is kept as Python writes it, for the
/// message that names what may be given.
#[derive(Debug, Clone)]
pub(crate) struct Word(String);

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

/// A default.
impl From<&'static str> for Word {
    fn from(word: &'static str) -> Self {
        Self(word.into())
    }
}

impl<'py> FromPyObject<'_, 'py> for Word {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>()?;
        match text.to_cow() {
            Ok(word) => Ok(Self(word.into_owned())),
            Err(_) => shown(&text).map(Self),
        }
    }
}
