//! What a morning knows before it looks at the first case: who takes part, and what was said before.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike, Days, NaiveDate};

use super::{MorningError, Skipped};
use crate::clock::local_date;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::calendar::{Calendar, iso_week, monday};
use crate::domain::capacity::Capacity;
use crate::domain::digest::Kind;
use crate::domain::digest::lines::{TeamFace, WeekCount};
use crate::domain::evaluate::Office;
use crate::domain::facts::{Event, Rolle, Team};
use crate::domain::obligation::Evidence;
use crate::domain::recipients::Directory;
use crate::domain::rules::{Supplied, Supply};
use crate::store::{Head, Snapshot};

/// A mitteilung older than so many days cannot lie within the five workdays of the reminder's window.
const REMINDER_DAYS: u64 = 40;

/// What a morning knows before it looks at the first case.
pub(super) struct Plan {
    pub(super) revision: i64,
    pub(super) teams: BTreeMap<String, TeamFace>,
    /// The teams' own rows and events, of those that take part.
    pub(super) own: Vec<(Team, Vec<Event>)>,
    pub(super) directory: Directory,
    pub(super) capacity: Capacity,
    /// The latest mitteilung to each address.
    pub(super) recently_told: HashMap<String, NaiveDate>,
    /// Last week's numbers: (team, BAK or "") → running main care.
    pub(super) last_week: HashMap<(String, String), u32>,
    /// Mails that the new ones replace.
    pub(super) superseded: Vec<i64>,
    /// Rules that a team is no longer told by.
    pub(super) dropped_rules: Vec<(String, Vec<String>)>,
    /// Whether any team has ever had a run: else nothing is remembered.
    pub(super) remembers: bool,
    /// What the administrator is to know.
    pub(super) problems: Vec<String>,
}

