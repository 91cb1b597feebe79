//! What has had its time is deleted (DESIGN *Privacy*): texts of mails, closed cases, and what hangs on nothing.
//!
//! Which case is closed is the domain's answer; whether something of it is open, the rules' and the ledger's. Cases are
//! looked at page by page, and those of a page go in one transaction: memory does not grow with the office. Who changes
//! facts meanwhile is not waited for: the rest stays until the next night.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, Months, NaiveDate, Utc};

use crate::clock::local_date;
use crate::config::rulebooks::Rulebooks;
use crate::config::settings::Settings;
use crate::domain::calendar::add_months;
use crate::domain::closed::{Held, ended_long_ago, held};
use crate::domain::evaluate::Office;
use crate::domain::facts::CaseFile;
use crate::domain::obligation::Finding;
use crate::store::{Aged, Db, Limits, Removed, Snapshot, StoreError};

/// Cases looked at together: few enough to be nothing in memory and a short transaction.
const PAGE: u32 = 500;
/// Figures of a week are the next week's trend; a year of them is more than anybody compares.
const WEEKS_FOR: Days = Days::new(366);

/// What was deleted, or, asked for only, would be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Beside cases.
    pub aged: Aged,
    /// Closed cases.
    pub closed: u64,
    /// Cases that ended long ago and are held: why → how many.
    pub held: BTreeMap<Held, u64>,
    /// Cases that cannot be read, and so not be judged.
    pub faulty: u64,
    /// Whether facts changed under it: what is left is for another time.
    pub moved: bool,
}

/// Deletes what has had its time at `now`; with `dry` it only looks. Each case that is closed, or held, is shown to
/// `seen`.
pub async fn retain(
    db: &Db,
    settings: &Settings,
    rulebooks: &Rulebooks,
    now: DateTime<Utc>,
    dry: bool,
    seen: &mut (dyn FnMut(&CaseFile, Option<Held>) + Send),
) -> Result<Report, StoreError> {
    let mut report = cases(db, settings, rulebooks, now, dry, seen).await?;
    let limits = limits(settings, now);
    report.aged = if dry { db.aged(&limits).await? } else { db.delete_aged(&limits).await? };
    if !dry {
        db.fold().await;
    }
    Ok(report)
}

/// Up to when what is kept.
fn limits(settings: &Settings, now: DateTime<Utc>) -> Limits {
    let keeps = settings.retention;
    let today = local_date(now);
    Limits {
        texts: now.checked_sub_days(Days::new(keeps.text_days.into())).unwrap_or(now),
        log: now.checked_sub_months(Months::new(keeps.log_months)).unwrap_or(now),
        rows: add_months(today, -i32::try_from(keeps.case_months).unwrap_or(i32::MAX)),
        weeks: today.checked_sub_days(WEEKS_FOR).unwrap_or(today),
    }
}

async fn cases(
    db: &Db,
    settings: &Settings,
    rulebooks: &Rulebooks,
    now: DateTime<Utc>,
    dry: bool,
    seen: &mut (dyn FnMut(&CaseFile, Option<Held>) + Send),
) -> Result<Report, StoreError> {
    let (today, months) = (local_date(now), settings.retention.case_months);
    let mut report = Report::default();
    for office in db.snapshot().await?.offices().await? {
        let mut snapshot = db.snapshot().await?;
        let head = snapshot.head(Some(&office)).await?;
        let judges = head.teams.iter().map(|team| {
            let judge = Office {
                rules: rulebooks.rules(&team.team),
                cal: rulebooks.calendar(team, settings),
                supplied: head.evidence.get(&team.team).copied().unwrap_or_default(),
            };
            (team.team.clone(), judge)
        });
        let judges: HashMap<String, Office> = judges.collect();
        let (mut after, mut revision) = (String::new(), head.revision);
        loop {
            let page = snapshot.cases(Some(&office), &after, PAGE).await?;
            let Some(last) = page.last().map(str::to_owned) else { break };
            report.faulty += page.faulty.len() as u64;
            let mut candidates = page.files;
            candidates.retain(|file| ended_long_ago(file, today, months));
            let open =
                if candidates.is_empty() { Vec::new() } else { open(&mut snapshot, &office, &after, &last).await? };
            let mut closed = Vec::new();
            for file in &candidates {
                let open = open.binary_search(&file.case.fallnr).is_ok() || is_due(&judges, file, today);
                let held = held(file, today, open);
                seen(file, held);
                match held {
                    Some(why) => *report.held.entry(why).or_default() += 1,
                    None => closed.push(file.case.fallnr.clone()),
                }
            }
            report.closed += closed.len() as u64;
            after = last;
            if dry || closed.is_empty() {
                continue;
            }
            match db.remove_cases(&closed, revision).await? {
                Removed::Gone(now_at) => revision = now_at,
                Removed::Moved => {
                    report.closed -= closed.len() as u64;
                    report.moved = true;
                    return Ok(report);
                }
            }
        }
    }
    Ok(report)
}

/// The numbers of a page's cases of which the ledger holds something that has not ended or has yet to be told, in order.
async fn open(snapshot: &mut Snapshot, office: &str, after: &str, upto: &str) -> Result<Vec<String>, StoreError> {
    let entries = snapshot.ledger(office, after, upto).await?;
    let mut open: Vec<_> = entries.into_iter().map(|entry| entry.fallnr).collect();
    open.dedup();
    Ok(open)
}

/// Whether the rules ask for something: what was imported since the last morning is in no ledger yet.
fn is_due(judges: &HashMap<String, Office>, file: &CaseFile, today: NaiveDate) -> bool {
    let Some(judge) = judges.get(&file.case.team) else { return true };
    let mut findings = Vec::new();
    judge.evaluate(file, today, false, &mut findings);
    findings.iter().any(|finding| matches!(finding, Finding::Due(_)))
}
