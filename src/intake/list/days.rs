//! The days in a list's columns: each is an activity of the row's case.

use super::book::BookRow;
use super::cells::{Cell, plain};
use super::head::Head;
use super::told::problem;
use super::{List, SHEET, cut_off, is_number_of_case};
use crate::intake::fields;
use crate::intake::mapping::Target;
use crate::intake::read::{Batch, send};
use crate::intake::report::{Problem, Severity};
use crate::intake::row::MAX_KEY;
use crate::store::import::{BATCH, Staged, Value};

impl List<'_> {
    /// The days in the columns of activities.
    pub(super) fn activities(&mut self, head: &Head, row: &BookRow<'_>) -> Result<(), String> {
        let mapping = &*self.task.mapping;
        let alone = !mapping.has_rows();
        if row.torn.is_some() {
            return Ok(());
        }
        if head.is_no_case(mapping, row)? {
            if alone {
                self.understood.skipped();
            }
            return Ok(());
        }
        // What the first reading has refused is no row, and brings nothing.
        if !alone && self.examine(head, row).refused {
            return Ok(());
        }
        if alone {
            self.understood.row();
        }
        let key = mapping.columns.iter().position(|c| c.target == Target::Field(0));
        let Some(key) = key else { return Ok(()) };
        let fallnr = self.text(0, head.cell(row, key), row.epoch_1904);
        let odd = mapping.digits.is_some_and(|digits| !is_number_of_case(&fallnr, digits));
        // Without any digit it is a name.
        let odd = odd || !fallnr.contains(|c: char| c.is_ascii_digit()) || (alone && cut_off(head, row).is_some());
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
                let problem = no_day(row, &column.heading, cell);
                if alone {
                    self.reject(head, row, std::slice::from_ref(&problem));
                }
                self.reading.problems.push(problem);
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

    /// The cells of columns of activities that say no day.
    pub(super) fn no_days(&self, head: &Head, row: &BookRow<'_>) -> Vec<Problem> {
        let mapping = &*self.task.mapping;
        let days = mapping.columns.iter().enumerate().filter(|(_, c)| matches!(c.target, Target::Activity(_)));
        let cells = days.map(|(i, column)| (column, head.cell(row, i)));
        let none =
            |cell: &Cell| !cell.is_empty() && !mapping.is_nothing(&cell.text()) && cell.day(row.epoch_1904).is_none();
        cells.filter(|(_, cell)| none(cell)).map(|(column, cell)| no_day(row, &column.heading, cell)).collect()
    }

    pub(super) fn flush_empty(&mut self) -> Result<(), String> {
        send(self.out, Batch::Empty(std::mem::take(&mut self.empty)))
    }
}

fn no_day(row: &BookRow<'_>, heading: &str, cell: &Cell) -> Problem {
    let (value, reason) = match cell {
        Cell::Broken => {
            (None, "Die Formel hat keinen gespeicherten Wert oder einen Fehler; die Tätigkeit wurde nicht übernommen.")
        }
        cell => (Some(cell.text()), "Das ist kein Datum; die Tätigkeit wurde nicht übernommen."),
    };
    let remedy = "Bitte schreiben Sie genau einen Tag mit Jahr, etwa 3.11.2026 oder 3.11.26.";
    problem(row, Some(heading), value, Severity::Refused, reason, remedy)
}
