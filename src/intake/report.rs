//! What an import says: per file the counts, and per problem where it is, what is wrong and what to do.
//!
//! Problems quote what the file holds, so they are for the person who imports and for nobody else: not for logs.

use std::fmt;
use std::path::{Path, PathBuf};

use super::list::Understood;
use crate::store::FieldChanges;

/// How many problems of a file are kept for display; the rest is counted.
pub(super) const SHOWN: usize = 50;

/// What became of the thing a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Kept, but without effect or not as it was meant.
    Kept,
    /// Not taken over.
    Refused,
}

/// Something to tell about a file. All texts are German.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// First line of the row, from 1; none where it is about the file.
    pub line: Option<u64>,
    /// The column, as the header names it; or a single cell („Zelle D17 (Blatt …)“).
    pub column: Option<String>,
    /// What the field holds, shortened.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// What became of it.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sep = "";
        // A cell says its line itself.
        let is_cell = |column: &String| column.starts_with("Zelle ");
        if let Some(line) = self.line.filter(|_| !self.column.as_ref().is_some_and(is_cell)) {
            write!(f, "Zeile {line}")?;
            sep = ", ";
        }
        if let Some(column) = &self.column {
            let word = if is_cell(column) { "" } else { "Spalte " };
            write!(f, "{sep}{word}{column}")?;
            sep = ", ";
        }
        if let Some(value) = &self.value {
            write!(f, "{sep}„{value}“")?;
            sep = ", ";
        }
        if !sep.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{} {}", self.reason, self.remedy)
    }
}

/// A value as a problem shows it.
pub(super) fn shorten(value: &str) -> String {
    const CHARS: usize = 80;
    match value.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// The first problems of a file; refused rows go before kept ones when there is no room for all.
#[derive(Debug, Default)]
pub(super) struct Problems {
    shown: Vec<Problem>,
    more: u64,
    kept: u64,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        self.kept += u64::from(problem.severity == Severity::Kept);
        if self.shown.len() < SHOWN {
            self.shown.push(problem);
            return;
        }
        self.more += 1;
        if problem.severity == Severity::Refused
            && let Some(i) = self.shown.iter().rposition(|p| p.severity == Severity::Kept)
        {
            self.shown.remove(i);
            self.shown.push(problem);
        }
    }

    pub(super) fn extend(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.push(problem);
        }
    }

    /// Counts kept problems that nobody has looked up.
    pub(super) fn push_unseen(&mut self, kept: u64) {
        self.kept += kept;
        self.more += kept;
    }

    /// How many more would be shown.
    pub(super) fn room(&self) -> usize {
        SHOWN - self.shown.len()
    }

    fn finish(mut self) -> (Vec<Problem>, u64, u64) {
        self.shown.sort_by_key(|p| p.line);
        (self.shown, self.more, self.kept)
    }
}

/// What an import did with the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that hold anything, refused and repeated ones included.
    pub read: u64,
    /// Keys that were not known.
    pub new: u64,
    /// Keys that now say something else.
    pub changed: u64,
    /// Keys that say what they said.
    pub unchanged: u64,
    /// Rows of this source that the file no longer holds.
    pub withdrawn: u64,
    /// Problems that were kept and reported.
    pub reported: u64,
    /// Rows that were not taken over.
    pub refused: u64,
}

/// Why a whole file was not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fatal {
    /// What is wrong and what to do, German.
    pub text: String,
    /// Whether its rows could be read (and were refused on purpose).
    pub readable: bool,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file as it was named.
    pub path: PathBuf,
    /// Whether this is about the days in a list's columns; its rows have a report of their own.
    pub activities: bool,
    /// The table that its rows went to; none where nobody could tell, or nothing was read.
    pub table: Option<&'static str>,
    /// How an office's own list was read.
    pub understood: Option<Understood>,
    /// What happened to its rows.
    pub counts: Counts,
    /// The first problems, by line.
    pub problems: Vec<Problem>,
    /// How many problems more there are.
    pub more: u64,
    /// Why nothing of it was taken over.
    pub fatal: Option<Fatal>,
    /// Where its refused rows are.
    pub rejects: Option<PathBuf>,
    /// Why its refused rows could not be written beside it, German.
    pub rejects_failed: Option<String>,
}

