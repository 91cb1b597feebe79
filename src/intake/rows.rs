//! What each file's row says, and which rows are refused or kept and reported (RULES.md §1): one function per file.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::fields;
use super::kinds::Kind;
use super::row::{Known, MAX_KEY, Row};
use crate::domain::calendar::Bundesland;
use crate::domain::facts::{Art, EndeGrund, FoerderArt, Kennung, Rolle, TerminArt};
use crate::store::import::Value;

/// The values of a row in the order of its table's columns. Meaningless where `row` collected a refusal.
pub(super) fn values(kind: Kind, row: &mut Row<'_>, known: &Known) -> Vec<Value> {
    match kind {
        Kind::Teams => team(row),
        Kind::Personal => colleague(row),
        Kind::Betreuungen => case(row, known),
        Kind::Aktivitaeten => activity(row),
        Kind::Foerderungen => subsidy(row),
        Kind::Pausen => rest(row),
        Kind::Abwesenheiten => absence(row),
        Kind::Veranstaltungen => event(row),
        Kind::Termine => appointment(row),
        Kind::Stellen => vacancy(row),
    }
}

fn word(w: Option<&'static str>) -> Value {
    Value::Text(w.unwrap_or_default().to_owned())
}

fn team(row: &mut Row<'_>) -> Vec<Value> {
    let land = row.word("bundesland", &Bundesland::ALL, Bundesland::code);
    vec![
        Value::Text(row.key("team")),
        Value::Text(row.text("name")),
        Value::Word(row.address("postfach")),
        word(land.map(Bundesland::code)),
        Value::Word(row.reference("leitung")),
        Value::Text(row.reference("dienststelle").unwrap_or_default()),
        Value::Day(row.date("beginn")),
    ]
}

fn colleague(row: &mut Row<'_>) -> Vec<Value> {
    let rolle = row.word("rolle", Rolle::ALL, Rolle::as_str);
    vec![
        Value::Text(row.key("kuerzel")),
        Value::Text(row.text("name")),
        Value::Word(row.address("email")),
        word(rolle.map(Rolle::as_str)),
        Value::Text(row.reference("team").unwrap_or_default()),
        Value::Text(row.text("region")),
        Value::Word(row.reference("vertretung")),
    ]
}

fn case(row: &mut Row<'_>, known: &Known) -> Vec<Value> {
    let team = row.key("team");
    if !team.is_empty() && !known.teams.contains(&team) {
        row.refuse(
            "team",
            "Dieses Team ist unbekannt.",
            "Bitte nehmen Sie es in teams.csv auf oder berichtigen Sie das Kürzel.",
        );
    }
    let delivered = row.reference("kennung").unwrap_or_default();
    let kennung = Kennung::ALL.iter().map(|k| k.as_str()).find(|k| k.eq_ignore_ascii_case(&delivered));
    if kennung.is_none() && !delivered.is_empty() {
        let words = Kennung::ALL.iter().map(|k| k.as_str()).collect::<Vec<_>>().join(", ");
        row.keep(
            "kennung",
            "Diese Kennung ist unbekannt; der Fall zählt wie einer ohne Kennung.",
            format!("Möglich sind {words} oder leer."),
        );
    }
    let grund = (!row.get("ende_grund").is_empty()).then(|| row.word("ende_grund", EndeGrund::ALL, EndeGrund::as_str));
    vec![
        Value::Text(row.key("fallnr")),
        Value::Text(fields::initials(&row.text("bezeichnung"))),
        Value::Word(row.reference("bak")),
        Value::Word(row.reference("ifk")),
        Value::Text(team),
        Value::Text(row.text("region")),
        Value::Text(kennung.map_or(delivered, str::to_owned)),
        Value::Day(row.date("kennung_seit")),
        Value::Day(row.date("uebergabe_am")),
        Value::Day(row.date("hauptbetreuer_seit")),
        Value::Day(row.date("ende_am")),
        word(grund.flatten().map(EndeGrund::as_str)),
        Value::Day(row.date("rueckgabegespraech_am")),
        Value::Day(row.date("fazit_am")),
    ]
}

fn activity(row: &mut Row<'_>) -> Vec<Value> {
    let anzahl = row.get("anzahl");
    let count = if anzahl.is_empty() { Some(1) } else { fields::count(anzahl) };
    if count.is_none() {
        row.refuse(
            "anzahl",
            "Das ist keine Anzahl.",
            "Bitte schreiben Sie eine ganze Zahl von 0 bis 9999 oder lassen Sie das Feld leer (1).",
        );
    }
    vec![
        Value::Text(row.key("fallnr")),
        word(row.word("art", Art::ALL, Art::as_str).map(Art::as_str)),
        Value::Day(row.required_date("datum")),
        Value::Count(count.unwrap_or_default()),
    ]
}

