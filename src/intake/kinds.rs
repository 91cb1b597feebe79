//! The ten files of a delivery: their names, their columns, and the order in which they depend on each other.

use crate::store::import::{self as stage, Table};

/// A column of a delivery's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Whether the file is refused without it.
    pub(super) required: bool,
    /// Whether it is read at all; what is not stored is not even looked at.
    pub(super) stored: bool,
}

const fn required(name: &'static str) -> Column {
    Column { name, required: true, stored: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, required: false, stored: true }
}

/// Known, but left out: a client's number, a remark, the ground of a rest.
const fn not_stored(name: &'static str) -> Column {
    Column { name, required: false, stored: false }
}

/// Columns that often hold health data: they are not stored and blanked in the files of refused rows.
pub(super) const HEALTH: [&str; 2] = ["bemerkung", "grund"];

/// The columns that a file of refused rows adds.
pub(super) const REJECT_COLUMNS: [&str; 5] = ["zeile", "spalte", "wert", "grund", "abhilfe"];

/// How the name of a file of refused rows ends.
pub(super) const REJECT_SUFFIX: &str = ".abgelehnt.csv";

/// Which file of the delivery (RULES.md §1). Ordered so that what others refer to comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Teams,
    Personal,
    Betreuungen,
    Aktivitaeten,
    Foerderungen,
    Pausen,
    Abwesenheiten,
    Veranstaltungen,
    Termine,
    Stellen,
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Teams,
        Self::Personal,
        Self::Betreuungen,
        Self::Aktivitaeten,
        Self::Foerderungen,
        Self::Pausen,
        Self::Abwesenheiten,
        Self::Veranstaltungen,
        Self::Termine,
        Self::Stellen,
    ];

    /// The file's name without `.csv`.
    pub(super) const fn stem(self) -> &'static str {
        match self {
            Self::Teams => "teams",
            Self::Personal => "personal",
            Self::Betreuungen => "betreuungen",
            Self::Aktivitaeten => "aktivitaeten",
            Self::Foerderungen => "foerderungen",
            Self::Pausen => "pausen",
            Self::Abwesenheiten => "abwesenheiten",
            Self::Veranstaltungen => "veranstaltungen",
            Self::Termine => "termine",
            Self::Stellen => "stellen",
        }
    }

    /// Its columns, in the order of the handbook.
    pub(super) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Teams => {
                const {
                    &[
                        required("team"),
                        required("name"),
                        required("postfach"),
                        required("bundesland"),
                        required("leitung"),
                        optional("dienststelle"),
                        optional("beginn"),
                    ]
                }
            }
            Self::Personal => {
                const {
                    &[
                        required("kuerzel"),
                        required("name"),
                        required("email"),
                        required("rolle"),
                        required("team"),
                        required("region"),
                        required("vertretung"),
                    ]
                }
            }
            Self::Betreuungen => {
                const {
                    &[
                        required("fallnr"),
                        not_stored("kundennummer"),
                        optional("bezeichnung"),
                        required("bak"),
                        required("ifk"),
                        required("team"),
                        required("region"),
                        required("kennung"),
                        required("kennung_seit"),
                        required("uebergabe_am"),
                        required("hauptbetreuer_seit"),
                        required("ende_am"),
                        required("ende_grund"),
                        required("rueckgabegespraech_am"),
                        required("fazit_am"),
                    ]
                }
            }
            Self::Aktivitaeten => {
                const {
                    &[
                        required("fallnr"),
                        required("art"),
                        required("datum"),
                        required("anzahl"),
                        not_stored("bemerkung"),
                    ]
                }
            }
            Self::Foerderungen => {
                const {
                    &[
                        required("foerdernr"),
                        required("fallnr"),
                        required("art"),
                        required("arbeitgeber"),
                        required("beginn"),
                        required("ende"),
                        required("potenzial"),
                    ]
                }
            }
            Self::Pausen => const { &[required("fallnr"), required("von"), required("bis"), not_stored("grund")] },
            Self::Abwesenheiten => const { &[required("kuerzel"), required("von"), required("bis")] },
            Self::Veranstaltungen => {
                const {
                    &[
                        required("team"),
                        required("titel"),
                        required("art"),
                        required("datum"),
                        required("durchgefuehrt"),
                    ]
                }
            }
            Self::Termine => {
                const {
                    &[
                        required("terminnr"),
                        required("fallnr"),
                        required("art"),
                        required("datum"),
                        required("uhrzeit"),
                        required("ort"),
                        optional("teilnehmer"),
                    ]
                }
            }
            Self::Stellen => {
                const {
                    &[
                        required("refnr"),
                        required("titel"),
                        required("arbeitgeber"),
                        required("ort"),
                        required("arbeitszeit"),
                        required("eingestellt_am"),
                        required("link"),
                        required("quelle"),
                    ]
                }
            }
        }
    }

    /// Where its rows go.
    pub(super) const fn table(self) -> &'static Table {
        match self {
            Self::Teams => &stage::TEAM,
            Self::Personal => &stage::KOLLEGE,
            Self::Betreuungen => &stage::BETREUUNG,
            Self::Aktivitaeten => &stage::AKTIVITAET,
            Self::Foerderungen => &stage::FOERDERUNG,
            Self::Pausen => &stage::PAUSE,
            Self::Abwesenheiten => &stage::ABWESENHEIT,
            Self::Veranstaltungen => &stage::VERANSTALTUNG,
            Self::Termine => &stage::TERMIN,
            Self::Stellen => &stage::STELLE,
        }
    }

    /// The kind a file's name stands for, in any case; or a sentence that says why it stands for none.
    pub(super) fn of_file_name(name: &str) -> Result<Self, String> {
        let lower = name.to_lowercase();
        let known = || Self::ALL.map(|k| format!("{}.csv", k.stem())).join(", ");
        if lower.ends_with(REJECT_SUFFIX) {
            return Err(format!(
                "„{name}“ ist eine Liste abgelehnter Zeilen. Bitte berichtigen Sie die Zeilen in der Lieferung selbst."
            ));
        }
        let Some(stem) = lower.strip_suffix(".csv") else {
            return Err(format!("„{name}“ ist keine CSV-Datei. Möglich sind {}.", known()));
        };
        if let Some(kind) = Self::ALL.into_iter().find(|k| k.stem() == stem) {
            return Ok(kind);
        }
        let plain = stem.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('ß', "ss");
        let near = Self::ALL.into_iter().find(|k| {
            let singular = &k.stem()[..k.stem().len() - 1];
            plain.starts_with(singular) || plain.ends_with(k.stem())
        });
        Err(match near {
            Some(kind) => format!("Der Dateiname „{name}“ ist unbekannt. Ist {}.csv gemeint?", kind.stem()),
            None => format!("Der Dateiname „{name}“ ist unbekannt. Möglich sind {}.", known()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stand_for_kinds() {
        for (name, expected) in [
            ("teams.csv", Ok(Kind::Teams)),
            ("Betreuungen.CSV", Ok(Kind::Betreuungen)),
            ("aktivitäten.csv", Err("Ist aktivitaeten.csv gemeint?")),
            ("betreuungen_2026-11.csv", Err("Ist betreuungen.csv gemeint?")),
            ("termin.csv", Err("Ist termine.csv gemeint?")),
            ("notizen.csv", Err("Möglich sind teams.csv, personal.csv")),
            ("betreuungen.abgelehnt.csv", Err("Liste abgelehnter Zeilen")),
            ("teams.xlsx", Err("keine CSV-Datei")),
            ("", Err("keine CSV-Datei")),
            (".csv", Err("Möglich sind")),
        ] {
            match (Kind::of_file_name(name), expected) {
                (Ok(kind), Ok(expected)) => assert_eq!(kind, expected, "{name}"),
                (Err(text), Err(part)) => assert!(text.contains(part), "{name}: {text}"),
                (got, _) => panic!("{name}: {got:?}"),
            }
        }
    }
}
