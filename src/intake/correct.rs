//! One field of a case, typed by a person: read as a row of `betreuungen.csv` is read.
//!
//! Stricter in one thing: what an import keeps and reports, because nobody is there to ask, is refused here.

use super::Problem;
use super::fields::{self, Encoding};
use super::kinds::Kind;
use super::row::{Known, Row};
use super::rows;
use crate::store::import::Value;

/// The fields of a case that may be corrected, in the order of the list.
pub fn case_fields() -> impl Iterator<Item = &'static str> {
    let stored = Kind::Betreuungen.columns().iter().filter(|column| column.stored);
    stored.map(|column| column.name).filter(|name| *name != "fallnr")
}

/// What `text` says as the field of a case; `teams` are the keys of all teams. An empty text empties the field.
///
/// # Errors
/// What is wrong with it and what would be right.
pub fn case_field(field: &str, text: &str, teams: &[String]) -> Result<Value, Problem> {
    let kind = Kind::Betreuungen;
    let known = Known { teams: teams.iter().cloned().collect(), ..Known::default() };
    let texts = kind.columns().iter().map(|column| {
        let mut cleaned = String::new();
        if column.name == field {
            fields::clean(text.as_bytes(), Encoding::Utf8, &mut cleaned);
        }
        cleaned
    });
    let texts: Vec<String> = texts.collect();
    let mut row = Row::new(kind, 0, &texts);
    let values = rows::values(kind, &mut row, &known);
    let (problems, _) = row.finish();
    if let Some(problem) = problems.into_iter().find(|problem| problem.column.as_deref() == Some(field)) {
        return Err(Problem { line: None, ..problem });
    }
    let at = kind.table().place(field);
    at.and_then(|at| values.into_iter().nth(at)).ok_or_else(|| Problem {
        line: None,
        column: Some(field.to_owned()),
        value: None,
        reason: "Dieses Feld gibt es nicht.".into(),
        remedy: format!("Möglich sind {}.", case_fields().collect::<Vec<_>>().join(", ")),
        severity: super::Severity::Refused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Value {
        Value::Day(text.parse().ok())
    }

    #[test]
    fn a_field_is_read_as_a_list_is_read() {
        let teams = ["T0".to_owned()];
        for (field, text, expected) in [
            ("bezeichnung", "Mia Muster", Value::Text("M. M.".into())),
            ("bak", " must ", Value::Word(Some("must".into()))),
            ("bak", "", Value::Word(None)),
            ("team", "T0", Value::Text("T0".into())),
            ("kennung", "bak16E", Value::Text("BAK16e".into())),
            ("kennung", "", Value::Text(String::new())),
            ("ende_am", "3.11.2026", day("2026-11-03")),
            ("ende_am", "2026-11-03", day("2026-11-03")),
            ("ende_am", "", Value::Day(None)),
            ("ende_grund", "Integration", Value::Text("integration".into())),
            ("ende_grund", "", Value::Text(String::new())),
        ] {
            assert_eq!(case_field(field, text, &teams), Ok(expected), "{field} {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_would_be_right() {
        for (field, text, part) in [
            ("ende_am", "gestern", "TT.MM.JJJJ"),
            ("ende_am", "03.11.0026", "1950"),
            ("ende_grund", "umgezogen", "Möglich sind integration, rueckgabe_frist"),
            ("kennung", "XY", "Möglich sind BAK, 16e"),
            ("team", "T9", "unbekannt"),
            ("team", "", "fehlt"),
            ("kundennummer", "1", "Möglich sind bezeichnung, bak, ifk"),
            ("fazit", "1", "Möglich sind bezeichnung, bak, ifk"),
        ] {
            let problem = case_field(field, text, &[]).unwrap_err();
            assert_eq!(problem.column.as_deref(), Some(field));
            assert!(problem.to_string().contains(part), "{problem}");
        }
        assert_eq!(case_fields().count(), 13);
    }
}
