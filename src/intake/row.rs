//! One row under examination: gives its fields by column name and collects what is wrong with them.
//!
//! Reading goes on after a refusal, so that a person learns of all that is wrong with a row at once.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::fields;
use super::kinds::Kind;
use super::report::{Problem, Severity, shorten};
use crate::domain::address::is_address;

/// Characters a key may have: a case number, a kuerzel, a Kennung, an address.
pub(super) const MAX_KEY: usize = 200;
/// Characters a text may have: a name, an employer, a link.
pub(super) const MAX_TEXT: usize = 1000;

/// What rows are judged by besides themselves.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The keys of all teams, those of this call included.
    pub(super) teams: HashSet<String>,
    /// How the keys of teams and colleagues are written, for lists, which people type. Empty for a delivery.
    pub(super) written: Written,
}

/// Keys that are told apart by more than case: „ifk1" in a list means IFK1.
#[derive(Debug, Default)]
pub(super) struct Written {
    exact: HashSet<String>,
    /// In lower case → as it is written, if that is one way only.
    folded: HashMap<String, Option<String>>,
}

impl Written {
    pub(super) fn add(&mut self, key: String) {
        let same = |known: &Option<String>| known.as_deref() == Some(&*key);
        let folded = self.folded.entry(key.to_lowercase()).or_insert_with(|| Some(key.clone()));
        if !same(folded) {
            *folded = None;
        }
        self.exact.insert(key);
    }

    /// The key as it is written elsewhere; unknown ones as they are.
    pub(super) fn of<'a>(&'a self, key: &'a str) -> &'a str {
        if self.exact.contains(key) {
            return key;
        }
        self.folded.get(&key.to_lowercase()).and_then(Option::as_deref).unwrap_or(key)
    }
}

/// A row whose problems are being collected.
pub(super) struct Row<'a> {
    kind: Kind,
    line: u64,
    /// Cleaned texts in the order of the kind's columns; empty where the file has no such column.
    texts: &'a [String],
    problems: Vec<Problem>,
}

impl<'a> Row<'a> {
    pub(super) fn new(kind: Kind, line: u64, texts: &'a [String]) -> Self {
        Self { kind, line, texts, problems: Vec::new() }
    }

    /// The problems, and whether one of them refuses the row.
    pub(super) fn finish(self) -> (Vec<Problem>, bool) {
        let refused = self.problems.iter().any(|p| p.severity == Severity::Refused);
        (self.problems, refused)
    }

    pub(super) fn get(&self, column: &str) -> &'a str {
        let at = self.kind.columns().iter().position(|c| c.name == column);
        debug_assert!(at.is_some(), "{column} is no column of {:?}", self.kind);
        at.and_then(|i| self.texts.get(i)).map_or("", String::as_str)
    }

    fn problem(&mut self, severity: Severity, column: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let value = self.get(column);
        self.problems.push(Problem {
            line: Some(self.line),
            column: Some(column.to_owned()),
            value: (!value.is_empty()).then(|| shorten(value)),
            reason: reason.into(),
            remedy: remedy.into(),
            severity,
        });
    }

    pub(super) fn refuse(&mut self, column: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.problem(Severity::Refused, column, reason, remedy);
    }

    pub(super) fn keep(&mut self, column: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.problem(Severity::Kept, column, reason, remedy);
    }

    fn limited(&mut self, column: &str, limit: usize) -> &'a str {
        let value = self.get(column);
        // Bytes first: counting characters is for the few that may be too long.
        if value.len() > limit && value.chars().count() > limit {
            let n = if limit < 1000 { limit.to_string() } else { "1.000".to_owned() };
            self.refuse(column, format!("Das Feld ist länger als {n} Zeichen."), "Bitte kürzen Sie es.");
        }
        value
    }

    /// A key that must be there.
    pub(super) fn key(&mut self, column: &str) -> String {
        let value = self.limited(column, MAX_KEY);
        if value.is_empty() {
            self.refuse(
                column,
                format!("{column} fehlt."),
                "Bitte tragen Sie den Wert nach; ohne ihn gehört die Zeile zu nichts.",
            );
        }
        value.to_owned()
    }

    /// A reference to something with a key, if there is one.
    pub(super) fn reference(&mut self, column: &str) -> Option<String> {
        let value = self.limited(column, MAX_KEY);
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A text, possibly empty.
    pub(super) fn text(&mut self, column: &str) -> String {
        self.limited(column, MAX_TEXT).to_owned()
    }

    /// A date, if there is one.
    pub(super) fn date(&mut self, column: &str) -> Option<NaiveDate> {
        let value = self.get(column);
        if value.is_empty() {
            return None;
        }
        let date = fields::date(value);
        match date {
            None => self.refuse(
                column,
                "Das ist kein Datum.",
                "Bitte schreiben Sie es als TT.MM.JJJJ (23.11.2026) oder JJJJ-MM-TT (2026-11-23).",
            ),
            Some(d) if fields::is_odd(d) => self.keep(
                column,
                "Das Datum liegt vor 1950 oder nach 2100.",
                "Es wird übernommen; bitte prüfen Sie, ob es ein Tippfehler ist.",
            ),
            Some(_) => {}
        }
        date
    }

    /// A date that must be there.
    pub(super) fn required_date(&mut self, column: &str) -> Option<NaiveDate> {
        if self.get(column).is_empty() {
            self.refuse(column, format!("{column} fehlt."), "Bitte tragen Sie das Datum nach.");
        }
        self.date(column)
    }

    /// The last day of a span; 31.12.9999 is none.
    pub(super) fn last_day(&mut self, column: &str) -> Option<NaiveDate> {
        self.date(column).filter(|d| !fields::is_open(*d))
    }

    /// One of a closed set of words, in any case (no two of a set differ by case alone).
    pub(super) fn word<T: Copy>(&mut self, column: &str, all: &[T], as_str: fn(T) -> &'static str) -> Option<T> {
        let value = self.get(column);
        let found = all.iter().copied().find(|w| as_str(*w).eq_ignore_ascii_case(value));
        if found.is_none() {
            let words = all.iter().map(|w| as_str(*w)).collect::<Vec<_>>().join(", ");
            let what = if value.is_empty() { format!("{column} fehlt.") } else { format!("{column} ist unbekannt.") };
            self.refuse(column, what, format!("Möglich sind {words}."));
        }
        found
    }

    /// A mail address, if there is one that looks like one; else the row is kept without it.
    pub(super) fn address(&mut self, column: &str) -> Option<String> {
        let value = self.get(column);
        if value.is_empty() {
            return None;
        }
        if !is_address(value) {
            self.keep(
                column,
                "Das ist keine einzelne Mailadresse (vor dem @ ohne Umlaute und Leerzeichen).",
                "Die Zeile wird ohne Adresse übernommen; bitte tragen Sie genau eine Adresse ein.",
            );
            return None;
        }
        // The domain is the same however it is written; what stands before the @ may not be.
        let (local, domain) = value.split_once('@')?;
        Some(format!("{local}@{}", domain.to_lowercase()))
    }
}
