//! What a team lead gets: escalations and the week. Case numbers and capacity; no names beside overdue cases.

use std::borrow::Cow;

use chrono::{Days, NaiveDate};
use serde::Serialize;

use super::{Line, colleague, holder, number, team_heading};
use crate::domain::calendar::iso_week;
use crate::domain::digest::{Grown, Item, Load, TeamEscalation, TeamWeek};
use crate::mail::chart::{self, Chart};
use crate::mail::words::{clean, date, plural, week as week_name};
use crate::mail::{Attached, Renderer};

/// The body of an eskalation.
#[derive(Serialize)]
pub(in crate::mail) struct Escalation<'a> {
    teams: Vec<EscalationTeam<'a>>,
}

#[derive(Serialize)]
struct EscalationTeam<'a> {
    name: Cow<'a, str>,
    stead: String,
    grown: Vec<String>,
    items: Vec<Line<'a>>,
    lapsed: Vec<String>,
}

/// A BAK whose main care has grown past a size, in a sentence.
fn grown(bak: &Grown) -> String {
    let who = colleague(&bak.kuerzel, bak.name.as_deref());
    let open = plural(bak.open, "Fall", "Fälle");
    if bak.agreed {
        format!("{who}: {open} in Hauptbetreuung, mehr als die vereinbarten {}.", bak.size)
    } else {
        format!("{who}: {open} in Hauptbetreuung, mehr als die höchstens {}; BAK-Konzept § 5.", bak.size)
    }
}

pub(in crate::mail) fn escalation<'a>(renderer: &'a Renderer, teams: &'a [TeamEscalation]) -> Escalation<'a> {
    let many = teams.len() > 1;
    let team = |t: &'a TeamEscalation| EscalationTeam {
        name: team_heading(many, &t.team),
        stead: t.in_stead_for.as_ref().map(|who| holder(who, "die Leitung")).unwrap_or_default(),
        grown: t.grown.iter().map(grown).collect(),
        items: lines(renderer, &t.items),
        lapsed: renderer.lapsed(&t.lapsed),
    };
    Escalation { teams: teams.iter().map(team).collect() }
}

fn lines<'a>(renderer: &'a Renderer, items: &'a [Item]) -> Vec<Line<'a>> {
    items.iter().map(|i| renderer.line(i, number(&i.fallnr, &i.subject))).collect()
}

/// The body of a wochenbericht.
#[derive(Serialize)]
pub(in crate::mail) struct Week<'a> {
    teams: Vec<WeekTeam<'a>>,
}

#[derive(Serialize)]
struct WeekTeam<'a> {
    name: Cow<'a, str>,
    stead: String,
    week: Cow<'a, str>,
    places: String,
    picture: Option<Shown>,
    load: Vec<LoadRow>,
    /// The team as a whole.
    open: u32,
    trend: String,
    unassigned: String,
    effort: String,
    /// The week before, and what came and went in it.
    last_week: String,
    flow: String,
    /// Expected returns: week, number.
    returns: Vec<(String, u32)>,
    /// What the team as a whole has to do.
    team_items: Vec<Line<'a>>,
    ending: Vec<(String, Cow<'a, str>)>,
    overdue: Vec<Line<'a>>,
    lapsed: Vec<String>,
    contacts: String,
    unwatched: String,
}

/// The load as a picture.
#[derive(Serialize)]
struct Shown {
    name: String,
    width: u32,
    height: u32,
    /// Says what it shows, number by number.
    alt: String,
    #[serde(skip)]
    png: Vec<u8>,
}

impl Week<'_> {
    /// The pictures that it speaks of.
    pub(in crate::mail) fn pictures(&self) -> Vec<Attached> {
        let shown = self.teams.iter().filter_map(|team| team.picture.as_ref());
        let picture = |shown: &Shown| Attached { name: shown.name.clone(), bytes: shown.png.clone() };
        shown.map(picture).collect()
    }
}

/// In the place of a number that stale data does not have.
const NOT_COUNTED: &str = "werden erst mit neuen Daten wieder gezählt";

/// One BAK's main care; the cells of a table.
#[derive(Serialize)]
struct LoadRow {
    who: String,
    open: u32,
    trend: String,
    ending: u32,
    room: String,
}

