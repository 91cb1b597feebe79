//! Subjects: kind, date and counts. Never a person, a team or a case number: subjects show up on lock screens and in
//! logs of mail servers.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::words::{date, list, plural, week, week_of};
use crate::domain::digest::{
    BakDay, Content, Digest, Item, Kind, NoticePart, Receipt, TeamDay, TeamEscalation, TeamWeek,
};
use crate::domain::obligation::State;
use crate::domain::wochenliste::Form;

/// The subject of a digest.
pub(super) fn of(digest: &Digest) -> String {
    let day = digest.day;
    match &digest.content {
        Content::Day(teams) => of_day(digest.kind, day, teams),
        Content::Notice(parts) => of_notice(parts),
        Content::Escalation(teams) => of_escalation(teams),
        Content::Week(teams) => of_week(day, teams),
        Content::Forms(forms) => of_forms(day, forms),
        Content::Admin(sentences) => {
            format!("[BAK] Hinweise zum Betrieb {} – {}", date(day), plural(sentences.len(), "Punkt", "Punkte"))
        }
        Content::Missed(_) => format!("[BAK] Kein Lauf am {}", date(day)),
        Content::Receipt(receipt) => of_receipt(day, receipt),
    }
}

fn of_receipt(day: NaiveDate, receipt: &Receipt) -> String {
    let counts = [
        (receipt.taken, "Datei eingelesen", "Dateien eingelesen"),
        (receipt.rejected, "Datei abgelehnt", "Dateien abgelehnt"),
        (receipt.rows, "Zeile abgelehnt", "Zeilen abgelehnt"),
    ];
    let counts: Vec<_> =
        counts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| plural(n, one, many)).collect();
    format!("[BAK] Eingang {} – {}", date(day), counts.join(", "))
}

/// The items of a BAK's day without search runs: those are entered at leisure and counted on a line of their own.
pub(super) fn items(bak: &BakDay) -> impl Iterator<Item = &Item> {
    bak.now.iter().chain(&bak.ahead).chain(&bak.long).flat_map(|row| &row.items)
}

fn of_day(kind: Kind, day: NaiveDate, teams: &[TeamDay]) -> String {
    let baks = || teams.iter().flat_map(|t| &t.baks);
    let all = || teams.iter().flat_map(|t| &t.team_items).chain(baks().flat_map(items));
    let count = |state: State| all().filter(|i| i.state == state).count();
    let (overdue, today, ahead) = (count(State::Overdue), count(State::Today), count(State::Upcoming));
    let runs: u32 = baks().filter_map(|b| b.search.as_ref()).map(|s| s.of.saturating_sub(s.complete)).sum();
    let missed: usize = baks().flat_map(|b| &b.missed).map(|m| m.items.len()).sum();
    let appointments: usize = baks().map(|b| b.appointments.len()).sum();
    let mut counts = Vec::new();
    if overdue > 0 {
        counts.push(format!("{overdue} überfällig"));
    }
    if today > 0 {
        counts.push(format!("{today} heute"));
    }
    // What can wait is only worth a word when there is nothing else to say.
    if counts.is_empty() {
        counts.push(match (ahead, runs, missed, appointments) {
            (0, 0, 0, 0) => "nichts offen".to_owned(),
            (0, 0, 0, n) => plural(n, "Termin heute", "Termine heute"),
            (0, 0, n, _) => plural(n, "Suchlauf nachzutragen", "Suchläufe nachzutragen"),
            (0, n, _, _) => format!("Suchläufe für {} offen", plural(n, "Kunden", "Kunden")),
            (n, ..) => format!("{n} demnächst"),
        });
    }
    let stead = kind == Kind::Persoenlich && baks().next().is_some() && baks().all(|b| b.who.in_stead);
    let title = match (kind, stead) {
        (Kind::Persoenlich, true) => "Vertretung – Fälle",
        (Kind::Persoenlich, false) => "Ihre Fälle",
        _ => "Tagesübersicht",
    };
    format!("[BAK] {title} {} – {}", date(day), counts.join(", "))
}

/// A case, or what stands for one where an obligation has none.
fn case<'a>(fallnr: &'a str, subject: &'a str) -> &'a str {
    if fallnr.is_empty() { subject } else { fallnr }
}

fn of_notice(parts: &[NoticePart]) -> String {
    let items = parts.iter().flat_map(|p| &p.items).map(|i| case(&i.fallnr, &i.subject));
    let lapsed = parts.iter().flat_map(|p| &p.lapsed).map(|l| case(&l.fallnr, &l.subject));
    let cases = items.chain(lapsed).collect::<BTreeSet<_>>().len();
    let all = |is: fn(&NoticePart) -> bool| !parts.is_empty() && parts.iter().all(is);
    let what = if all(|p| p.start) {
        format!("Stand zum Start – {}", plural(cases, "Fall", "Fälle"))
    } else {
        format!("Mitteilung zu {}", plural(cases, "Fall", "Fällen"))
    };
    let stead = if all(|p| p.who.in_stead) { "Vertretung – " } else { "" };
    format!("[BAK] {stead}{what}")
}

fn of_escalation(teams: &[TeamEscalation]) -> String {
    let items = teams.iter().flat_map(|t| &t.items).map(|i| (&i.fallnr, &i.subject));
    let lapsed = teams.iter().flat_map(|t| &t.lapsed).map(|l| (&l.fallnr, &l.subject));
    let (mut cases, mut of_teams) = (BTreeSet::new(), BTreeSet::new());
    for (fallnr, subject) in items.chain(lapsed) {
        if fallnr.is_empty() {
            of_teams.insert(subject)
        } else {
            cases.insert(fallnr)
        };
    }
    let mut counts = Vec::new();
    if !cases.is_empty() {
        counts.push(plural(cases.len(), "Fall", "Fälle"));
    }
    if !of_teams.is_empty() {
        counts.push(plural(of_teams.len(), "Teamaufgabe", "Teamaufgaben"));
    }
    if teams.iter().any(|t| !t.grown.is_empty()) {
        counts.push("Auslastung".to_owned());
    }
    let stead = if teams.iter().all(|t| t.in_stead_for.is_some()) { "Vertretung – " } else { "" };
    if counts.is_empty() {
        format!("[BAK] {stead}Eskalation")
    } else {
        format!("[BAK] {stead}Eskalation – {}", counts.join(", "))
    }
}

fn of_forms(day: NaiveDate, forms: &[Form]) -> String {
    let cases: usize = forms.iter().map(|form| form.rows.len()).sum();
    let stead = if !forms.is_empty() && forms.iter().all(|form| form.in_stead) { "Vertretung – " } else { "" };
    format!("[BAK] {stead}Wochenliste {} – {}", week_of(day), plural(cases, "Fall", "Fälle"))
}

fn of_week(day: NaiveDate, teams: &[TeamWeek]) -> String {
    let weeks: BTreeSet<_> = teams.iter().map(|t| week(&t.week)).collect();
    let weeks: Vec<_> = weeks.into_iter().collect();
    let week = if weeks.is_empty() { week_of(day) } else { list(&weeks) };
    let stead =
        if !teams.is_empty() && teams.iter().all(|t| t.in_stead_for.is_some()) { "Vertretung – " } else { "" };
    format!("[BAK] {stead}Wochenbericht {week}")
}
