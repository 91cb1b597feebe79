//! One cell of a Wochenliste → what it says, or what is wrong with it. Pure: knows no files.

use crate::domain::wochenliste::{Column, Entry, MOST_TIMES, Note, REASONS, Tick};
use crate::intake::list::cells::Cell;

/// Why a cell cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No workday, or a column that does not concern the case.
    Closed,
    /// A formula without value, or an error.
    Broken,
    /// Something of this kind, which the column does not take.
    Kind(&'static str),
    /// A number that is too large.
    Large,
}

/// What is done in a column of a day, as a heading.
pub(super) const fn tick_word(tick: Tick) -> &'static str {
    match tick {
        Tick::Search => "Stellensuchläufe",
        Tick::Client => "Kundenkontakt",
        Tick::Employer => "AG-Kontakt",
        Tick::Attempt => "Kontaktversuch",
    }
}

/// What a column of the case says, as a heading.
pub(super) const fn note_word(note: Note) -> &'static str {
    match note {
        Note::CvAsked => "Lebenslauf angefordert",
        Note::CvReminded => "Lebenslauf erinnert",
        Note::CvReceived => "Lebenslauf eingegangen",
        Note::Talk => "Rückgabegespräch",
        Note::Fazit => "Fazit",
        Note::End => "Ende",
        Note::Reason => "Grund des Endes",
    }
}

impl Wrong {
    /// What is wrong, without the value, and what would be right. `because`: why no one works on the column's day.
    pub(super) fn words(self, column: Column, because: &str) -> (String, &'static str) {
        let right = match column {
            Column::Day(_, Tick::Client) => {
                "Möglich sind p (persönlich), t (telefonisch), pt (beides) oder 0 (nimmt zurück)."
            }
            Column::Day(..) => "Möglich sind x oder eine ganze Zahl von 0 bis 9; 0 nimmt zurück.",
            Column::Note(Note::Reason) => {
                "Möglich sind Vermittlung, Rückgabe Frist, Rückgabe Mitwirkung oder Rückgabe sonstige."
            }
            Column::Note(_) => "Möglich ist genau ein Tag mit Jahr, etwa 24.11.2026, oder 0 (nimmt zurück).",
        };
        match self {
            Self::Closed if !because.is_empty() => (
                format!("An diesem Tag wird nicht gearbeitet ({because})."),
                "Bitte tragen Sie es am richtigen Tag ein.",
            ),
            Self::Closed => (
                "Diese Zelle ist für den Fall nicht vorgesehen.".to_owned(),
                "Falls es doch so war, tragen Sie es bitte mit „record“ ein.",
            ),
            Self::Broken => ("Die Formel hat keinen gespeicherten Wert oder einen Fehler.".to_owned(), right),
            Self::Kind(kind) => (format!("Hier steht {kind}; das bedeutet in dieser Spalte nichts."), right),
            Self::Large => ("Die Zahl ist zu groß.".to_owned(), right),
        }
    }
}

/// What a cell says; `before` is what the form held there.
pub(super) fn read_cell(column: Column, cell: &Cell, epoch_1904: bool, before: Entry) -> Result<Entry, Wrong> {
    let text = cell.text();
    let text = text.trim();
    if matches!(text, "" | "-" | "–" | "—") {
        return Ok(if before == Entry::Closed { Entry::Closed } else { Entry::Nothing });
    }
    if before == Entry::Closed {
        return Err(Wrong::Closed);
    }
    if *cell == Cell::Broken {
        return Err(Wrong::Broken);
    }
    match column {
        Column::Day(_, Tick::Client) => contact(cell, text),
        Column::Day(..) => times(cell, text, before),
        Column::Note(Note::Reason) => reason(cell, text),
        Column::Note(_) => day(cell, text, epoch_1904),
    }
}

/// What kind of thing a cell holds, for a message that does not repeat it.
fn kind(cell: &Cell) -> Wrong {
    Wrong::Kind(match cell {
        Cell::Date(_) => "ein Datum",
        Cell::Number(n) if n.fract() != 0.0 => "eine Kommazahl",
        Cell::Number(n) if *n < 0.0 => "eine negative Zahl",
        Cell::Number(_) => "eine Zahl",
        _ => "ein Text",
    })
}

fn is_zero(cell: &Cell, text: &str) -> bool {
    matches!(cell, Cell::Number(n) if *n == 0.0) || text == "0"
}

