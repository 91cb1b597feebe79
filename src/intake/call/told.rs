//! What a call has to tell about a file as a whole, beside what its rows say.

use std::path::Path;

use chrono::NaiveDate;

use crate::intake::ImportError;
use crate::intake::list;
use crate::intake::mapping::Mapping;
use crate::intake::read::Reading;
use crate::intake::report::{self, Fatal, FileReport, Problem, Severity};
use crate::store::import::{Emptied, Fate, Listed, MovedBack, Settled, Stage};

pub(super) fn refused_as_a_whole(path: &Path, reading: Reading, text: String) -> FileReport {
    let mut file = FileReport::new(path, reading.counts, reading.problems);
    file.understood = reading.understood;
    file.fatal = Some(Fatal { text, readable: true });
    file
}

pub(super) fn withdraws(gone: u64, all: u64) -> String {
    format!(
        "Die Datei nähme {gone} von {all} Zeilen zurück, mehr als 30 %. Falls das so gewollt ist, wiederholen Sie den Import mit \
         --force; falls sie nur ein Teil ist, geben Sie mit --source eine eigene Quelle an."
    )
}

pub(super) fn loses(gone: u64, running: u64) -> String {
    format!(
        "In der Liste fehlen {gone} von {running} laufenden Fällen, die zuletzt darin standen, mehr als 20 %. Es wurde nichts daraus \
         übernommen. Ist es die ganze Liste (kein Filter, kein Teil)? Dann wiederholen Sie den Import mit --force."
    )
}

/// Something to tell about a file as a whole.
pub(super) fn of_file(reason: impl Into<String>, remedy: &str) -> Problem {
    let (reason, remedy) = (reason.into(), remedy.to_owned());
    Problem { line: None, column: None, value: None, reason, remedy, severity: Severity::Kept }
}

/// Remembers which cases the list holds, and tells of those that it no longer does.
pub(super) async fn note_listed(
    staged: &mut Stage<'_>,
    mapping: &Mapping,
    reading: &mut Reading,
    today: NaiveDate,
) -> Result<Listed, ImportError> {
    if !mapping.complete {
        return Ok(Listed { changed: staged.forget_listed(&mapping.source).await?, ..Listed::default() });
    }
    // A row without a case number may be that of the very case that seems to be gone.
    let whole = !reading.keyless;
    if !whole && staged.vanishing(&mapping.source, today).await?.1 > 0 {
        reading.problems.push(of_file(
            "In der Liste fehlen Fälle, aber sie hat auch Zeilen ohne lesbare Fallnummer; nach den fehlenden wird nicht gefragt.",
            "Bitte berichtigen Sie diese Zeilen und lesen Sie die Liste erneut ein.",
        ));
    }
    let listed = staged.note_listed(&mapping.source, today, whole).await?;
    if listed.gone > 0 {
        let more = if listed.gone > listed.first.len() as u64 { ", …" } else { "" };
        let heading = mapping.heading_of("fallnr").map(str::to_owned);
        reading.problems.push(Problem {
            line: None,
            column: heading,
            value: Some(format!("{}{more}", listed.first.join(", "))),
            reason: match listed.gone {
                1 => "Ein laufender Fall steht nicht mehr in der Liste – beendet? Grund? Er bleibt, wie er ist.".into(),
                n => format!("{n} laufende Fälle stehen nicht mehr in der Liste – beendet? Grund? Sie bleiben, wie sie sind."),
            },
            remedy: format!(
                "Bitte nehmen Sie {} mit Ende und Grund wieder auf. Bis dahin ruhen Mitteilungen dazu an IFK und Leitung.",
                if listed.gone == 1 { "ihn" } else { "sie" }
            ),
            severity: Severity::Kept,
        });
    }
    Ok(listed)
}

/// Tells of cases that the list no longer holds. They stay as they are.
pub(super) async fn report_missing(staged: &mut Stage<'_>, reading: &mut Reading) -> Result<(), ImportError> {
    const NAMED: usize = 5;
    let (count, first) = staged.missing_cases(NAMED).await?;
    if count > 0 {
        let more = if count > first.len() as u64 { ", …" } else { "" };
        reading.problems.push(Problem {
            line: None,
            column: Some("fallnr".into()),
            value: Some(format!("{}{more}", first.join(", "))),
            reason: match count {
                1 => "Ein bekannter Fall steht nicht mehr in der Liste; er bleibt, wie er ist.".into(),
                n => format!("{n} bekannte Fälle stehen nicht mehr in der Liste; sie bleiben, wie sie sind."),
            },
            remedy: "Falls die Betreuung beendet ist, tragen Sie bitte ende_am nach.".into(),
            severity: Severity::Kept,
        });
    }
    Ok(())
}

