//! What is told about how a list was read: which sheets, which columns, how much of each was understood.

use super::Part;
use crate::intake::mapping::{Mapping, Target};

/// How a list was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Understood {
    /// The sheets that hold the list.
    pub sheets: Vec<SheetSeen>,
    /// The columns of this part of it, in the order of the mapping.
    pub columns: Vec<ColumnSeen>,
    /// Headings that the mapping does not name.
    pub unread: Vec<String>,
    /// Per column of the mapping: its place above.
    places: Vec<Option<usize>>,
}

/// A sheet with the list's headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetSeen {
    /// Its name; empty for a CSV file.
    pub name: String,
    /// The row of its header, from 1.
    pub header: u64,
    /// Rows of the list.
    pub rows: u64,
    /// Rows below the header that are none: sums, remarks.
    pub skipped: u64,
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSeen {
    /// Its heading.
    pub heading: String,
    /// The field, or what was done.
    pub means: &'static str,
    /// Whether its dates are days on which that was done.
    pub activity: bool,
    /// Cells that say something.
    pub filled: u64,
    /// Of these, cells that something is to be said about.
    pub odd: u64,
}

impl Understood {
    pub(super) fn new(mapping: &Mapping, part: Part) -> Self {
        let (mut columns, mut places) = (Vec::new(), Vec::new());
        for column in &mapping.columns {
            let means = match (column.target, part) {
                (Target::Field(i), Part::Rows) => mapping.kind.columns().get(i).map(|c| (c.name, false)),
                (Target::Activity(art), Part::Activities) => Some((art.as_str(), true)),
                _ => None,
            };
            places.push(means.map(|_| columns.len()));
            if let Some((means, activity)) = means {
                columns.push(ColumnSeen { heading: column.heading.clone(), means, activity, filled: 0, odd: 0 });
            }
        }
        Self { sheets: Vec::new(), columns, unread: Vec::new(), places }
    }

    pub(super) fn sheet(&mut self, name: &str, header: u64) {
        self.sheets.push(SheetSeen { name: name.to_owned(), header, rows: 0, skipped: 0 });
    }

    pub(super) fn unread(&mut self, headings: &[String]) {
        for heading in headings {
            if !self.unread.contains(heading) {
                self.unread.push(heading.clone());
            }
        }
    }

    pub(super) fn row(&mut self) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rows += 1;
        }
    }

    pub(super) fn skipped(&mut self) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.skipped += 1;
        }
    }

    fn column(&mut self, i: usize) -> Option<&mut ColumnSeen> {
        let place = self.places.get(i).copied().flatten()?;
        self.columns.get_mut(place)
    }

    pub(super) fn filled(&mut self, i: usize) {
        if let Some(column) = self.column(i) {
            column.filled += 1;
        }
    }

    pub(super) fn not_understood(&mut self, i: usize) {
        if let Some(column) = self.column(i) {
            column.odd += 1;
        }
    }
}