fn times(cell: &Cell, text: &str, before: Entry) -> Result<Entry, Wrong> {
    // What programs make of a tick: a true is read as „ja".
    if matches!(&*text.to_lowercase(), "x" | "✓" | "✔" | "☑" | "☒" | "ja") {
        return Ok(Entry::Times(1));
    }
    let number = match cell {
        Cell::Number(_) | Cell::Text(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => return Err(kind(cell)),
    };
    match number {
        Some(n) if n <= MOST_TIMES || Entry::Times(n) == before => Ok(Entry::Times(n)),
        _ => Err(Wrong::Large),
    }
}

fn contact(cell: &Cell, text: &str) -> Result<Entry, Wrong> {
    if is_zero(cell, text) {
        return Ok(Entry::Times(0));
    }
    let letters: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    match &*letters {
        "p" => Ok(Entry::Contact { personal: true, phone: false }),
        "t" => Ok(Entry::Contact { personal: false, phone: true }),
        "pt" | "tp" => Ok(Entry::Contact { personal: true, phone: true }),
        _ => Err(kind(cell)),
    }
}

fn reason(cell: &Cell, text: &str) -> Result<Entry, Wrong> {
    if is_zero(cell, text) {
        return Ok(Entry::Times(0));
    }
    let is = |label: &str| label.to_lowercase() == text.to_lowercase();
    let found = REASONS.iter().find(|(label, reason)| is(label) || is(reason.as_str()));
    found.map(|(_, reason)| Entry::Reason(*reason)).ok_or_else(|| kind(cell))
}

fn day(cell: &Cell, text: &str, epoch_1904: bool) -> Result<Entry, Wrong> {
    // A 0 in a column of days is midnight to some programs, and the day before all days to others.
    let before_all = |cell: &Cell| matches!(cell, Cell::Date(day) if day.to_string() == "1899-12-30");
    if is_zero(cell, text) || text == "00:00" || before_all(cell) {
        return Ok(Entry::Times(0));
    }
    cell.day(epoch_1904).map(Entry::Day).ok_or_else(|| kind(cell))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn cells_are_read_as_people_fill_them_in() {
        let text = |t: &str| Cell::Text(t.to_owned());
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let (search, client) = (Column::Day(0, Tick::Search), Column::Day(0, Tick::Client));
        let (fazit, why) = (Column::Note(Note::Fazit), Column::Note(Note::Reason));
        let rows = [
            (search, Cell::Empty, Ok("")),
            (search, text("–"), Ok("")),
            (search, text("x"), Ok("1")),
            (search, text(" X "), Ok("1")),
            (search, text("✓"), Ok("1")),
            (search, text("ja"), Ok("1")),
            (search, text("2"), Ok("2")),
            (search, Cell::Number(9.0), Ok("9")),
            (search, Cell::Number(0.0), Ok("0")),
            (search, Cell::Number(10.0), Err(Wrong::Large)),
            (search, text("99999999999"), Err(Wrong::Large)),
            (search, Cell::Number(1.5), Err(Wrong::Kind("eine Kommazahl"))),
            (search, Cell::Number(-1.0), Err(Wrong::Kind("eine negative Zahl"))),
            (search, text("p"), Err(Wrong::Kind("ein Text"))),
            (search, Cell::Date(day), Err(Wrong::Kind("ein Datum"))),
            (search, Cell::Broken, Err(Wrong::Broken)),
            (client, text("p"), Ok("p")),
            (client, text("T"), Ok("t")),
            (client, text("p + t"), Ok("pt")),
            (client, text("t/p"), Ok("pt")),
            (client, text("0"), Ok("0")),
            (client, text("x"), Err(Wrong::Kind("ein Text"))),
            (client, Cell::Number(1.0), Err(Wrong::Kind("eine Zahl"))),
            (fazit, Cell::Date(day), Ok("2026-11-24")),
            (fazit, Cell::Number(46_350.0), Ok("2026-11-24")),
            (fazit, text("24.11.26"), Ok("2026-11-24")),
            (fazit, Cell::Number(0.0), Ok("0")),
            (fazit, text("00:00"), Ok("0")),
            (fazit, text("24.11."), Err(Wrong::Kind("ein Text"))),
            (fazit, text("x"), Err(Wrong::Kind("ein Text"))),
            (why, text("Rückgabe Frist"), Ok("rueckgabe_frist")),
            (why, text("vermittlung"), Ok("integration")),
            (why, text("rueckgabe_sonstige"), Ok("rueckgabe_sonstige")),
            (why, text("umgezogen"), Err(Wrong::Kind("ein Text"))),
        ];
        for (column, cell, expected) in rows {
            let read = read_cell(column, &cell, false, Entry::Nothing).map(|entry| entry.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{column:?} {cell:?}");
        }
        assert_eq!(read_cell(search, &text("–"), false, Entry::Closed), Ok(Entry::Closed));
        assert_eq!(read_cell(search, &text("x"), false, Entry::Closed), Err(Wrong::Closed));
        assert_eq!(read_cell(search, &Cell::Number(12.0), false, Entry::Times(12)), Ok(Entry::Times(12)));
    }
}