pub(super) async fn plan(
    snapshot: &mut Snapshot,
    settings: &Settings,
    rulebooks: &Rulebooks,
    office: &str,
    day: NaiveDate,
    fresh: bool,
) -> Result<Result<Plan, Skipped>, MorningError> {
    match snapshot.last_run(office).await? {
        Some(last) if last == day => return Ok(Err(Skipped::Done)),
        Some(last) if last > day => return Ok(Err(Skipped::Later(last))),
        _ => {}
    }
    let Head { revision, teams, mut events, colleagues, absent, datenstand, evidence, .. } =
        snapshot.head(Some(office), day).await?;
    if teams.is_empty() {
        return Ok(Err(Skipped::NoTeams));
    }
    let last_runs = snapshot.team_runs_before(day).await?;
    let told_by = snapshot.team_rules().await?;
    let week = iso_week(day);
    let reported: HashSet<String> = snapshot.wochenstand(&week).await?.into_iter().map(|w| w.team).collect();
    let last_week = snapshot.wochenstand(&iso_week(monday(day) - Days::new(7))).await?;
    let mut superseded = snapshot.undelivered(Kind::Tagesuebersicht, office).await?;
    superseded.append(&mut snapshot.undelivered(Kind::Persoenlich, office).await?);
    let mut recently_told = HashMap::new();
    for (address, on) in
        snapshot.recipients(Kind::Mitteilung, day - Days::new(REMINDER_DAYS), day - Days::new(1)).await?
    {
        let latest = recently_told.entry(address).or_insert(on);
        *latest = (*latest).max(on);
    }

    let baks: Vec<(String, String)> =
        colleagues.iter().filter(|c| c.rolle == Rolle::Bak).map(|c| (c.team.clone(), c.kuerzel.clone())).collect();
    let capacity = Capacity::of(colleagues.iter());
    let directory = Directory::new(colleagues, &absent.into_iter().collect());
    let office_settings = settings.office(office);

    let mut closed = None;
    let mut plan = Plan {
        revision,
        teams: BTreeMap::new(),
        own: Vec::new(),
        directory,
        capacity,
        recently_told,
        last_week: last_week.into_iter().map(|w| ((w.team, w.bak), w.open)).collect(),
        superseded: superseded.iter().map(|u| u.id).collect(),
        dropped_rules: Vec::new(),
        remembers: !last_runs.is_empty(),
        problems: Vec::new(),
    };
    for team in teams {
        let cal = rulebooks.calendar(&team, settings);
        if let Some(because) = cal.closed_because(day) {
            closed = Some(because);
            continue;
        }
        let supplied = supplied(evidence.get(&team.team));
        let office = Office { rules: rulebooks.rules(&team.team), cal, supplied };
        let last_run = last_runs.get(&team.team).copied();
        let known_rules = told_by.get(&team.team);
        let off = known_rules.into_iter().flatten().map(|(id, _)| id);
        let off: Vec<String> = off.filter(|id| !office.rule(id).is_some_and(|r| r.enabled)).cloned().collect();
        if !off.is_empty() {
            plan.dropped_rules.push((team.team.clone(), off));
        }
        // A rule that nobody was watching until now has its first run with its first evidence: what lies in the past
        // was nobody's omission.
        let active = office.rules.iter().filter(|r| r.enabled && r.is_watched(supplied));
        let new_rules = active.filter(|r| !known_rules.is_some_and(|known| known.contains_key(&*r.id)));
        let new_rules = new_rules.map(|r| r.id.clone()).collect();
        let at = datenstand.get(&team.team).copied();
        let stale = !fresh && is_stale(&office.cal, at.map(local_date), day, office_settings.stale_after);
        let lead = team.leitung.as_deref().and_then(|lead| plan.directory.reach(lead)).map(|r| r.address.to_owned());
        let lead = lead.or_else(|| office_settings.leitung_ersatz.clone());
        let first_of_week = last_run.is_none_or(|last| monday(last) != monday(day));
        let report_due = !reported.contains(&team.team);
        if team.postfach.is_none() {
            plan.problems.push(format!(
                "Team {}: Es ist kein Postfach eingetragen (teams.csv, Spalte postfach). Die Tagesübersicht dieses Teams \
                 konnte nicht geschrieben werden.",
                team.team
            ));
        }
        let face = TeamFace {
            team: team.team.clone(),
            name: team.name.clone(),
            postfach: team.postfach.clone(),
            lead,
            start: last_run.is_none(),
            new_rules,
            first_of_week,
            report_due,
            datenstand: at,
            stale,
            skipped: last_run.map(|last| skipped_mondays(&office.cal, last, day)).unwrap_or_default(),
            week: WeekCount {
                baks: baks.iter().filter(|(of, _)| *of == team.team).map(|(_, bak)| bak.clone()).collect(),
                ..WeekCount::default()
            },
            office,
        };
        plan.teams.insert(team.team.clone(), face);
        let events = events.remove(&team.team).unwrap_or_default();
        plan.own.push((team, events));
    }
    Ok(match closed {
        Some(because) if plan.teams.is_empty() => Err(Skipped::NoWorkday(because)),
        _ => Ok(plan),
    })
}

/// The skipped workdays (between the last run and today) on which last week's search runs would have been asked for.
fn skipped_mondays(cal: &Calendar, last: NaiveDate, day: NaiveDate) -> Vec<NaiveDate> {
    let first_days =
        last.iter_days().skip(1).take_while(|d| *d < day).filter(|d| d.weekday().num_days_from_monday() < 5);
    first_days.filter(|d| cal.is_workday(*d) && *d == cal.fwd(monday(*d))).collect()
}

/// Whether data of the day `at` is older on `day` than `after` workdays (0: never); data that never came is.
pub fn is_stale(cal: &Calendar, at: Option<NaiveDate>, day: NaiveDate, after: u32) -> bool {
    after > 0 && at.is_none_or(|at| cal.workdays_between(at, day) > i64::from(after))
}

/// What a team's delivery has ever held, as a set.
pub fn supplied(evidence: Option<&Vec<Evidence>>) -> Supplied {
    let mut supplied = Supplied::default();
    for evidence in evidence.into_iter().flatten() {
        match evidence {
            Evidence::Activity(art) => supplied.add(Supply::Activity(*art)),
            Evidence::Column(column) => supplied.add(Supply::Column(*column)),
            Evidence::Kennung | Evidence::LaterSubsidy | Evidence::Event => {}
        }
    }
    supplied
}