pub(in crate::mail) fn week<'a>(renderer: &'a Renderer, teams: &'a [TeamWeek]) -> Week<'a> {
    let many = teams.len() > 1;
    let team = |(nr, t): (usize, &'a TeamWeek)| WeekTeam {
        name: team_heading(many, &t.team),
        stead: t.in_stead_for.as_ref().map(|who| holder(who, "die Leitung")).unwrap_or_default(),
        week: week_name(&t.week),
        places: places(t.places, t.agreed),
        picture: picture(nr + 1, t),
        load: t.load.iter().map(|l| load(t.agreed.unwrap_or(t.places.1), l)).collect(),
        open: t.open.0,
        trend: trend(t.open.0, t.open.1),
        unassigned: match t.unassigned {
            0 => String::new(),
            n => format!("Ohne BAK: {} in Hauptbetreuung, bei niemandem mitgezählt.", plural(n, "Fall", "Fälle")),
        },
        effort: format!(
            "{} ≈ {} je Woche (Suchläufe, Arbeitgeber- und Kundenkontakte)",
            plural(t.open.0, "Kunde", "Kunden"),
            plural(t.entries, "Eintrag", "Einträge")
        ),
        last_week: t.returns.first().map(|(monday, _)| week_of(*monday - Days::new(7))).unwrap_or_default(),
        flow: flow(t.flow),
        returns: t.returns.iter().map(|(monday, count)| (week_of(*monday), *count)).collect(),
        team_items: t.team_items.iter().map(|item| renderer.line(item, Cow::Borrowed(""))).collect(),
        ending: t.ending.iter().map(|(day, fallnr)| (date(*day), clean(fallnr))).collect(),
        overdue: lines(renderer, &t.overdue),
        lapsed: renderer.lapsed(&t.lapsed),
        contacts: t.contacts_overdue.map_or_else(|| NOT_COUNTED.to_owned(), |n| n.to_string()),
        unwatched: renderer.unwatched(&t.unwatched),
    };
    Week { teams: teams.iter().enumerate().map(team).collect() }
}

fn load(size: u32, load: &Load) -> LoadRow {
    let room = match load.room {
        _ if load.over => format!("keine, über {size}"),
        None => "keine".to_owned(),
        Some(room) => room.to_string(),
    };
    LoadRow {
        who: colleague(&load.kuerzel, load.name.as_deref()),
        open: load.open,
        trend: trend(load.open, load.before),
        ending: load.ends_within_28_days,
        room,
    }
}

/// The heading of the returns ahead, beside their table and in the picture.
const RETURNS: &str = "Erwartete Rückgaben (sechs Monate zu Ende)";

fn picture(nr: usize, t: &TeamWeek) -> Option<Shown> {
    let bars: Vec<_> = t.load.iter().map(|l| (colleague(&l.kuerzel, l.name.as_deref()), l.open)).collect();
    let mut lines = vec![("zum Start", t.places.0)];
    lines.extend(t.agreed.map(|agreed| ("vereinbart", agreed)));
    lines.push(("höchstens", t.places.1));
    let weeks: Vec<_> = t.returns.iter().map(|(monday, count)| (week_of(*monday), *count)).collect();
    let drawn = chart::draw(&Chart { bars: &bars, lines: &lines, weeks: &weeks, weeks_title: RETURNS })?;
    let counts = |of: &[(String, u32)]| of.iter().map(|(what, n)| format!("{what} {n}")).collect::<Vec<_>>().join(", ");
    Some(Shown {
        name: format!("auslastung-{nr}"),
        width: drawn.width,
        height: drawn.height,
        alt: format!("Auslastung, {}: {}. {RETURNS}: {}.", places(t.places, t.agreed), counts(&bars), counts(&weeks)),
        png: drawn.png,
    })
}

/// „zum Start 20, höchstens 50 je BAK", and what the team has agreed on.
fn places((start, limit): (u32, u32), agreed: Option<u32>) -> String {
    let agreed = agreed.map(|agreed| format!("vereinbart {agreed}, ")).unwrap_or_default();
    format!("zum Start {start}, {agreed}höchstens {limit} je BAK")
}

/// „KW 48" of a week's Monday.
fn week_of(monday: NaiveDate) -> String {
    week_name(&iso_week(monday)).into_owned()
}

/// What came and went in a week.
fn flow((begun, ended, placed): (u32, u32, u32)) -> String {
    let begun = match begun {
        0 => "Niemand neu in Hauptbetreuung".to_owned(),
        n => format!("{} neu in Hauptbetreuung", plural(n, "Fall", "Fälle")),
    };
    match (ended, placed) {
        (0, _) => format!("{begun}, keiner beendet."),
        (n, 0) => format!("{begun}, {n} beendet."),
        (n, placed) => format!("{begun}, {n} beendet, davon {placed} in Arbeit vermittelt."),
    }
}

/// The change since last week: „+2", „−1", „±0"; a dash where nothing is known.
fn trend(now: u32, before: Option<u32>) -> String {
    match before.map(|before| i64::from(now) - i64::from(before)) {
        None => "–".to_owned(),
        Some(0) => "±0".to_owned(),
        Some(n) if n > 0 => format!("+{n}"),
        Some(n) => format!("−{}", n.unsigned_abs()),
    }
}