/// Tells where the file ends a correction by hand.
pub(super) fn report_overruled(settled: &Settled, reading: &mut Reading) {
    if settled.overruled == 0 {
        return;
    }
    let more = if settled.overruled > settled.first.len() as u64 { ", …" } else { "" };
    reading.problems.push(Problem {
        value: Some(format!("{}{more}", settled.first.join(", "))),
        ..of_file(
            match settled.overruled {
                1 => "Eine Angabe, die von Hand berichtigt war, nennt die Liste jetzt neu; es gilt die Liste.".into(),
                n => {
                    format!("{n} Angaben, die von Hand berichtigt waren, nennt die Liste jetzt neu; es gilt die Liste.")
                }
            },
            "Bitte prüfen Sie diese Fälle mit „case show“.",
        )
    });
}

/// Tells of rows that are about a case, colleague or team nobody knows (yet).
pub(super) async fn report_unattached(
    staged: &mut Stage<'_>,
    mapping: Option<&Mapping>,
    reading: &mut Reading,
) -> Result<(), ImportError> {
    let Some(column) = staged.table().parent_column() else { return Ok(()) };
    let (count, first) = staged.unattached(reading.problems.room()).await?;
    let (who, file) = match column {
        "fallnr" => ("Dieser Fall ist", "betreuungen.csv"),
        "kuerzel" => ("Dieses Kürzel ist", "personal.csv"),
        _ => ("Dieses Team ist", "teams.csv"),
    };
    let named = first.len() as u64;
    for (line, value) in first {
        reading.problems.push(Problem {
            line: Some(list::line_of(line)),
            column: Some(mapping.and_then(|m| m.heading_of(column)).unwrap_or(column).into()),
            value: Some(report::shorten(&value)),
            reason: format!("{who} (noch) nicht bekannt; so hat die Zeile keine Wirkung."),
            remedy: match mapping {
                Some(_) if column == "fallnr" => "Sie gilt, sobald eine Liste der Fälle ihn enthält.".to_owned(),
                _ => format!("Sie gilt, sobald {file} den Wert enthält."),
            },
            severity: Severity::Kept,
        });
    }
    reading.problems.push_unseen(count - named.min(count));
    Ok(())
}

/// Tells of days in a list's columns that have moved back.
pub(super) fn tell_moved_back(mapping: &Mapping, count: u64, first: Vec<MovedBack>, reading: &mut Reading) {
    let named = first.len() as u64;
    for back in first {
        let before = back.before.format("%d.%m.%Y");
        reading.problems.push(Problem {
            line: Some(list::line_of(back.line)),
            column: Some(heading(mapping, back.column)),
            value: Some(back.now.format("%d.%m.%Y").to_string()),
            ..of_file(
                match back.fate {
                    Fate::Replaced => format!("Hier stand zuletzt ein späterer Tag ({before}); er wurde ersetzt."),
                    Fate::Stays => format!(
                        "Hier stand zuletzt ein späterer Tag ({before}); er bleibt eingetragen, weil er auch anderswo genannt ist."
                    ),
                    Fate::MeansOther => {
                        format!("Diese Spalte bedeutet jetzt etwas anderes; was sie für den {before} eingetragen hatte, gilt nicht mehr.")
                    }
                },
                match back.fate {
                    Fate::Replaced => "Falls beides geschehen ist, tragen Sie den späteren Tag bitte mit „record“ nach.",
                    Fate::Stays => "War er ein Irrtum, nehmen Sie ihn bitte mit „record … --withdraw“ zurück.",
                    Fate::MeansOther => "Falls es geschehen ist, tragen Sie es bitte mit „record“ nach.",
                },
            )
        });
    }
    reading.problems.push_unseen(count - named.min(count));
}

/// Tells of cells in a list's columns that held a day and are empty.
pub(super) fn tell_emptied(mapping: &Mapping, count: u64, first: Vec<Emptied>, reading: &mut Reading) {
    let named = first.len() as u64;
    for Emptied { line, column, fallnr, art, day } in first {
        let day = day.format("%d.%m.%Y");
        reading.problems.push(Problem {
            line: Some(list::line_of(line)),
            column: Some(heading(mapping, column)),
            ..of_file(
                format!("Hier stand zuletzt der {day}, jetzt steht hier nichts; die Tätigkeit bleibt eingetragen."),
                &format!(
                    "War sie ein Irrtum, nimmt „record {} {fallnr} --on {day} --withdraw“ sie zurück.",
                    art.replace('_', "-")
                ),
            )
        });
    }
    reading.problems.push_unseen(count - named.min(count));
}

/// A column as the mapping writes it.
fn heading(mapping: &Mapping, plain: String) -> String {
    let column = mapping.columns.iter().find(|column| list::cells::plain(&column.heading) == plain);
    column.map_or(plain, |column| column.heading.clone())
}
