//! The day of one or more teams: tagesuebersicht and persoenlich.
//!
//! What fires today is never cut. What is merely still open is folded to one row per case, and after ten workdays to a
//! case number.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::{Row, Section, fall, holder, team_heading};
use crate::domain::calendar::monday;
use crate::domain::digest::{AppointmentLine, BakDay, CaseRow, Item, MissedWeek, News, SearchWeek, TeamDay};
use crate::domain::obligation::State;
use crate::mail::words::{clean, plural, termin, time, week};
use crate::mail::{Renderer, subject};

/// The body of a tagesuebersicht or persoenlich.
#[derive(Serialize)]
pub(in crate::mail) struct Day<'a> {
    /// „Heute zuerst: 2 · neu seit gestern: 4 · erledigt: 7".
    top: String,
    /// Nothing is open: the receipt.
    quiet: bool,
    teams: Vec<Team<'a>>,
    /// What ends what, once per rule.
    ends: Vec<(String, &'a str)>,
}

#[derive(Serialize)]
struct Team<'a> {
    name: Cow<'a, str>,
    own: Option<Section<'a>>,
    baks: Vec<Bak<'a>>,
    unwatched: String,
    vanished: String,
}

#[derive(Serialize)]
struct Bak<'a> {
    who: String,
    appointments: Vec<String>,
    sections: Vec<Section<'a>>,
    folded: Option<Folded<'a>>,
    search: Vec<(String, String)>,
    lapsed: Vec<String>,
}

/// „Länger offen" as a count, and the case numbers by what leads them.
#[derive(Serialize)]
struct Folded<'a> {
    count: String,
    groups: Vec<(Cow<'a, str>, String)>,
}

pub(in crate::mail) fn day<'a>(renderer: &'a Renderer, today: NaiveDate, teams: &'a [TeamDay]) -> Day<'a> {
    let many = teams.len() > 1;
    let parts: Vec<_> = teams
        .iter()
        .map(|team| Team {
            name: team_heading(many, &team.team),
            own: (!team.team_items.is_empty()).then(|| Section {
                title: "Für das ganze Team",
                rows: team.team_items.iter().map(|i| renderer.row("".into(), std::slice::from_ref(i))).collect(),
            }),
            baks: team.baks.iter().filter(|b| !is_empty(b)).map(|b| bak(renderer, today, b)).collect(),
            unwatched: renderer.unwatched(&team.unwatched),
            vanished: vanished(&team.vanished),
        })
        .collect();
    let quiet = parts.iter().all(|t| t.own.is_none() && t.baks.is_empty() && t.vanished.is_empty());
    let ends = ends(renderer, teams, &parts);
    Day { top: top(teams, quiet), quiet, teams: parts, ends }
}

fn is_empty(bak: &BakDay) -> bool {
    bak.appointments.is_empty()
        && subject::items(bak).next().is_none()
        && bak.search.as_ref().is_none_or(|s| s.of == 0)
        && bak.missed.is_empty()
        && bak.lapsed.is_empty()
}

/// First: cases due today or overdue since today. New: what fires. Done: what was fulfilled since the last run.
fn top(teams: &[TeamDay], quiet: bool) -> String {
    let baks = || teams.iter().flat_map(|t| &t.baks);
    let urgent = |i: &Item| i.state == State::Today || i.state == State::Overdue && i.news != News::Known;
    let first = baks().flat_map(|b| &b.now).filter(|row| row.items.iter().any(urgent)).count()
        + teams.iter().flat_map(|t| &t.team_items).filter(|i| urgent(i)).count();
    let runs = baks().flat_map(|b| b.search.iter().flat_map(|s| &s.open).chain(b.missed.iter().flat_map(|m| &m.items)));
    let items = teams.iter().flat_map(|t| &t.team_items).chain(baks().flat_map(subject::items)).chain(runs);
    let new = items.filter(|i| i.news != News::Known).count();
    let done: u32 = baks().map(|b| b.done).sum();
    match (quiet, done) {
        (true, 0) => String::new(),
        (true, _) => format!("Erledigt: {done}"),
        (false, _) => format!("Heute zuerst: {first} · neu seit gestern: {new} · erledigt: {done}"),
    }
}

fn bak<'a>(renderer: &'a Renderer, today: NaiveDate, bak: &'a BakDay) -> Bak<'a> {
    let sunday = monday(today).checked_add_days(Days::new(6)).unwrap_or(today);
    let (this_week, later): (Vec<_>, Vec<_>) =
        bak.ahead.iter().partition(|row| row.items.first().is_none_or(|lead| lead.action <= sunday));
    let (shown, folded): (Vec<_>, Vec<_>) =
        bak.long.iter().partition(|row| row.items.iter().any(|i| i.news != News::Known));
    let sections = [
        ("Heute und neu überfällig", bak.now.iter().collect()),
        ("Diese Woche", this_week),
        ("Demnächst", later),
        ("Länger offen, heute neu", shown),
    ];
    let sections = sections.into_iter().filter(|(_, rows)| !rows.is_empty());
    let mut search: Vec<_> = bak.search.iter().filter(|s| s.of > 0).map(search_week).collect();
    search.extend(bak.missed.iter().filter(|m| !m.items.is_empty()).map(missed_week));
    Bak {
        who: holder(&bak.who, "ohne Zuordnung"),
        appointments: bak.appointments.iter().map(appointment).collect(),
        sections: sections.map(|(title, rows)| Section { title, rows: self::rows(renderer, rows) }).collect(),
        folded: (!folded.is_empty()).then(|| fold(renderer, &folded)),
        search,
        lapsed: renderer.lapsed(&bak.lapsed),
    }
}

