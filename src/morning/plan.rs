//! What a morning knows before it looks at the first case: who takes part, and what was said before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::missed::of_given_up;
use super::{MorningError, Skipped};
use crate::clock::local_date;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::calendar::{iso_week, monday};
use crate::domain::capacity::Capacity;
use crate::domain::digest::Kind;
use crate::domain::digest::lines::{Lead, TeamFace};
use crate::domain::digest::week::WeekCount;
use crate::domain::evaluate::Office;
use crate::domain::facts::{Colleague, Event, Rolle};
use crate::domain::recipients::{Directory, Roster};
use crate::domain::rules::Rule;
use crate::domain::run::{Freshness, is_ahead, is_weekly, skipped_first_days};
use crate::mail::words::news_missing;
use crate::store::{Head, Snapshot, Undelivered};

/// Teams with stale data that are named one by one.
const STALE_NAMED: usize = 20;
/// A mitteilung older than so many days cannot lie within the five workdays of the reminder's window.
const REMINDER_DAYS: u64 = 40;

/// In the place of a week: the loads of the last run. Sorts after every week, and is never as old as one.
pub(super) const LAST_RUN: &str = "letzter Lauf";

/// What a morning knows before it looks at the first case.
pub(super) struct Plan {
    pub(super) revision: i64,
    pub(super) teams: BTreeMap<String, TeamFace>,
    /// The teams' events.
    pub(super) events: BTreeMap<String, Vec<Event>>,
    pub(super) directory: Directory,
    pub(super) capacity: Capacity,
    /// The latest mitteilung to each address.
    pub(super) recently_told: HashMap<String, NaiveDate>,
    /// Last week's numbers: (team, BAK or "") → running main care.
    pub(super) last_week: HashMap<(String, String), u32>,
    /// The loads that the last run noted: (team, BAK) → running main care; (team, "") if it noted any.
    pub(super) last_load: HashMap<(String, String), u32>,
    /// The office's last run, which this one's ledger goes on from.
    pub(super) last_run: Option<NaiveDate>,
    /// Overviews that have not left yet; a new one to the same mailbox replaces them.
    pub(super) waiting: Vec<Undelivered>,
    /// Mailboxes of teams that do not work today: today's overview does not hold all that a waiting one does.
    pub(super) mailboxes_of_closed: BTreeSet<String>,
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
    (day, now): (NaiveDate, DateTime<Utc>),
    fresh: bool,
) -> Result<Result<Plan, Skipped>, MorningError> {
    let last_run = snapshot.last_run(office).await?;
    match last_run {
        Some(last) if last == day => return Ok(Err(Skipped::Done)),
        Some(last) if last > day => return Ok(Err(Skipped::Later(last))),
        _ => {}
    }
    let Head { revision, teams, events, datenstand, evidence, .. } = snapshot.head(Some(office)).await?;
    if teams.is_empty() {
        return Ok(Err(Skipped::NoTeams));
    }
    let last_runs = snapshot.team_runs_before(day).await?;
    // A team that has moved here from an office whose run is done has had its morning.
    let has_run = snapshot.teams_run_on(day).await?;
    let week = iso_week(day);
    let reported = snapshot.teams_reported(&week).await?;
    let last_week = if teams.iter().all(|team| reported.contains(&team.team)) {
        Vec::new()
    } else {
        snapshot.wochenstand(&iso_week(monday(day) - Days::new(7))).await?
    };
    let waiting = snapshot.undelivered(Kind::Tagesuebersicht, office).await?;
    let mut recently_told = HashMap::new();
    for (address, on) in
        snapshot.recipients(Kind::Mitteilung, day - Days::new(REMINDER_DAYS), day - Days::new(1)).await?
    {
        let latest = recently_told.entry(address).or_insert(on);
        *latest = (*latest).max(on);
    }

    let mut vanished = snapshot.vanished(day).await?;
    let (mut roster, mut capacity) = (Roster::default(), Capacity::default());
    let mut baks: HashMap<String, Vec<String>> = HashMap::new();
    // An address that mail may not go to is none: deputies and fallbacks stand in, and nothing is lost on the way.
    let mut forbidden = Vec::new();
    let each = |mut colleague: Colleague, absent| {
        if colleague.email.take_if(|email| !settings.allows(email)).is_some() {
            forbidden.push(colleague.kuerzel.clone());
        }
        capacity.colleague(&colleague);
        roster.add(&colleague, absent);
        if colleague.rolle == Rolle::Bak {
            baks.entry(colleague.team).or_default().push(colleague.kuerzel);
        }
    };
    snapshot.each_colleague(day, each).await?;
    let directory = roster.complete();
    let mut teams = teams;
    for team in &mut teams {
        if team.postfach.take_if(|postfach| !settings.allows(postfach)).is_some() {
            forbidden.push(team.team.clone());
        }
    }
    // Of all offices, and however they are written.
    let everywhere = snapshot.teams(None).await?;
    let mailboxes: HashSet<String> = everywhere.into_iter().filter_map(|t| Some(t.postfach?.to_lowercase())).collect();
    let is_mailbox = |address: &str| mailboxes.contains(&address.to_lowercase());
    let office_settings = settings.office(office);

    let (mut closed, mut sets_of_rules, mut faces) = (None, Vec::new(), Vec::new());
    // Teams whose data has become stale since the last run, and in a week's first run all whose data is.
    let mut stale = Vec::new();
    let mut plan = Plan {
        revision,
        teams: BTreeMap::new(),
        events,
        directory,
        capacity,
        recently_told,
        last_load: HashMap::new(),
        last_week: last_week.into_iter().map(|w| ((w.team, w.bak), w.open)).collect(),
        last_run,
        waiting,
        mailboxes_of_closed: BTreeSet::new(),
        dropped_rules: Vec::new(),
        remembers: !last_runs.is_empty(),
        problems: Vec::new(),
    };
    if !forbidden.is_empty() {
        plan.problems.push(format!(
            "Diese Adressen liegen außerhalb von mail.allowed_domains und gelten als keine (Kürzel oder Team): {}.",
            forbidden.join(", ")
        ));
    }
    if let Some(since) = last_run {
        plan.problems.extend(of_given_up(&snapshot.failed_since(office, since).await?));
    }
    for team in teams.into_iter().filter(|t| !has_run.contains(&t.team)) {
        let cal = rulebooks.calendar(&team, settings);
        if let Some(because) = cal.closed_because(day) {
            closed = Some(because);
            plan.mailboxes_of_closed.extend(team.postfach);
            continue;
        }
        let supplied = evidence.get(&team.team).copied().unwrap_or_default();
        let office = Office { rules: rulebooks.rules(&team.team), cal, supplied };
        let last_run = last_runs.get(&team.team).copied();
        let known_rules = snapshot.team_rules(&team.team).await?;
        let off = known_rules.keys();
        let speaks = |r: &Rule| r.enabled && r.is_watched(supplied);
        let off: Vec<String> = off.filter(|id| !office.rule(id).is_some_and(speaks)).cloned().collect();
        if !off.is_empty() {
            plan.dropped_rules.push((team.team.clone(), off));
        }
        // A rule that nobody was watching until now has its first run with its first evidence: what lies in the past
        // was nobody's omission.
        let active = office.rules.iter().filter(|r| speaks(r));
        let new_rules = active.filter(|r| !known_rules.contains_key(&*r.id));
        let new_rules = shared(&mut sets_of_rules, new_rules.map(|r| r.id.clone()).collect());
        let at = datenstand.get(&team.team).copied().filter(|at| !is_ahead(*at, now));
        let after = if fresh { 0 } else { office_settings.stale_after };
        let fresh_on = |day| Freshness::of(&office.cal, at, local_date, day, after);
        let fresh = fresh_on(day);
        let in_stead_for = |in_stead: bool| team.leitung.clone().filter(|_| in_stead);
        let lead = team.leitung.as_deref().and_then(|lead| plan.directory.reach(lead));
        let lead = lead.map(|r| Lead { address: r.address.to_owned(), in_stead_for: in_stead_for(r.in_stead) });
        // Never a mailbox that colleagues read.
        let lead = lead.filter(|l| !is_mailbox(&l.address));
        let instead = office_settings.leitung_ersatz.clone().filter(|address| !is_mailbox(address));
        let lead = lead.or_else(|| Some(Lead { address: instead?, in_stead_for: in_stead_for(true) }));
        let first_of_week = last_run.is_none_or(|last| monday(last) != monday(day));
        let report_due = !reported.contains(&team.team);
        if fresh.stale && (first_of_week || last_run.is_some_and(|last| !fresh_on(last).stale)) {
            stale.push((format!("Team {}", team.team), fresh.workdays));
        }
        let form_due = settings.mail.wochenliste.is_some_and(|weekday| is_weekly(&office.cal, weekday, last_run, day));
        if team.postfach.is_none() {
            plan.problems.push(format!(
                "Team {}: Es ist kein erlaubtes Postfach eingetragen (teams.csv, Spalte postfach). Die Tagesübersicht \
                 dieses Teams konnte nicht geschrieben werden; was sonst niemanden erreicht, wartet.",
                team.team
            ));
        }
        let face = TeamFace {
            team: team.team.clone(),
            name: team.name.clone(),
            beginn: team.beginn,
            postfach: team.postfach.clone(),
            lead,
            start: last_run.is_none(),
            new_rules,
            first_of_week,
            report_due,
            form_due,
            fresh,
            skipped: last_run.map(|last| skipped_first_days(&office.cal, last, day)).unwrap_or_default(),
            vanished: vanished.remove(&team.team).unwrap_or_default(),
            week: WeekCount { baks: baks.remove(&team.team).unwrap_or_default(), ..WeekCount::default() },
            agreed: settings.team(&team.team).agreed,
            office,
        };
        faces.push((team.team, face));
    }
    plan.last_load = snapshot.wochenstand(LAST_RUN).await?.into_iter().map(|w| ((w.team, w.bak), w.open)).collect();
    plan.problems.extend(of_stale(&stale));
    // At once: a tree that grows by one in order is half empty.
    plan.teams = faces.into_iter().collect();
    Ok(match closed {
        Some(because) if plan.teams.is_empty() => Err(Skipped::NoWorkday(because)),
        _ => Ok(plan),
    })
}

/// What the administrator is told of teams whose data is stale (key, workdays since the last); nothing if there are none.
fn of_stale(teams: &[(String, Option<u32>)]) -> Option<String> {
    let named = teams.iter().map(|(team, workdays)| (&**team, *workdays)).collect();
    (!teams.is_empty()).then(|| {
        format!(
            "{}. Bitte die Listen einspielen (wiedervorlage import) oder klären, warum keine kommen; bis dahin warten \
             Meldungen an IFK und Leitung, die von Einträgen abhängen.",
            news_missing(named, STALE_NAMED)
        )
    })
}

/// The same set once: on the first run of thousands of teams all rules are new to each.
fn shared(sets: &mut Vec<Arc<HashSet<Arc<str>>>>, set: HashSet<Arc<str>>) -> Arc<HashSet<Arc<str>>> {
    if let Some(known) = sets.iter().find(|known| ***known == set) {
        return Arc::clone(known);
    }
    sets.push(Arc::new(set));
    sets.last().map(Arc::clone).unwrap_or_default()
}
