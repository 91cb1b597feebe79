//! The first row of a file: which of its columns are ours, and why a file is refused for it.

use super::fields::{self, Encoding};
use super::kinds::{HEALTH, Kind, REJECT_COLUMNS};
use super::records::Record;

/// Where a file's columns are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// All names as the file has them.
    pub(super) names: Vec<String>,
    /// For each column of the kind: its place in the file, if it is there and read.
    pub(super) places: Vec<Option<usize>>,
    /// Names that mean nothing to us.
    pub(super) unknown: Vec<String>,
    /// Places of columns that may hold health data.
    pub(super) health: Vec<usize>,
}

impl Header {
    /// The header of a list, whose columns are all shown.
    pub(super) fn plain(names: Vec<String>) -> Self {
        Self { names, places: Vec::new(), unknown: Vec::new(), health: Vec::new() }
    }

    /// Reads the header of a file of `kind`; a refusal is a German sentence that says what would be right.
    pub(super) fn read(kind: Kind, record: &Record, encoding: Encoding) -> Result<Self, String> {
        let names: Vec<String> = (0..record.len())
            .map(|i| {
                let mut name = String::new();
                fields::clean(record.field(i), encoding, &mut name);
                name
            })
            .collect();
        let columns = kind.columns();
        let is = |name: &str, column: &str| name.to_lowercase() == column;

        let wanted = || {
            let list = columns.iter().map(|c| if c.required { c.name.to_owned() } else { format!("[{}]", c.name) });
            list.collect::<Vec<_>>().join(";")
        };
        if !columns.iter().any(|c| names.iter().any(|n| is(n, c.name))) {
            let one = names.join(";");
            for (separator, name) in [(',', "Kommas"), ('\t', "Tabulatoren"), ('|', "senkrechte Striche")] {
                // Tabs have become blanks by now.
                let separator = if separator == '\t' { ' ' } else { separator };
                if one
                    .split(separator)
                    .filter(|part| columns.iter().any(|c| is(part.trim().trim_matches('"'), c.name)))
                    .count()
                    > 1
                {
                    return Err(format!(
                        "Die Spalten sind durch {name} getrennt. Bitte speichern Sie die Datei mit Semikolon (;) als Trennzeichen."
                    ));
                }
            }
            return Err(format!("Die erste Zeile ist keine Kopfzeile. Erwartet wird: {}", wanted()));
        }

        let mut places = Vec::with_capacity(columns.len());
        let mut missing = Vec::new();
        for column in columns {
            let mut found = names.iter().enumerate().filter(|(_, n)| is(n, column.name)).map(|(i, _)| i);
            let first = found.next().filter(|_| column.stored);
            if first.is_some() && found.next().is_some() {
                return Err(format!(
                    "Die Spalte {} steht mehrfach in der Kopfzeile. Bitte entfernen Sie eine.",
                    column.name
                ));
            }
            if first.is_none() && column.required {
                missing.push(column.name);
            }
            places.push(first);
        }
        if !missing.is_empty() {
            let what = if missing.len() == 1 {
                "In der Kopfzeile fehlt die Spalte"
            } else {
                "In der Kopfzeile fehlen die Spalten"
            };
            return Err(format!("{what} {}. Erwartet wird: {}", missing.join(", "), wanted()));
        }

        let known = |n: &str| columns.iter().any(|c| is(n, c.name)) || REJECT_COLUMNS.iter().any(|c| is(n, c));
        let unknown = names.iter().filter(|n| !n.is_empty() && !known(n)).cloned().collect();
        let health = (0..names.len()).filter(|i| HEALTH.iter().any(|c| is(&names[*i], c))).collect();
        Ok(Self { names, places, unknown, health })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::records::Reader;

    fn read(kind: Kind, text: &str) -> Result<Header, String> {
        let mut record = Record::default();
        Reader::new(text.as_bytes()).next(&mut record).unwrap();
        Header::read(kind, &record, Encoding::Utf8)
    }

    #[test]
    fn columns_in_any_order_and_case_with_strangers() {
        let header = read(Kind::Pausen, "grund; BIS ;x;von;Fallnr;zeile;;\n").unwrap();
        assert_eq!(header.places, [Some(4), Some(3), Some(1), None]);
        assert_eq!(header.unknown, ["x"]);
        assert_eq!(header.health, [0]);
    }

    #[test]
    fn what_our_own_files_of_refused_rows_add_is_no_stranger_and_may_repeat() {
        let header = read(Kind::Pausen, "fallnr;von;bis;grund;zeile;spalte;wert;grund;abhilfe\n").unwrap();
        assert!(header.unknown.is_empty());
        assert_eq!(header.health, [3, 7]);
    }

    #[test]
    fn a_refused_header_says_what_would_be_right() {
        for (text, part) in [
            ("fallnr;bis\n", "In der Kopfzeile fehlt die Spalte von. Erwartet wird: fallnr;von;bis;[grund]"),
            ("fallnr\n", "fehlen die Spalten von, bis."),
            ("fallnr;von;bis;VON\n", "Die Spalte von steht mehrfach"),
            ("fallnr,von,bis,grund\n", "durch Kommas getrennt"),
            ("fallnr\tvon\tbis\n", "durch Tabulatoren getrennt"),
            ("\"fallnr\",\"von\",\"bis\"\n", "durch Kommas getrennt"),
            ("1;01.01.2026;\n", "keine Kopfzeile. Erwartet wird: fallnr;von;bis;[grund]"),
        ] {
            let error = read(Kind::Pausen, text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
