//! The header of a list: the row that holds the mapping's headings, and where each column stands.

use super::book::BookRow;
use super::cells::{Cell, plain};
use crate::intake::mapping::{Mapping, Target};

/// Where the columns of one sheet are.
#[derive(Debug)]
pub(super) struct Head {
    /// Per column of the mapping: its place in the sheet.
    places: Vec<usize>,
    /// Headings that the mapping does not name.
    pub(super) unknown: Vec<String>,
}

/// How rows of sums begin.
const SUMS: [&str; 8] = ["summe", "gesamt", "zwischensumme", "anzahl", "ergebnis", "total", "insgesamt", "gesamtsumme"];

static EMPTY: Cell = Cell::Empty;

impl Head {
    /// The header, if the row is one. A row that is nearly one refuses the file: half a list would be worse than none.
    pub(super) fn find(mapping: &Mapping, row: &BookRow<'_>) -> Result<Option<Self>, String> {
        let (names, shown) = headings(row.cells);
        let place = |heading: &str| names.iter().position(|n| *n == plain(heading));
        let found = mapping.columns.iter().filter(|c| place(&c.heading).is_some()).count();
        let key = mapping.columns.iter().find(|c| c.target == Target::Field(0));
        let has_key = key.is_some_and(|c| place(&c.heading).is_some());
        if found == 0 || found * 2 < mapping.columns.len() || (!has_key && found < 2) {
            return Ok(None);
        }
        let at = if row.sheet.is_empty() {
            format!("Zeile {}", row.line)
        } else {
            format!("Blatt „{}“, Zeile {}", row.sheet, row.line)
        };
        let (mut places, mut missing) = (Vec::new(), Vec::new());
        for column in &mapping.columns {
            match place(&column.heading) {
                Some(place) => places.push(place),
                None => missing.push(column.heading.clone()),
            }
        }
        let named =
            |name: &str| mapping.ignored.contains(name) || mapping.columns.iter().any(|c| plain(&c.heading) == name);
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
        Ok(Some(Self { places, unknown }))
    }

    /// The cell of a column of the mapping.
    pub(super) fn cell<'a>(&self, row: &'a BookRow<'_>, column: usize) -> &'a Cell {
        self.places.get(column).and_then(|place| row.cells.get(*place)).unwrap_or(&EMPTY)
    }

    /// Whether a row below the header is none of the list: a sum, a remark, the header once more.
    pub(super) fn is_no_case(&self, mapping: &Mapping, row: &BookRow<'_>) -> bool {
        if is_sum(row.cells) {
            return true;
        }
        let says = |i: usize| {
            let cell = self.cell(row, i);
            !cell.is_empty() && *cell != Cell::Broken && !mapping.is_nothing(&cell.text())
        };
        let key = mapping.columns.iter().position(|c| c.target == Target::Field(0));
        let others = (0..mapping.columns.len()).filter(|i| Some(*i) != key && says(*i)).count();
        let Some(key) = key.filter(|key| says(*key)) else { return others == 0 };
        let text = self.cell(row, key).text();
        // Below a list stand remarks, in its first column; and printed lists repeat their header on every page.
        (others == 0 && text.contains(char::is_whitespace)) || plain(&text) == plain(&mapping.columns[key].heading)
    }
}

/// Whether a row is one of sums: it begins with such a word.
pub(in crate::intake) fn is_sum(cells: &[Cell]) -> bool {
    let Some(Cell::Text(text)) = cells.iter().find(|c| !c.is_empty()) else { return false };
    let text = plain(text);
    SUMS.contains(&text.split([' ', ':', '(']).next().unwrap_or_default())
}

/// The headings as they are compared (a repeated one numbered) and as they are shown.
pub(in crate::intake) fn headings(cells: &[Cell]) -> (Vec<String>, Vec<String>) {
    let (mut names, mut shown): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for cell in cells {
        let text = if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        let mut name = plain(&text);
        let before =
            names.iter().filter(|n| !name.is_empty() && (**n == name || n.starts_with(&format!("{name} (")))).count();
        if before > 0 && names.contains(&name) {
            name = format!("{name} ({})", before + 1);
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