impl FileReport {
    /// Of a file of which nothing can be read, and why: German.
    pub fn fatal(path: &Path, text: impl Into<String>) -> Self {
        let mut report = Self::new(path, Counts::default(), Problems::default());
        report.fatal = Some(Fatal { text: text.into(), readable: false });
        report
    }

    pub(super) fn new(path: &Path, mut counts: Counts, problems: Problems) -> Self {
        let (problems, more, kept) = problems.finish();
        counts.reported = kept;
        Self {
            path: path.into(),
            activities: false,
            table: None,
            understood: None,
            counts,
            problems,
            more,
            fatal: None,
            rejects: None,
            rejects_failed: None,
        }
    }

    fn refused(&self) -> bool {
        self.fatal.is_some() || self.counts.refused > 0
    }
}

/// What became of a whole call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// One per file, in the order in which they were taken over.
    pub files: Vec<FileReport>,
    /// Whether the call was taken over; `false` where `strict` dropped it for a refused row or nothing could be read.
    pub kept: bool,
    /// Whether the database says the same as before (in a dry run: would say).
    pub changed_nothing: bool,
    /// The number by which the call is found and taken back; none if it changed nothing, not even how fresh the data is.
    pub import: Option<i64>,
    /// In a dry run: which fields of known rows would say something else.
    pub differences: Vec<FieldChanges>,
}

impl Report {
    /// Whether anything was refused: a row or a file.
    pub fn refused(&self) -> bool {
        self.files.iter().any(FileReport::refused)
    }

    /// 0 clean, 1 with anything refused, 2 nothing could be read.
    pub fn exit_code(&self) -> u8 {
        let unread = |f: &FileReport| f.fatal.as_ref().is_some_and(|fatal| !fatal.readable);
        if self.files.iter().all(unread) { 2 } else { u8::from(self.refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u64, severity: Severity) -> Problem {
        Problem { line: Some(line), column: None, value: None, reason: String::new(), remedy: String::new(), severity }
    }

    #[test]
    fn refused_rows_are_shown_before_kept_ones_and_nothing_is_lost_from_the_count() {
        let mut problems = Problems::default();
        for line in 2..2 + SHOWN as u64 {
            problems.push(problem(line, Severity::Kept));
        }
        problems.push(problem(1000, Severity::Refused));
        problems.push(problem(1001, Severity::Kept));
        let (shown, more, kept) = problems.finish();
        assert_eq!((shown.len(), more, kept), (SHOWN, 2, SHOWN as u64 + 1));
        assert_eq!(shown.last().unwrap().line, Some(1000));
    }

    #[test]
    fn exit_codes() {
        let read =
            |refused| FileReport::new(Path::new("a"), Counts { refused, ..Counts::default() }, Problems::default());
        let fatal = || FileReport::fatal(Path::new("b"), "x");
        let guarded = || {
            let mut f = fatal();
            f.fatal = Some(Fatal { text: "x".into(), readable: true });
            f
        };
        for (files, code) in [
            (vec![], 2),
            (vec![fatal()], 2),
            (vec![read(0)], 0),
            (vec![read(1)], 1),
            (vec![read(0), fatal()], 1),
            (vec![guarded()], 1),
        ] {
            let report = Report { files, ..Report::default() };
            assert_eq!(report.exit_code(), code, "{report:?}");
        }
    }

    #[test]
    fn a_problem_says_where_what_and_what_to_do() {
        let p = Problem {
            line: Some(7),
            column: Some("datum".into()),
            value: Some("30.02.2026".into()),
            reason: "Das ist kein Datum.".into(),
            remedy: "Bitte berichtigen.".into(),
            severity: Severity::Refused,
        };
        assert_eq!(p.to_string(), "Zeile 7, Spalte datum, „30.02.2026“: Das ist kein Datum. Bitte berichtigen.");
        assert_eq!(problem(3, Severity::Kept).to_string(), "Zeile 3:  ");
    }
}
