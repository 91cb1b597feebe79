//! The tables that deliveries fill: their keys, columns, and what a row is about. The order of the columns is the order
//! in which a reader of files states a row's values.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Type {
    Text,
    Date,
    Integer,
    /// True or false; SQLite keeps it as a number.
    Answer,
}

/// What an import adds to a row that its file does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Stamp {
    Nothing,
    /// The source; it belongs to the key, and all the other columns follow from the key.
    SourceInKey,
    /// The source, in the key, and whether the activity came from the row (see `listed`).
    SourceAndOwn,
    /// The source, which may change.
    Source,
    /// The day of the first import.
    FirstDay,
}

/// Whose rows a table's rows are about.
pub(in crate::store) type Parent = (&'static str, &'static str, &'static str);

/// A table that deliveries fill.
#[derive(Debug)]
pub struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static [&'static str],
    pub(super) columns: &'static [(&'static str, Type)],
    pub(super) stamp: Stamp,
    /// Own column, parent table, the parent's key: rows whose parent is not known have no effect until it comes.
    pub(super) parent: Option<Parent>,
}

use Type::{Answer, Date, Integer, Text};

/// `teams.csv`
pub static TEAM: Table = Table {
    name: "team",
    key: &["team"],
    columns: &[
        ("team", Text),
        ("name", Text),
        ("postfach", Text),
        ("bundesland", Text),
        ("leitung", Text),
        ("dienststelle", Text),
        ("beginn", Date),
    ],
    stamp: Stamp::Nothing,
    parent: None,
};

/// `personal.csv`
pub static KOLLEGE: Table = Table {
    name: "kollege",
    key: &["kuerzel"],
    columns: &[
        ("kuerzel", Text),
        ("name", Text),
        ("email", Text),
        ("rolle", Text),
        ("team", Text),
        ("region", Text),
        ("vertretung", Text),
    ],
    stamp: Stamp::Nothing,
    parent: None,
};

/// `betreuungen.csv`
pub static BETREUUNG: Table = Table {
    name: "betreuung",
    key: &["fallnr"],
    columns: &[
        ("fallnr", Text),
        ("bezeichnung", Text),
        ("bak", Text),
        ("ifk", Text),
        ("team", Text),
        ("region", Text),
        ("kennung", Text),
        ("kennung_seit", Date),
        ("uebergabe_am", Date),
        ("hauptbetreuer_seit", Date),
        ("ende_am", Date),
        ("ende_grund", Text),
        ("rueckgabegespraech_am", Date),
        ("fazit_am", Date),
    ],
    stamp: Stamp::Nothing,
    parent: None,
};

const OF_CASE: Option<Parent> = Some(("fallnr", "betreuung", "fallnr"));

/// `aktivitaeten.csv`
pub static AKTIVITAET: Table = Table {
    name: "aktivitaet",
    key: &["fallnr", "art", "datum"],
    columns: &[("fallnr", Text), ("art", Text), ("datum", Date), ("anzahl", Integer)],
    stamp: Stamp::Nothing,
    parent: OF_CASE,
};

/// `foerderungen.csv`
pub static FOERDERUNG: Table = Table {
    name: "foerderung",
    key: &["foerdernr"],
    columns: &[
        ("foerdernr", Text),
        ("fallnr", Text),
        ("art", Text),
        ("arbeitgeber", Text),
        ("beginn", Date),
        ("ende", Date),
        ("potenzial", Text),
    ],
    stamp: Stamp::Nothing,
    parent: OF_CASE,
};

/// `pausen.csv`
pub static PAUSE: Table = Table {
    name: "pause",
    key: &["row_key"],
    columns: &[("row_key", Text), ("fallnr", Text), ("von", Date), ("bis", Date)],
    stamp: Stamp::SourceInKey,
    parent: OF_CASE,
};

/// `abwesenheiten.csv`
pub static ABWESENHEIT: Table = Table {
    name: "abwesenheit",
    key: &["row_key"],
    columns: &[("row_key", Text), ("kuerzel", Text), ("von", Date), ("bis", Date)],
    stamp: Stamp::SourceInKey,
    parent: Some(("kuerzel", "kollege", "kuerzel")),
};

/// `veranstaltungen.csv`
pub static VERANSTALTUNG: Table = Table {
    name: "veranstaltung",
    key: &["row_key"],
    columns: &[
        ("row_key", Text),
        ("team", Text),
        ("titel", Text),
        ("art", Text),
        ("datum", Date),
        ("durchgefuehrt", Answer),
    ],
    stamp: Stamp::SourceInKey,
    parent: Some(("team", "team", "team")),
};

/// `termine.csv`
pub static TERMIN: Table = Table {
    name: "termin",
    key: &["terminnr"],
    columns: &[
        ("terminnr", Text),
        ("fallnr", Text),
        ("art", Text),
        ("datum", Date),
        ("uhrzeit", Text),
        ("ort", Text),
        ("teilnehmer", Text),
    ],
    stamp: Stamp::Source,
    parent: OF_CASE,
};

