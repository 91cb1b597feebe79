//! The header of a list: the row that holds the mapping's headings, and where each column stands.

use std::collections::{HashMap, HashSet};

use super::book::BookRow;
use super::cells::{Cell, plain};
use crate::intake::kinds::REJECT_COLUMNS;
use crate::intake::mapping::{Mapping, Target};
use crate::intake::report::shorten;

/// Where the columns of one sheet are.
#[derive(Debug)]
pub(super) struct Head {
    /// Per column of the mapping: its place in the sheet.
    places: Vec<usize>,
    /// How many columns the sheet has: up to its last heading.
    pub(super) width: usize,
    /// Headings that the mapping does not name.
    pub(super) unknown: Vec<String>,
}

/// How rows of sums begin.
const SUMS: [&str; 8] = ["summe", "gesamt", "zwischensumme", "anzahl", "ergebnis", "total", "insgesamt", "gesamtsumme"];

static EMPTY: Cell = Cell::Empty;

impl Head {
    /// The header, if the row is one. A row that is nearly one refuses the file: half a list would be worse than none.
    pub(super) fn find(mapping: &Mapping, row: &BookRow<'_>) -> Result<Option<Self>, String> {
        // Refused rows that were corrected are a list as well.
        let ours = row.cells.len().saturating_sub(REJECT_COLUMNS.len());
        let is_ours = row.cells[ours..].iter().map(Cell::text).eq(REJECT_COLUMNS);
        let (names, shown) = headings(if is_ours { &row.cells[..ours] } else { row.cells });
        let by_name: HashMap<&str, usize> =
            names.iter().enumerate().rev().map(|(i, name)| (name.as_str(), i)).collect();
        let place = |heading: &str| by_name.get(&*plain(heading)).copied();
        let found = mapping.columns.iter().filter(|c| place(&c.heading).is_some()).count();
        let key = mapping.columns.iter().find(|c| c.target == Target::Field(0));
        let has_key = key.is_some_and(|c| place(&c.heading).is_some());
        if found == 0 || found * 2 < mapping.columns.len() || (!has_key && found < 2) {
            return Ok(None);
        }
        let at = place_of(row);
        let (mut places, mut missing) = (Vec::new(), Vec::new());
        for column in &mapping.columns {
            match place(&column.heading) {
                Some(place) => places.push(place),
                None => missing.push(column.heading.clone()),
            }
        }
        let mapped: HashSet<String> = mapping.columns.iter().map(|c| plain(&c.heading)).collect();
        let named = |name: &str| mapping.ignored.contains(name) || mapped.contains(name);
        let unknown = |(name, shown): (&String, &String)| (!name.is_empty() && !named(name)).then(|| shown.clone());
        let unknown: Vec<_> = names.iter().zip(&shown).filter_map(unknown).collect();
        if !missing.is_empty() {
            let strange = if unknown.is_empty() {
                String::new()
            } else {
                format!(" Nicht zugeordnet sind dort: {}.", unknown.join("; "))
            };
            return Err(format!(
                "In der Kopfzeile ({at}) {} {}.{strange} Bitte berichtigen Sie {}.",
                if missing.len() == 1 { "fehlt die Überschrift" } else { "fehlen die Überschriften" },
                missing.iter().map(|m| format!("„{m}“")).collect::<Vec<_>>().join(", "),
                mapping.file
            ));
        }
        for column in &mapping.columns {
            let second = format!("{} (2)", plain(&column.heading));
            if names.contains(&second) && !named(&second) {
                return Err(format!(
                    "In der Kopfzeile ({at}) steht „{0}“ mehrfach. Die zweite Spalte heißt in der Zuordnung „{0} (2)“: Bitte ordnen Sie \
                     sie zu, oder nennen Sie sie unter nicht_lesen.",
                    column.heading
                ));
            }
        }
        let width = names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        Ok(Some(Self { places, width, unknown }))
    }