fn rows<'a>(renderer: &'a Renderer, rows: Vec<&'a CaseRow>) -> Vec<Row<'a>> {
    rows.into_iter().map(|row| renderer.row(fall(&row.fallnr, &row.bezeichnung), &row.items)).collect()
}

fn fold<'a>(renderer: &'a Renderer, rows: &[&'a CaseRow]) -> Folded<'a> {
    let mut groups = BTreeMap::<Cow<'_, str>, String>::new();
    for row in rows {
        let numbers =
            groups.entry(row.items.first().map(|lead| renderer.title(&lead.words)).unwrap_or_default()).or_default();
        push_number(numbers, &row.fallnr);
    }
    Folded { count: plural(rows.len(), "Fall", "Fälle"), groups: groups.into_iter().collect() }
}

fn push_number(numbers: &mut String, fallnr: &str) {
    if !numbers.is_empty() {
        numbers.push_str(", ");
    }
    numbers.push_str(&clean(fallnr));
}

/// So many case numbers are named of those that are gone from a list; `check` counts them all.
const NUMBERS: usize = 30;

/// „Nicht mehr in der Liste: 3 Fälle – beendet? Grund?" and which.
fn vanished(cases: &[String]) -> String {
    if cases.is_empty() {
        return String::new();
    }
    let mut numbers = String::new();
    for fallnr in cases.iter().take(NUMBERS) {
        push_number(&mut numbers, fallnr);
    }
    if cases.len() > NUMBERS {
        numbers.push_str(", …");
    }
    format!(
        "Nicht mehr in der Liste: {} – beendet? Grund? ({numbers}) Bitte mit Ende und Grund wieder aufnehmen; bis dahin ruhen \
         Mitteilungen dazu.",
        plural(cases.len(), "Fall", "Fälle")
    )
}

fn appointment(line: &AppointmentLine) -> String {
    let at = line.uhrzeit.map_or_else(|| "ohne Uhrzeit".to_owned(), |t| format!("{} Uhr", time(t)));
    let place = if line.ort.is_empty() { String::new() } else { format!(", {}", clean(&line.ort)) };
    format!("{at}: {}, {}{place}", termin(line.art), fall(&line.fallnr, &line.bezeichnung))
}

fn search_week(search: &SearchWeek) -> (String, String) {
    let open = search.of.saturating_sub(search.complete);
    let sentence = if open == 0 {
        let all = if search.of == 1 { "den einen Kunden" } else { "alle Kunden" };
        format!("Stellensuchläufe {}: für {all} vollständig.", week(&search.week))
    } else {
        format!(
            "Stellensuchläufe {}: {} von {} Kunden vollständig, {open} noch offen.",
            week(&search.week),
            search.complete,
            search.of
        )
    };
    let mut numbers = String::new();
    for item in &search.open {
        push_number(&mut numbers, &item.fallnr);
        if let Some((done, required)) = item.reason.progress {
            let _ = write!(numbers, " ({done} von {required})");
        }
    }
    (sentence, numbers)
}

fn missed_week(missed: &MissedWeek) -> (String, String) {
    let asked = missed.items.iter().map(|i| i.reason.progress.map_or(2, |(_, required)| required));
    let (least, most) = (asked.clone().min().unwrap_or(2), asked.max().unwrap_or(2));
    let what = match (least, most) {
        (1, 1) => "kein Suchlauf".to_owned(),
        (a, b) if a == b => format!("weniger als {a} Suchläufe"),
        _ => "weniger Suchläufe als vorgesehen".to_owned(),
    };
    let sentence = format!(
        "{}: bei {} {what} eingetragen. Falls durchgeführt: nachtragen.",
        week(&missed.week),
        plural(missed.items.len(), "Kunden", "Kunden")
    );
    let mut numbers = String::new();
    for item in &missed.items {
        push_number(&mut numbers, &item.fallnr);
    }
    (sentence, numbers)
}

/// What ends the items of this mail, once per rule: on every row it would drown the rows.
fn ends<'a>(renderer: &'a Renderer, teams: &'a [TeamDay], parts: &[Team<'a>]) -> Vec<(String, &'a str)> {
    let mut rules: Vec<&str> = Vec::new();
    let mut see = |rule: &'a str| {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    };
    for part in parts {
        let sections = part.own.iter().chain(part.baks.iter().flat_map(|b| &b.sections));
        sections.flat_map(|s| &s.rows).flat_map(|r| &r.lines).for_each(|l| see(l.words));
    }
    let baks = teams.iter().flat_map(|t| &t.baks);
    baks.flat_map(|b| b.search.iter().flat_map(|s| &s.open)).for_each(|i| see(&i.words));
    let mut ends: Vec<(String, &str)> = Vec::new();
    for words in rules.iter().filter_map(|rule| renderer.rules.get(*rule)) {
        // Rules that end alike share a line.
        if let Some((titles, _)) = ends.iter_mut().find(|(_, same)| *same == words.ends) {
            titles.push_str(", ");
            titles.push_str(&words.title);
        } else {
            ends.push((words.title.clone(), &words.ends));
        }
    }
    ends
}
