//! A mapping (Zuordnung): how an office's own list says what a delivery's files say.
//!
//! It names columns by their headings, so a list may move its columns, put titles above them and sums below; a list with
//! other headings needs another mapping and nothing else.

mod read;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::kinds::Kind;
use super::list::cells::plain;
use crate::domain::facts::Art;

/// What a column of a list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A field of the file that the list stands for: its place among the kind's columns.
    Field(usize),
    /// Its dates are days on which this was done.
    Activity(Art),
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// As the mapping writes it.
    pub(super) heading: String,
    pub(super) target: Target,
}

/// How one office's list is to be read.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The mapping's own file name, for messages.
    pub(super) file: String,
    /// Which file of a delivery a row of the list is a row of.
    pub(super) kind: Kind,
    /// Whose list it is: dates, completeness and rows without key belong to it.
    pub(super) source: String,
    /// The sheets to be read; empty: every sheet with the headings.
    pub(super) sheets: Vec<String>,
    /// Whether a running case that the list no longer holds is to be asked about.
    pub(super) complete: bool,
    /// Digits of a case number whose leading zeros a spreadsheet has lost.
    pub(super) digits: Option<usize>,
    pub(super) columns: Vec<Column>,
    /// Fields that are the same in every row: place among the kind's columns, text.
    pub(super) fixed: Vec<(usize, String)>,
    /// The office's words for a field's values.
    words: HashMap<usize, HashMap<String, String>>,
    /// What is written where nothing is known.
    nothing: HashSet<String>,
    /// Headings that are left out on purpose.
    pub(super) ignored: HashSet<String>,
    /// Which files beside the list are files of a delivery: pattern, kind.
    files: Vec<(String, Kind)>,
}

/// Why a mapping is refused: a German sentence with file, line, key and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MappingError(String);

/// What is written where nothing is known, in every office.
const NOTHING: [&str; 14] =
    ["k. a.", "k.a.", "k.a", "k. a", "ka", "n. a.", "n.a.", "n/a", "-", "--", "–", "—", "./.", "?"];

impl Mapping {
    /// Reads a mapping from a TOML file.
    ///
    /// # Errors
    /// [`MappingError`] with the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        // A mapping is some dozens of lines: what is larger is another file.
        const MOST: u64 = 1 << 20;
        let file = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        let failed = |e: std::io::Error| {
            MappingError(format!("Die Zuordnung {} lässt sich nicht lesen: {}", path.display(), super::source::why(&e)))
        };
        let size = std::fs::metadata(path).map_err(failed)?;
        if !size.is_file() || size.len() > MOST {
            return Err(MappingError(format!("{file} ist keine Zuordnung: Erwartet wird eine TOML-Datei.")));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| MappingError(format!("{file}: Bitte speichern Sie die Zuordnung als UTF-8.")))?;
        Self::parse(&file, text.strip_prefix('\u{feff}').unwrap_or(&text))
    }

    /// Reads a mapping from its text; `file` names it in messages.
    ///
    /// # Errors
    /// [`MappingError`] with the first thing that is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        read::mapping(file, text)
    }

    /// The delivery's file that a file of this name is beside the list, if it is one.
    pub(super) fn beside(&self, name: &str) -> Option<Kind> {
        let name = name.to_lowercase();
        self.files.iter().find(|(pattern, _)| fits(pattern, &name)).map(|(_, kind)| *kind)
    }

    /// Whether a cell's text says that nothing is known.
    pub(super) fn is_nothing(&self, text: &str) -> bool {
        text.is_empty() || self.nothing.contains(&plain(text))
    }

    /// The value for the office's word, if the mapping has one.
    pub(super) fn value(&self, field: usize, text: &str) -> Option<&str> {
        self.words.get(&field)?.get(&plain(text)).map(String::as_str)
    }

    /// Whether columns are days on which something was done.
    pub(super) fn has_activities(&self) -> bool {
        self.columns.iter().any(|c| matches!(c.target, Target::Activity(_)))
    }

    /// Whether its rows are rows of the kind's table; a list may hold nothing but days of cases that others state.
    pub(super) fn has_rows(&self) -> bool {
        let fields = self.columns.iter().filter(|c| matches!(c.target, Target::Field(_))).count();
        self.kind != Kind::Betreuungen || fields + self.fixed.len() > 1
    }

    /// The columns of the kind's table that the list states; the others stay as they are.
    pub(super) fn stated(&self) -> Vec<&'static str> {
        let names = self.kind.columns();
        let read = self.columns.iter().filter_map(|c| match c.target {
            Target::Field(place) => Some(place),
            Target::Activity(_) => None,
        });
        read.chain(self.fixed.iter().map(|(place, _)| *place)).filter_map(|i| Some(names.get(i)?.name)).collect()
    }

    /// The heading that stands for a field, for messages.
    pub(super) fn heading_of(&self, field: &str) -> Option<&str> {
        let place = self.kind.columns().iter().position(|c| c.name == field)?;
        self.columns.iter().find(|c| c.target == Target::Field(place)).map(|c| c.heading.as_str())
    }
}

/// Whether a name fits a pattern in which `*` stands for anything; both lower case.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut rest = rest;
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("personal*.csv", "personal_zur_kundenliste.csv", true),
            ("personal*.csv", "personal.csv", true),
            ("personal*.csv", "mein_personal.csv", false),
            ("*personal*", "mein_personal.csv", true),
            ("teams.csv", "teams.csv", true),
            ("teams.csv", "teams.csv.bak", false),
            ("a*a", "a", false),
            ("a*b*c", "axbxxc", true),
            ("a*b*c", "axc", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