    /// Where a column of the mapping stands.
    pub(super) fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied()
    }

    /// The cell of a column of the mapping.
    pub(super) fn cell<'a>(&self, row: &'a BookRow<'_>, column: usize) -> &'a Cell {
        self.places.get(column).and_then(|place| row.cells.get(*place)).unwrap_or(&EMPTY)
    }

    /// Whether a row below the header is none of the list: a sum, a remark, the header once more. Another header refuses the
    /// file: the rows below it would be read by the wrong headings.
    pub(super) fn is_no_case(&self, mapping: &Mapping, row: &BookRow<'_>) -> Result<bool, String> {
        let says = |i: usize| {
            let cell = self.cell(row, i);
            !cell.is_empty() && *cell != Cell::Broken && !mapping.is_nothing(&cell.text())
        };
        let key = mapping.columns.iter().position(|c| c.target == Target::Field(0));
        let others = || (0..mapping.columns.len()).filter(|i| Some(*i) != key && says(*i));
        let Some(key) = key.filter(|key| says(*key)) else { return Ok(is_sum(row.cells) || others().count() == 0) };
        let text = self.cell(row, key).text();
        // Printed lists repeat their header on every page.
        if is_heading(&text, &mapping.columns[key].heading) {
            let strange = (0..mapping.columns.len())
                .find(|i| !is_heading(&self.cell(row, *i).text(), &mapping.columns[*i].heading));
            return match strange {
                None => Ok(true),
                Some(i) => Err(format!(
                    "In {} steht die Kopfzeile noch einmal, aber mit anderen Spalten: Unter „{}“ steht dort „{}“. Es wurde nichts \
                     übernommen. Bitte trennen Sie die Listen, etwa in zwei Dateien.",
                    place_of(row),
                    mapping.columns[i].heading,
                    shorten(&self.cell(row, i).text())
                )),
            };
        }
        // A remark may begin like a sum; sums are numbers beside each other.
        if is_sum(row.cells) {
            let number = self.cell(row, key);
            let is_key = text.contains(|c: char| c.is_ascii_digit()) && (is_number(number) || !begins_a_sum(&text));
            return Ok(!(is_key && others().any(|i| !is_number(self.cell(row, i)))));
        }
        // Below a list stand remarks, in its first column.
        Ok(others().count() == 0 && text.contains(char::is_whitespace))
    }
}

fn is_number(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) => true,
        Cell::Text(text) => text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'%' | b' ')),
        _ => false,
    }
}

/// Whether a text is this heading, as it stands in the list: a repeated one without its number.
fn is_heading(text: &str, heading: &str) -> bool {
    let (text, heading) = (plain(text), plain(heading));
    text == heading || heading.strip_prefix(&*text).is_some_and(|number| number.starts_with(" (") && !text.is_empty())
}

/// Where a row stands, for messages.
pub(super) fn place_of(row: &BookRow<'_>) -> String {
    if row.sheet.is_empty() {
        format!("Zeile {}", row.line)
    } else {
        format!("Blatt „{}“, Zeile {}", row.sheet, row.line)
    }
}

/// Whether a row is one of sums: it begins with such a word.
pub(in crate::intake) fn is_sum(cells: &[Cell]) -> bool {
    let Some(Cell::Text(text)) = cells.iter().find(|c| !c.is_empty()) else { return false };
    begins_a_sum(text)
}

fn begins_a_sum(text: &str) -> bool {
    let text = plain(text);
    SUMS.contains(&text.split([' ', ':', '(']).next().unwrap_or_default())
}

/// The headings as they are compared (a repeated one numbered) and as they are shown.
pub(in crate::intake) fn headings(cells: &[Cell]) -> (Vec<String>, Vec<String>) {
    let (mut names, mut shown): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut taken: HashMap<String, usize> = HashMap::new();
    for cell in cells {
        let text = if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        let mut name = plain(&text);
        if !name.is_empty() {
            let times = taken.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
            if *times > 1 {
                name = format!("{name} ({times})");
                taken.entry(name.clone()).or_insert(1);
            }
        }
        names.push(name);
        shown.push(text);
    }
    (names, shown)
}

/// No sheet has the headings; `widest`: the row that looks most like a header.
pub(super) fn nowhere(mapping: &Mapping, widest: &str) -> String {
    let wanted: Vec<_> = mapping.columns.iter().take(6).map(|c| format!("„{}“", c.heading)).collect();
    let there = if widest.is_empty() { String::new() } else { format!(" Am ehesten ist es {widest}.") };
    format!(
        "Keine Zeile enthält die Überschriften aus {} ({} …).{there} Bitte berichtigen Sie die Zuordnung; einen Entwurf schreibt \
         „wiedervorlage import --suggest DATEI“.",
        mapping.file,
        wanted.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_stands_again_is_numbered() {
        let names = |texts: &[&str]| {
            let cells: Vec<_> = texts.iter().map(|t| Cell::Text((*t).to_owned())).collect();
            headings(&cells).0.join("|")
        };
        assert_eq!(names(&["Kontakt", "BAK", "kontakt:", "", "", "Kontakt"]), "kontakt|bak|kontakt (2)|||kontakt (3)");
    }
}
