//! What stands in the head and the fixed columns of the Wochenliste: German, in as few letters as narrow columns take.

use crate::domain::wochenliste::{Form, Note, Open, Row, Standing, Tick, WEEKDAYS};
use crate::mail::words::clean;

/// `Mo 23.11.` above the first column of a day, and that no one works.
pub(super) fn day_head(form: &Form, day: u8, tick: Tick) -> String {
    let closed = form.closed[usize::from(day.min(4))].is_some();
    match tick {
        Tick::Search => {
            let free = if closed { " frei" } else { "" };
            format!("{} {}{free}", WEEKDAYS[usize::from(day.min(4))], form.week.day(day).format("%d.%m."))
        }
        Tick::Client | Tick::Employer | Tick::Attempt => String::new(),
    }
}

pub(super) const fn tick_word(tick: Tick) -> &'static str {
    match tick {
        Tick::Search => "Suche",
        Tick::Client => "Kunde",
        Tick::Employer => "AG",
        Tick::Attempt => "Vers.",
    }
}

pub(super) const fn note_group(note: Note) -> &'static str {
    match note {
        Note::CvAsked => "Lebenslauf",
        Note::Talk => "Abschluss",
        Note::CvReminded | Note::CvReceived | Note::Fazit | Note::End | Note::Reason => "",
    }
}

pub(super) const fn note_word(note: Note) -> &'static str {
    match note {
        Note::CvAsked => "ange-\nfordert",
        Note::CvReminded => "erinnert",
        Note::CvReceived => "einge-\ngangen",
        Note::Talk => "Rückgabe-\ngespräch",
        Note::Fazit => "Fazit",
        Note::End => "Ende",
        Note::Reason => "Grund des Endes",
    }
}

pub(super) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Main => "HB",
        Standing::Watched => "Beob.",
        Standing::Ended => "Ende",
    }
}

/// What is open, in as few words as a narrow column takes. Search runs have columns of their own.
pub(super) fn open(row: &Row) -> String {
    let word = |open: &Open| match &*open.rule {
        "stellensuchlauf" | "stellensuchlauf-16" => None,
        "kundenkontakt" => Some("Kunde".to_owned()),
        "ag-kontakt" => Some("AG".to_owned()),
        "rueckgabe-6-monate" => Some("Rückgabe".to_owned()),
        "rueckgabe-gespraech" => Some("Gespräch".to_owned()),
        "fazit" => Some("Fazit".to_owned()),
        "lebenslauf-anfordern" | "lebenslauf-erinnern" | "lebenslauf-rueckgabe" => Some("Lebenslauf".to_owned()),
        "besuch-16" => Some("Besuch".to_owned()),
        _ => Some(clean(&open.title).into_owned()),
    };
    row.open.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}
