//! Case by case: read page by page, evaluated, and settled against what is remembered.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use tokio::sync::mpsc;

use super::MorningError;
use super::spool::Queue;
use crate::domain::digest::lines::{TeamFace, Told};
use crate::domain::ledger::{Entry, RunOf, close, settle};
use crate::domain::obligation::{Ended, Finding, Key, Obligation};
use crate::store::{CasePage, Snapshot, StoreError};

/// Cases per page: enough to make queries cheap, few enough to be nothing in memory.
pub(super) const PAGE: u32 = 1_000;
/// Pages read ahead while the last one is evaluated.
pub(super) const PAGES_AHEAD: usize = 2;

/// A page of cases with what is remembered of them.
pub(super) struct Page {
    pub(super) cases: CasePage,
    pub(super) ledger: Vec<Entry>,
}

/// What the rules found of one case.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) due: Vec<Obligation>,
    pub(super) tallies: Vec<bool>,
}

pub(super) fn due(finding: Finding) -> Option<Obligation> {
    match finding {
        Finding::Due(obligation) => Some(obligation),
        _ => None,
    }
}

pub(super) fn evaluate_page(
    page: &Page,
    day: NaiveDate,
    teams: &BTreeMap<String, TeamFace>,
    evaluated: &mut Vec<Found>,
) {
    let mut findings = Vec::new();
    for file in &page.cases.files {
        let mut found = Found::default();
        if let Some(team) = teams.get(&file.case.team) {
            for skipped in &team.skipped {
                team.office.missed_on(file, *skipped, &mut findings);
            }
            team.office.evaluate(file, day, false, &mut findings);
            for finding in findings.drain(..) {
                match finding {
                    Finding::Due(obligation) => found.due.push(obligation),
                    Finding::Tally { complete, .. } => found.tallies.push(complete),
                    Finding::Ahead(_) | Finding::Silent { .. } => {}
                }
            }
        }
        evaluated.push(found);
    }
}

/// The closed entries of obligations that are open (again) but not among the live ones.
pub(super) async fn closed_entries(
    known: &mut Snapshot,
    evaluated: &[Found],
    live: &[Entry],
) -> Result<Vec<Entry>, StoreError> {
    let live: HashSet<(&str, &Key)> = live.iter().map(|e| (&*e.fallnr, &e.key)).collect();
    let due = evaluated.iter().flat_map(|f| &f.due);
    let of = due.map(|o| (o.fallnr.as_deref().unwrap_or_default(), &o.key));
    let keys: Vec<_> = of.filter(|key| !live.contains(key)).collect();
    let mut closed = known.ledger_known(&keys).await?;
    // A subsidy that has moved to another case goes on from what was said of it there, even back to its first case:
    // the newest is what counts.
    let of: HashMap<&Key, &str> =
        keys.iter().filter(|(fallnr, key)| key.subject != *fallnr).map(|(fallnr, key)| (*key, *fallnr)).collect();
    for entry in known.ledger_elsewhere(&of.keys().copied().collect::<Vec<_>>()).await? {
        let Some(fallnr) = of.get(&entry.key).filter(|fallnr| **fallnr != entry.fallnr) else { continue };
        closed.retain(|e| e.fallnr != *fallnr || e.key != entry.key);
        // Of no team yet: so it is written down under its new case even where nothing else of it changes.
        closed.push(Entry { fallnr: (*fallnr).to_owned(), team: String::new(), ..entry });
    }
    Ok(closed)
}

/// Settles what is open and closes what is not; what changed and is open goes to the ledger here, what is closed comes
/// back, as the mails may yet tell of it.
pub(super) fn settle_all(
    team: &TeamFace,
    due: Vec<Obligation>,
    mut entries: Vec<Entry>,
    run: &RunOf<'_>,
    how: impl Fn(&Key) -> Ended,
    ledger: &mut Queue<Entry>,
) -> Result<(Vec<Told>, Vec<Entry>), MorningError> {
    let mut told = Vec::with_capacity(due.len());
    for obligation in due {
        let at = entries.iter().position(|e| e.key == obligation.key);
        let entry = at.map(|at| entries.swap_remove(at));
        let start = team.start || team.new_rules.contains(&obligation.key.rule);
        let waits = team.office.rule(&obligation.key.rule).is_some_and(|r| r.waits_for_activities);
        let settled = settle(entry, &obligation, run, start, team.fresh.stale && waits);
        if settled.changed {
            ledger.push(&settled.entry)?;
        }
        told.push((obligation, settled));
    }
    let ended = entries.into_iter().filter_map(|entry| match entry.ended {
        None => {
            let how = how(&entry.key);
            Some(close(entry, run.t, how))
        }
        Some(_) => Some(entry).filter(|e| !e.untold.is_empty()),
    });
    Ok((told, ended.collect()))
}

/// Reads all cases of the office, page by page, with what is remembered of them.
pub(super) async fn read_pages(
    mut snapshot: Snapshot,
    office: String,
    pages: mpsc::Sender<Page>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let cases = snapshot.cases(Some(&office), &after, PAGE).await?;
        let Some(last) = cases.last().map(str::to_owned) else { return Ok(()) };
        let ledger = snapshot.ledger(&office, &after, &last).await?;
        after = last;
        if pages.send(Page { cases, ledger }).await.is_err() {
            return Ok(());
        }
    }
}
