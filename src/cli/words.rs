//! German for the terminal: the nouns of the office, and paragraphs that fit a window.
//!
//! Dates and reasons are said as the mails say them ([`crate::mail::words`]); what only commands need stands here.

use std::fmt::Write as _;

use crate::domain::digest::Kind;
use crate::domain::facts::{Art, Case, EndeGrund, FoerderArt, Kennung};
use crate::domain::obligation::{Column, Evidence, Role, Roles};
use crate::domain::rules::Supply;
use crate::mail::words::{clean, date, list};
use crate::store::{ChangeKind, OutboxState};

/// Columns of a paragraph: comfortable in a window of 80 to 120 once indented.
const WIDTH: usize = 92;

/// How many words a message lists before it counts the rest.
const LISTED: usize = 20;

/// What was done, as a noun.
pub(super) const fn art(art: Art) -> &'static str {
    match art {
        Art::KontaktPersoenlich => "persönlicher Kontakt",
        Art::KontaktTelefonisch => "Telefonkontakt",
        Art::KontaktSchriftlich => "schriftlicher Kontakt",
        Art::Kontaktversuch => "Kontaktversuch",
        Art::AgKontakt => "AG-Kontakt",
        Art::Stellensuchlauf => "Stellensuchlauf",
        Art::LebenslaufAngefordert => "Anforderung des Lebenslaufs",
        Art::LebenslaufErinnert => "Erinnerung an den Lebenslauf",
        Art::LebenslaufEingegangen => "Eingang des Lebenslaufs",
        Art::Aussendienst => "Besuch am Arbeitsplatz",
        Art::EgzRisiko => "EGZ-Risiko",
        Art::EgzIntervention => "EGZ-Intervention",
        Art::AgUnzufrieden => "Rückmeldung eines unzufriedenen Arbeitgebers",
        Art::AgAlternative => "Alternative für den Arbeitgeber",
        Art::MagNachhaltungAg => "Nachhaltung der MAG beim Arbeitgeber",
        Art::MagNachhaltungKunde => "Nachhaltung der MAG mit Kundin oder Kunde",
    }
}

/// What a date column of a case says, as a noun.
pub(super) const fn column(column: Column) -> &'static str {
    match column {
        Column::KennungSeit => "Kennung",
        Column::UebergabeAm => "Übergabe",
        Column::HauptbetreuerSeit => "Eintrag als Hauptbetreuer",
        Column::EndeAm => "Ende der Betreuung",
        Column::RueckgabegespraechAm => "Rückgabegespräch",
        Column::FazitAm => "Fazit",
    }
}

/// What ended something, as a noun.
pub(super) const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Activity(what) => art(what),
        Evidence::Column(what) => column(what),
        Evidence::Kennung => "Kennung",
        Evidence::LaterSubsidy => "spätere Förderung",
        Evidence::Event => "spätere Veranstaltung",
    }
}

/// What a delivery has to hold, in the words that files and `record` use.
pub(super) const fn supply(supply: Supply) -> &'static str {
    match supply {
        Supply::Activity(art) => art.as_str(),
        Supply::Column(column) => column.as_str(),
    }
}

/// The words of the rule's evidence, joined by „oder".
pub(super) fn any_of(supplies: &[Supply]) -> String {
    supplies.iter().map(|s| supply(*s)).collect::<Vec<_>>().join(" oder ")
}

/// For whom a step is.
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Bak => "BAK",
        Role::Ifk => "IFK",
        Role::Team => "Team",
        Role::Tl => "Teamleitung",
    }
}

/// `BAK und IFK`.
pub(super) fn roles(roles: Roles) -> String {
    list(&roles.iter().map(role).collect::<Vec<_>>())
}

/// A kind of mail.
pub(super) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Tagesuebersicht => "Tagesübersicht",
        Kind::Persoenlich => "persönliche Übersicht",
        Kind::Mitteilung => "Mitteilung",
        Kind::Eskalation => "Eskalation",
        Kind::Wochenbericht => "Wochenbericht",
        Kind::Wochenliste => "Wochenliste",
        Kind::Admin => "Hinweise zum Betrieb",
        Kind::Eingang => "Bericht zum Eingang",
    }
}

/// Where a mail stands.
pub(super) const fn outbox(state: OutboxState) -> &'static str {
    match state {
        OutboxState::Queued => "wartet auf den Versand",
        OutboxState::Sending => "wird gerade versandt",
        OutboxState::Sent => "versandt",
        OutboxState::Failed => "nicht zustellbar",
        OutboxState::Superseded => "durch eine neuere ersetzt",
        OutboxState::Cancelled => "zurückgezogen",
    }
}