/// `stellen.csv`
pub static STELLE: Table = Table {
    name: "stelle",
    key: &["refnr"],
    columns: &[
        ("refnr", Text),
        ("titel", Text),
        ("arbeitgeber", Text),
        ("ort", Text),
        ("arbeitszeit", Text),
        ("eingestellt_am", Date),
        ("link", Text),
        ("quelle", Text),
    ],
    stamp: Stamp::FirstDay,
    parent: None,
};

/// Days in the columns of an office's own list: they become activities (see `listed`). A file states them without saying
/// that others are gone.
pub static LISTENTAG: Table = Table {
    name: "listentag",
    key: &["fallnr", "spalte", "datum"],
    columns: &[("fallnr", Text), ("spalte", Text), ("art", Text), ("datum", Date)],
    stamp: Stamp::SourceAndOwn,
    parent: OF_CASE,
};

/// Which cases a complete list holds (see `listed`). No file fills it by itself.
pub(in crate::store) static LISTENFALL: Table = Table {
    name: "listenfall",
    key: &["fallnr"],
    columns: &[("fallnr", Text), ("fehlt_seit", Date)],
    stamp: Stamp::SourceInKey,
    parent: OF_CASE,
};

/// What people say against the lists. No file fills it; it is kept and taken back like what files fill.
pub(in crate::store) static KORREKTUR: Table = Table {
    name: "korrektur",
    key: &["fallnr", "tabelle", "schluessel", "feld"],
    columns: &[
        ("fallnr", Text),
        ("tabelle", Text),
        ("schluessel", Text),
        ("feld", Text),
        ("geliefert", Text),
        ("wert", Text),
    ],
    stamp: Stamp::Nothing,
    parent: None,
};

/// What an import may have changed, in the order in which it is taken back: what refers to others first.
pub(in crate::store) static TAKEN_BACK: [&Table; 13] = [
    &KORREKTUR,
    &LISTENTAG,
    &LISTENFALL,
    &STELLE,
    &TERMIN,
    &VERANSTALTUNG,
    &ABWESENHEIT,
    &PAUSE,
    &FOERDERUNG,
    &AKTIVITAET,
    &BETREUUNG,
    &KOLLEGE,
    &TEAM,
];

impl Table {
    /// Its name in the database.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where a column stands in a row.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.column(column).map(|(at, _)| at)
    }

    /// Whether a file states all rows of its source.
    pub fn states_all(&self) -> bool {
        matches!(self.stamp, Stamp::SourceInKey | Stamp::Source)
    }

    /// The column that names what a row is about, if that is kept in another table.
    pub fn parent_column(&self) -> Option<&'static str> {
        self.parent.map(|(column, ..)| column)
    }

    /// Whether it matters that a file still holds a key whose row cannot be read: where missing keys are withdrawn or
    /// reported. Such a key is one column, the first.
    pub fn holds_keys(&self) -> bool {
        self.stamp == Stamp::Source || self.name == "betreuung"
    }

    /// Whether this column alone tells a row from the others.
    pub fn is_told_by(&self, column: &str) -> bool {
        self.key == [column] && column != "row_key"
    }

    /// Whether its rows stand beside facts, which say by themselves what an import did: what people and lists have said.
    pub(in crate::store) fn beside(&self) -> bool {
        ["korrektur", "listentag", "listenfall"].contains(&self.name)
    }

    /// Whether a row is about a case.
    pub(super) fn of_case(&self) -> bool {
        self.parent == OF_CASE
    }

    /// The place and type of a column.
    pub(in crate::store) fn column(&self, name: &str) -> Option<(usize, Type)> {
        let at = self.columns.iter().position(|(column, _)| *column == name)?;
        Some((at, self.columns[at].1))
    }

    /// All columns but what last wrote the row: those of the file, then what an import adds.
    pub(in crate::store) fn all_columns(&self) -> Vec<(&'static str, Type)> {
        let added: &[(&str, Type)] = match self.stamp {
            Stamp::Nothing => &[],
            Stamp::SourceInKey | Stamp::Source => &[("source", Text)],
            Stamp::SourceAndOwn => &[("source", Text), ("eigen", Answer)],
            Stamp::FirstDay => &[("erstmals_am", Date)],
        };
        self.columns.iter().chain(added).copied().collect()
    }

    /// The primary key, with types.
    pub(in crate::store) fn whole_key(&self) -> Vec<(&'static str, Type)> {
        let source = matches!(self.stamp, Stamp::SourceInKey | Stamp::SourceAndOwn).then_some("source");
        let names = source.into_iter().chain(self.key.iter().copied());
        names.map(|name| (name, self.column(name).map_or(Text, |(_, ty)| ty))).collect()
    }

    pub(in crate::store) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    pub(super) fn list(&self, prefix: &str) -> String {
        self.names().map(|c| format!("{prefix}{c}")).collect::<Vec<_>>().join(", ")
    }

    /// `m.key = s.key and …`
    pub(super) fn same_key(&self) -> String {
        self.key.iter().map(|k| format!("m.{k} = s.{k}")).collect::<Vec<_>>().join(" and ")
    }
}
