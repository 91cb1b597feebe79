//! What is said about single cells, in the words of the list: its headings, its rows, what stands in it.

use std::fmt::Write as _;

use super::List;
use super::book::BookRow;
use super::head::Head;
use crate::intake::report::{Problem, Severity, shorten};

impl List<'_> {
    /// A problem names the heading and shows the cell, as the reader of the list knows them.
    pub(super) fn in_words_of_the_list(&mut self, head: &Head, row: &BookRow<'_>, problem: &mut Problem) {
        let mapping = &*self.task.mapping;
        problem.line = Some(row.line);
        let Some(name) = problem.column.take() else { return };
        let at = mapping.columns.iter().position(|c| Some(&*c.heading) == mapping.heading_of(&name));
        if let Some(at) = at {
            self.understood.not_understood(at);
            let text = head.cell(row, at).text();
            problem.value = (!text.is_empty()).then(|| shorten(&text));
        }
        if matches!(&*name, "ende_grund" | "kennung" | "rolle" | "art") && problem.value.is_some() {
            // Writing to a String cannot fail.
            let _ = write!(problem.remedy, " Oder ordnen Sie das Wort in {} unter [werte.{name}] zu.", mapping.file);
        }
        let heading = mapping.heading_of(&name).unwrap_or(&name);
        if let Some(rest) = problem.reason.strip_prefix(&*name) {
            problem.reason = format!("„{heading}“{rest}");
        }
        problem.column = Some(on_sheet(row, heading));
    }
}

fn on_sheet(row: &BookRow<'_>, heading: &str) -> String {
    if row.number == 0 { heading.to_owned() } else { format!("{heading} (Blatt {})", row.sheet) }
}

pub(super) fn problem(
    row: &BookRow<'_>,
    heading: Option<&str>,
    value: Option<String>,
    severity: Severity,
    reason: &str,
    remedy: &str,
) -> Problem {
    Problem {
        line: Some(row.line),
        column: heading.map(|heading| on_sheet(row, heading)),
        value: value.map(|value| shorten(&value)),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
        severity,
    }
}

pub(super) fn without_value(row: &BookRow<'_>, heading: &str) -> Problem {
    let reason = "Die Formel hat keinen gespeicherten Wert oder einen Fehler; die Angabe bleibt, wie sie war.";
    let remedy = "Bitte öffnen Sie die Liste in Excel, speichern Sie sie, oder schreiben Sie den Wert hinein.";
    problem(row, Some(heading), None, Severity::Refused, reason, remedy)
}
