//! The days in a list's columns: each is an activity of the row's case.

use super::book::BookRow;
use super::cells::{Cell, plain};
use super::head::Head;
use super::told::problem;
use super::{List, SHEET, is_number_of_case};
use crate::intake::fields;
use crate::intake::mapping::Target;
use crate::intake::read::{Batch, send};
use crate::intake::report::Severity;
use crate::intake::row::MAX_KEY;
use crate::store::import::{BATCH, Staged, Value};

impl List<'_> {
    /// The days in the columns of activities.
    pub(super) fn activities(&mut self, head: &Head, row: &BookRow<'_>) -> Result<(), String> {
        let mapping = &*self.task.mapping;
        if row.torn.is_some() || head.is_no_case(mapping, row) {
            return Ok(());
        }
        let alone = !mapping.has_rows();
        if alone {
            self.understood.row();
        }
        let key = mapping.columns.iter().position(|c| c.target == Target::Field(0));
        let Some(key) = key else { return Ok(()) };
        let fallnr = self.text(0, head.cell(row, key), row.epoch_1904);
        let odd = mapping.digits.is_some_and(|digits| !is_number_of_case(&fallnr, digits));
        if fallnr.is_empty() || odd || fallnr.chars().count() > MAX_KEY {
            // Of a list of cases, the first reading has said so.
            if alone {
                self.reading.counts.read += 1;
                self.reading.counts.refused += 1;
                let heading = Some(&*mapping.columns[key].heading);
                self.reading.problems.push(problem(
                    row,
                    heading,
                    None,
                    Severity::Refused,
                    "Die Fallnummer fehlt oder ist keine.",
                    "Bitte berichtigen Sie sie.",
                ));
            }
            return Ok(());
        }
        for (i, column) in mapping.columns.iter().enumerate() {
            let Target::Activity(art) = column.target else { continue };
            let cell = head.cell(row, i);
            let text = cell.text();
            let staged = |day| Staged {
                line: row.line | (row.number as u64) << SHEET,
                values: vec![
                    Value::Text(fallnr.clone()),
                    Value::Text(plain(&column.heading)),
                    Value::Text(art.as_str().to_owned()),
                    Value::Day(day),
                ],
            };
            if cell.is_empty() || mapping.is_nothing(&text) {
                self.empty.push(staged(None));
                if self.empty.len() == BATCH {
                    self.flush_empty()?;
                }
                continue;
            }
            self.reading.counts.read += 1;
            self.understood.filled(i);
            let Some(day) = cell.day(row.epoch_1904) else {
                self.understood.not_understood(i);
                self.reading.counts.refused += 1;
                let (value, reason) = match cell {
                    Cell::Broken => (None, "Die Formel hat keinen gespeicherten Wert oder einen Fehler."),
                    _ => (Some(text), "Das ist kein Datum; die Tätigkeit wurde nicht übernommen."),
                };
                let remedy = "Bitte schreiben Sie genau einen Tag mit Jahr, etwa 3.11.2026 oder 3.11.26.";
                self.reading.problems.push(problem(
                    row,
                    Some(&column.heading),
                    value,
                    Severity::Refused,
                    reason,
                    remedy,
                ));
                continue;
            };
            if day > self.task.today || fields::is_odd(day) {
                let reason = if day > self.task.today {
                    "Der Tag liegt in der Zukunft; bis dahin zählt er nicht."
                } else {
                    "Der Tag liegt vor 1950."
                };
                let remedy = "Bitte prüfen Sie, ob es ein Tippfehler ist.";
                self.reading.problems.push(problem(
                    row,
                    Some(&column.heading),
                    Some(text),
                    Severity::Kept,
                    reason,
                    remedy,
                ));
            }
            self.push(staged(Some(day)))?;
        }
        Ok(())
    }

    pub(super) fn flush_empty(&mut self) -> Result<(), String> {
        send(self.out, Batch::Empty(std::mem::take(&mut self.empty)))
    }
}
