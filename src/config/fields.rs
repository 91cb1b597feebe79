//! Reading a TOML table key by key, so that a mistake is named with its key, its value and what would be right.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::{Table, Value};

/// A mistake in a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct FieldError {
    /// The key with its path: `rules.fazit.workdays`.
    pub key: String,
    /// What is wrong, with the value, and what would be right (German).
    pub problem: String,
}

/// A table whose keys are taken one by one; what is left at the end is unknown.
pub(super) struct Fields {
    path: String,
    table: Table,
    known: Vec<&'static str>,
    /// Whether values may be shown: settings may hold a secret under a name we do not know.
    discreet: bool,
}

impl Fields {
    pub(super) fn new(path: impl Into<String>, table: Table) -> Self {
        Self { path: path.into(), table, known: Vec::new(), discreet: false }
    }

    /// Keys of this table that are unknown are named without their values.
    pub(super) fn discreet(mut self) -> Self {
        self.discreet = true;
        self
    }

    pub(super) fn error(&self, key: &str, problem: impl Into<String>) -> FieldError {
        let key = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        FieldError { key, problem: problem.into() }
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.table.contains_key(key)
    }

    /// Refuses what was not taken.
    pub(super) fn finish(mut self) -> Result<(), FieldError> {
        let Some((key, value)) = self.table.iter().next() else { return Ok(()) };
        self.known.sort_unstable();
        self.known.dedup();
        let value = if self.discreet { String::new() } else { format!(" (Wert {value})") };
        let problem = format!("unbekannter Schlüssel{value}; möglich sind hier: {}", self.known.join(", "));
        Err(self.error(key, problem))
    }

    fn missing(&self, key: &str, expected: &str) -> FieldError {
        self.error(key, format!("fehlt; erwartet wird {expected}"))
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> FieldError {
        self.error(key, format!("{value} passt nicht; erwartet wird {expected}"))
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<String, FieldError> {
        const EXPECTED: &str = "ein nicht leerer Text";
        match self.take(key) {
            Some(Value::String(s)) if !s.trim().is_empty() && s.len() <= 1_000 => Ok(s),
            Some(v) => Err(self.wrong(key, &v, EXPECTED)),
            None => Err(self.missing(key, EXPECTED)),
        }
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, FieldError> {
        match self.take(key) {
            Some(Value::Boolean(b)) => Ok(b),
            Some(v) => Err(self.wrong(key, &v, "true oder false")),
            None => Ok(default),
        }
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Result<i64, FieldError> {
        let expected = format!("eine ganze Zahl von {} bis {}", range.start(), range.end());
        match self.take(key) {
            Some(Value::Integer(n)) if range.contains(&n) => Ok(n),
            Some(v) => Err(self.wrong(key, &v, &expected)),
            None => Err(self.missing(key, &expected)),
        }
    }

    /// One of the words of a set.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Result<T, FieldError> {
        let expected = one_of(words.iter().map(|(w, _)| *w));
        match self.take(key) {
            Some(Value::String(s)) => match words.iter().find(|(w, _)| *w == s) {
                Some((_, t)) => Ok(*t),
                None => Err(self.wrong(key, &Value::String(s), &expected)),
            },
            Some(v) => Err(self.wrong(key, &v, &expected)),
            None => Err(self.missing(key, &expected)),
        }
    }

    /// A list of words; empty where the key is absent.
    pub(super) fn words<T: FromStr>(&mut self, key: &'static str, all: &[&str]) -> Result<Vec<T>, FieldError> {
        let expected = format!("eine Liste aus: {}", all.join(", "));
        let list = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(v) => return Err(self.wrong(key, &v, &expected)),
        };
        let parse = |v: &Value| v.as_str().and_then(|s| s.parse().ok()).ok_or_else(|| self.wrong(key, v, &expected));
        list.iter().map(parse).collect()
    }

    /// A table inside.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, FieldError> {
        let path = format!("{}.{key}", self.path);
        match self.take(key) {
            None => Ok(None),
            Some(Value::Table(t)) => Ok(Some(Self { discreet: self.discreet, ..Self::new(path, t) })),
            Some(v) => Err(self.wrong(key, &v, "eine Tabelle { … }")),
        }
    }

    /// A list of tables; must not be empty.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, FieldError> {
        const EXPECTED: &str = "eine nicht leere Liste von Tabellen { … }";
        let list = match self.take(key) {
            Some(Value::Array(list)) if !list.is_empty() => list,
            Some(v) => return Err(self.wrong(key, &v, EXPECTED)),
            None => return Err(self.missing(key, EXPECTED)),
        };
        let inside = |(i, v): (usize, Value)| match v {
            Value::Table(t) => Ok(Self::new(format!("{}.{key}[{i}]", self.path), t)),
            v => Err(self.wrong(key, &v, EXPECTED)),
        };
        list.into_iter().enumerate().map(inside).collect()
    }
}

/// „a, b oder c".
pub(super) fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.collect();
    let mut text = String::from("eines von: ");
    for (i, word) in words.iter().enumerate() {
        let separator = match i {
            0 => "",
            _ if i + 1 == words.len() => " oder ",
            _ => ", ",
        };
        let _ = write!(text, "{separator}{word}");
    }
    text
}