fn subsidy(row: &mut Row<'_>) -> Vec<Value> {
    const REMEDY: &str = "Bitte tragen Sie das Datum nach.";
    let art = row.word("art", FoerderArt::ALL, FoerderArt::as_str);
    let (beginn, ende) = (row.date("beginn"), row.date("ende"));
    if matches!(art, Some(FoerderArt::P16e | FoerderArt::P16i | FoerderArt::Mag)) {
        let missing = |column: &str| format!("{column} fehlt; so hat die Zeile keine Wirkung.");
        if row.get("beginn").is_empty() {
            row.keep("beginn", missing("beginn"), REMEDY);
        } else if row.get("ende").is_empty() {
            row.keep("ende", missing("ende"), REMEDY);
        }
        reversed(row, "ende", "beginn", ende, beginn);
    }
    let potenzial = row.get("potenzial");
    let answer = fields::yes_no(potenzial);
    if answer.is_none() && !potenzial.is_empty() {
        // The deadline of a subsidy is worth more than this field: without it the default (not "nein") applies.
        row.keep(
            "potenzial",
            "Das ist weder ja noch nein; das Feld zählt als leer.",
            "Möglich sind ja, nein oder leer.",
        );
    }
    vec![
        Value::Text(row.key("foerdernr")),
        Value::Text(row.key("fallnr")),
        word(art.map(FoerderArt::as_str)),
        Value::Text(row.text("arbeitgeber")),
        Value::Day(beginn),
        Value::Day(ende),
        word(answer.map(|yes| if yes { "ja" } else { "nein" })),
    ]
}

/// Reports a span that ends before it begins.
fn reversed(row: &mut Row<'_>, last: &str, first: &str, bis: Option<NaiveDate>, von: Option<NaiveDate>) {
    if von.zip(bis).is_some_and(|(von, bis)| bis < von) {
        row.keep(
            last,
            format!("{last} liegt vor {first}; so hat die Zeile keine Wirkung."),
            "Bitte prüfen Sie beide Tage.",
        );
    }
}

/// The key of a row that has none: all that it says. Control characters were stripped from fields, so the separator
/// is in none of them. Long ones are hashed, because a database's index takes only so many bytes.
fn row_key(parts: &[&str]) -> String {
    const LONGEST: usize = 2 * MAX_KEY;
    let key = parts.join("\u{1f}");
    if key.len() <= LONGEST {
        return key;
    }
    Sha256::digest(key.as_bytes()).iter().fold(String::from("sha256:"), |hex, b| format!("{hex}{b:02x}"))
}

fn day_text(d: Option<NaiveDate>) -> String {
    d.map_or_else(String::new, |d| d.to_string())
}

/// A thing or person, and the days from and to.
fn span(row: &mut Row<'_>, who: &str) -> Vec<Value> {
    let subject = row.key(who);
    let (von, bis) = (row.required_date("von"), row.last_day("bis"));
    reversed(row, "bis", "von", bis, von);
    let key = row_key(&[&subject, &day_text(von), &day_text(bis)]);
    vec![Value::Text(key), Value::Text(subject), Value::Day(von), Value::Day(bis)]
}

fn rest(row: &mut Row<'_>) -> Vec<Value> {
    span(row, "fallnr")
}

fn absence(row: &mut Row<'_>) -> Vec<Value> {
    span(row, "kuerzel")
}

fn event(row: &mut Row<'_>) -> Vec<Value> {
    let (team, titel, art) = (row.key("team"), row.text("titel"), row.text("art"));
    let datum = row.date("datum");
    if row.get("datum").is_empty() {
        row.keep("datum", "datum fehlt; so hat die Veranstaltung keine Wirkung.", "Bitte tragen Sie das Datum nach.");
    }
    let held = row.get("durchgefuehrt");
    let answer = fields::yes_no(held);
    if answer.is_none() && !held.is_empty() {
        row.refuse("durchgefuehrt", "Das ist weder ja noch nein.", "Möglich sind ja, nein oder leer (nein).");
    }
    let held = answer.unwrap_or_default();
    let key = row_key(&[&team, &titel, &art, &day_text(datum), if held { "ja" } else { "nein" }]);
    vec![
        Value::Text(key),
        Value::Text(team),
        Value::Text(titel),
        Value::Text(art),
        Value::Day(datum),
        Value::Answer(held),
    ]
}

fn appointment(row: &mut Row<'_>) -> Vec<Value> {
    let art = row.word("art", TerminArt::ALL, TerminArt::as_str);
    let datum = row.date("datum");
    if row.get("datum").is_empty() {
        row.keep("datum", "datum fehlt; so hat der Termin keine Wirkung.", "Bitte tragen Sie das Datum nach.");
    }
    let uhrzeit = row.get("uhrzeit");
    let time = fields::time(uhrzeit);
    if time.is_none() && !uhrzeit.is_empty() {
        // The day holds notices back, the time does not: the row is worth keeping.
        row.keep(
            "uhrzeit",
            "Das ist keine Uhrzeit; der Termin zählt als einer ohne Uhrzeit.",
            "Bitte schreiben Sie sie als HH:MM.",
        );
    }
    vec![
        Value::Text(row.key("terminnr")),
        Value::Text(row.key("fallnr")),
        word(art.map(TerminArt::as_str)),
        Value::Day(datum),
        Value::Word(time),
        Value::Text(row.text("ort")),
        Value::Word(row.reference("teilnehmer")),
    ]
}

fn vacancy(row: &mut Row<'_>) -> Vec<Value> {
    vec![
        Value::Text(row.key("refnr")),
        Value::Text(row.text("titel")),
        Value::Text(row.text("arbeitgeber")),
        Value::Text(row.text("ort")),
        Value::Text(row.text("arbeitszeit")),
        Value::Day(row.date("eingestellt_am")),
        Value::Text(row.text("link")),
        Value::Text(row.text("quelle")),
    ]
}