/// What kind of change of facts it was, with its article.
pub(super) const fn change(kind: Option<ChangeKind>) -> &'static str {
    match kind {
        Some(ChangeKind::Import) => "ein Import",
        Some(ChangeKind::Record) => "ein Eintrag von Hand",
        Some(ChangeKind::Withdraw) => "eine Rücknahme von Hand",
        Some(ChangeKind::Set) => "eine Berichtigung von Hand",
        Some(ChangeKind::Undo) => "die Rücknahme eines Imports",
        None => "eine andere Änderung",
    }
}

/// The rows of a table of facts; one that is newer than these keeps its name.
pub(super) fn table(name: &str) -> &str {
    match name {
        "team" => "Teams",
        "kollege" => "Personal",
        "betreuung" => "Betreuungen",
        "aktivitaet" => "Tätigkeiten",
        "foerderung" => "Förderungen",
        "pause" => "Ruhezeiten",
        "abwesenheit" => "Abwesenheiten",
        "veranstaltung" => "Veranstaltungen",
        "termin" => "Termine",
        "stelle" => "Stellen",
        other => other,
    }
}

/// A value as people read it: dates in German, nothing as a word. Kept are dates as ISO text.
pub(super) fn value(value: Option<&str>) -> String {
    match value.filter(|value| !value.is_empty()) {
        None => "leer".to_owned(),
        Some(value) => value.parse().map_or_else(|_| clean(value).into_owned(), date),
    }
}

/// Why main care ended.
pub(super) const fn grund(grund: EndeGrund) -> &'static str {
    match grund {
        EndeGrund::Integration => "Vermittlung in Arbeit",
        EndeGrund::RueckgabeFrist => "Rückgabe (Frist)",
        EndeGrund::RueckgabeMitwirkung => "Rückgabe (Mitwirkung)",
        EndeGrund::RueckgabeSonstige => "Rückgabe (sonstiger Grund)",
    }
}

/// A subsidy or placement.
pub(super) const fn foerderung(art: FoerderArt) -> &'static str {
    match art {
        FoerderArt::P16e => "§\u{a0}16e",
        FoerderArt::P16i => "§\u{a0}16i",
        FoerderArt::Mag => "MAG",
        FoerderArt::Egz => "EGZ",
    }
}

/// The marker of a case, or that there is none.
pub(super) fn kennung(case: &Case) -> String {
    case.kennung.map_or("keine Kennung".to_owned(), |k: Kennung| format!("Kennung {k}"))
}

/// `a, b, c und 12 weitere`, each made fit for one line.
pub(super) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let shown: Vec<_> = words.iter().take(LISTED).map(|word| clean(word.as_ref())).collect();
    match words.len().saturating_sub(LISTED) {
        0 if words.is_empty() => "keine".to_owned(),
        0 => shown.join(", "),
        more => format!("{} und {more} weitere", shown.join(", ")),
    }
}

/// Appends `text` as a paragraph: the first line behind `first`, the others behind as many spaces. Words joined by a
/// space that does not break stay together, a word longer than the line gets one of its own.
pub(super) fn paragraph(out: &mut String, first: &str, text: &str) {
    let indent = first.chars().count();
    out.push_str(first);
    let (mut column, mut begun) = (indent, false);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if begun && column + 1 + length > WIDTH {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if begun {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        begun = true;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_break_between_words_and_hang() {
        let mut out = String::new();
        paragraph(&mut out, "  • ", &"zehn Worte ".repeat(12));
        paragraph(&mut out, "", &format!("{} kurz", "x".repeat(100)));
        for line in out.lines().take(2) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let lines: Vec<_> = out.lines().collect();
        assert!(
            lines[0].starts_with("  • zehn") && lines[1].starts_with("    zehn") | lines[1].starts_with("    Worte")
        );
        assert_eq!(&lines[lines.len() - 2..], ["x".repeat(100), "kurz".to_owned()]);
    }

    #[test]
    fn a_space_that_does_not_break_holds() {
        let mut out = String::new();
        paragraph(&mut out, "", &format!("{} §\u{a0}7", "x".repeat(90)));
        assert_eq!(out.lines().nth(1), Some("§\u{a0}7"));
    }

    #[test]
    fn long_lists_are_counted() {
        let many: Vec<_> = (0..25).map(|n| n.to_string()).collect();
        assert!(listed(&many).ends_with("18, 19 und 5 weitere"));
        assert_eq!(listed(&["1", "2\n3"]), "1, 2 3");
        assert_eq!(listed::<&str>(&[]), "keine");
    }

    #[test]
    fn every_word_has_its_noun() {
        let all = Art::ALL.iter().map(|a| art(*a)).chain(Column::ALL.iter().map(|c| column(*c)));
        let mut seen: Vec<_> = all.chain(Kind::ALL.iter().map(|k| kind(*k))).collect();
        seen.extend(OutboxState::ALL.iter().map(|s| outbox(*s)));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        // „Rückgabegespräch" and the like are said once each: two words for one thing would be one too many.
        assert_eq!(seen.len(), count);
    }
}
