//! What waits for the write transaction, and the transaction: the run, the ledger and the outbox, all of it or nothing.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::plan::{LAST_RUN, Plan};
use super::{Morning, MorningError, Prepared, Report, Skipped, spool};
use crate::domain::address::domain_of;
use crate::domain::calendar::iso_week;
use crate::domain::capacity::grown_past;
use crate::domain::digest::lines::TeamFace;
use crate::domain::digest::{Grown, Kind};
use crate::domain::ledger::Entry;
use crate::domain::obligation::{Key, Role};
use crate::mail::compose::message_id;
use crate::store::{Begun, NewMail, Notice, Undelivered, WeekCount};

/// Entries and mails per call of the store.
const ENTRIES: usize = 2_000;
/// Mails are large.
const MAILS: usize = 20;
/// Teams per call.
const TEAMS: usize = 500;

/// What a team's run leaves behind beside ledger and mails.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TeamRun {
    team: String,
    /// Rules that had their first run.
    new_rules: Vec<Arc<str>>,
    /// What the weekly report said: BAK, or "" for the team → running main care. Empty where no report is written.
    counts: Vec<(String, u32)>,
    /// What the next run compares the load with: BAK past a size, or noted before; "" always. Empty while the lead cannot
    /// be told.
    load: Vec<(String, u32)>,
}

impl spool::Waits for TeamRun {}

pub(super) fn team_run(team: &str, face: &TeamFace, plan: &Plan, limit: u32) -> TeamRun {
    let reported = face.report_due && face.lead.is_some();
    let load_of = |bak: &String| (bak.clone(), plan.capacity.load(bak).open);
    let counts = face.week.everybody().map(load_of).chain([(String::new(), face.week.open)]).filter(|_| reported);
    let smallest = face.agreed.unwrap_or(limit).min(limit);
    let noted = |bak: &str| plan.last_load.contains_key(&(team.to_owned(), bak.to_owned()));
    let load = face.week.baks.iter().map(load_of).filter(|(bak, open)| *open > smallest || noted(bak));
    // A size that was passed while nobody could be told is told later.
    let load = load.chain([(String::new(), 0)]).filter(|_| face.lead.is_some());
    TeamRun {
        team: team.to_owned(),
        new_rules: face.new_rules.iter().cloned().collect(),
        counts: counts.collect(),
        load: load.collect(),
    }
}

/// Whose main care has grown past a size since the last run. Nobody's on a first run, or where none was noted yet.
pub(super) fn grown(team: &str, face: &TeamFace, plan: &Plan, limit: u32) -> Vec<Grown> {
    let before = |bak: &str| plan.last_load.get(&(team.to_owned(), bak.to_owned())).copied();
    if face.start || before("").is_none() {
        return Vec::new();
    }
    let sizes: Vec<u32> = face.agreed.into_iter().chain([limit]).collect();
    let of = |bak: &String| {
        let open = plan.capacity.load(bak).open;
        // Who was not noted had not passed the smallest.
        let size = grown_past(before(bak).unwrap_or(0), open, &sizes)?;
        let name = plan.directory.name(bak).map(str::to_owned);
        Some(Grown { kuerzel: bak.clone(), name, open, size, agreed: size < limit })
    };
    face.week.baks.iter().filter_map(of).collect()
}

/// One mail as it waits for the write transaction.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) kind: Kind,
    pub(super) to: String,
    pub(super) subject: String,
    /// As the outbox will hold it.
    #[serde(skip)]
    pub(super) message: Vec<u8>,
    pub(super) sha256: String,
    /// Whether it says what no later mail says again.
    pub(super) told_once: bool,
    pub(super) notices: Vec<WaitingNotice>,
}

impl spool::Waits for Waiting {
    fn as_it_is(&self) -> &[u8] {
        &self.message
    }

    fn take_back(&mut self, message: Vec<u8>) {
        self.message = message;
    }
}

impl spool::Waits for Entry {}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WaitingNotice {
    pub(super) fallnr: String,
    pub(super) key: Key,
    pub(super) step: String,
    pub(super) role: Role,
}

impl Morning<'_> {
    /// The one short write transaction; none if the facts are no longer those that were read.
    pub(super) async fn write(
        &mut self,
        office: &str,
        day: NaiveDate,
        now: DateTime<Utc>,
        prepared: Prepared,
    ) -> Result<Option<Result<Report, Skipped>>, MorningError> {
        let secret = self.db.secret().await?;
        let domain = domain_of(&self.settings.mail.from).unwrap_or_else(|| "localhost".to_owned());
        let mut tx = match self.db.begin_run(office, day, now, prepared.last_run).await? {
            Begun::Ready(tx) => tx,
            Begun::Done => return Ok(Some(Err(Skipped::Done))),
            Begun::Later(later) => return Ok(Some(Err(Skipped::Later(later)))),
            Begun::Moved => return Ok(None),
        };
        if tx.facts_revision().await? != prepared.revision {
            return Ok(None);
        }
        let week = iso_week(day);
        let mut teams = prepared.teams.read()?;
        loop {
            let batch = teams.batch(TEAMS)?;
            if batch.is_empty() {
                break;
            }
            tx.team_runs(batch.iter().map(|team| &*team.team)).await?;
            for TeamRun { team, new_rules, counts, load } in batch {
                tx.add_team_rules(&team, new_rules.iter().map(|id| &**id)).await?;
                let of = |week: &str, (bak, open)| WeekCount { team: team.clone(), week: week.to_owned(), bak, open };
                let counts = counts.into_iter().map(|count| of(&week, count));
                let counts: Vec<_> = counts.chain(load.into_iter().map(|count| of(LAST_RUN, count))).collect();
                if !counts.is_empty() {
                    tx.wochenstand(&counts).await?;
                }
            }
        }
        for (team, rules) in &prepared.dropped_rules {
            tx.remove_team_rules(team, rules.iter().map(String::as_str)).await?;
        }
        let mut entries = prepared.ledger.read()?;
        loop {
            let mut batch = entries.batch(ENTRIES)?;
            if batch.is_empty() {
                break;
            }
            for entry in batch.iter_mut().filter(|e| !e.untold.is_empty() && !prepared.told.is_empty()) {
                if let Some(roles) = prepared.told.get(&(entry.fallnr.clone(), entry.key.clone())) {
                    entry.untold = entry.untold.without(*roles);
                }
            }
            tx.ledger(&batch).await?;
        }
        let mut waiting = prepared.mails.read()?;
        loop {
            let batch = waiting.batch(MAILS)?;
            if batch.is_empty() {
                break;
            }
            // A waiting overview goes when the new one to its mailbox comes, if that holds all of its teams.
            let replaced = |u: &&Undelivered| {
                let renewed = batch.iter().any(|w| w.kind == Kind::Tagesuebersicht && w.to == u.recipient);
                renewed && !prepared.mailboxes_of_closed.contains(&u.recipient)
            };
            let replaced: Vec<_> = prepared.waiting.iter().filter(replaced).map(|u| u.id).collect();
            tx.supersede(&replaced).await?;
            let mails: Vec<_> = batch.into_iter().map(|w| new_mail(w, office, day, now, &secret, &domain)).collect();
            let twice = tx.mails(&mails).await?;
            if !twice.is_empty() {
                return Err(MorningError::Twice(twice.len()));
            }
        }
        tx.commit().await?;
        Ok(Some(Ok(prepared.report)))
    }
}

fn new_mail(w: Waiting, office: &str, day: NaiveDate, now: DateTime<Utc>, secret: &[u8], domain: &str) -> NewMail {
    // Digests are unique by kind, address and date; an office with a name of its own adds it, as colleagues may belong
    // to teams of several offices.
    let of = if office.is_empty() { String::new() } else { format!(":{office}") };
    let dedup_key = format!("{}:{}:{day}{of}", w.kind, w.to);
    let notices = w.notices.into_iter();
    NewMail {
        message_id: message_id(secret, &dedup_key, domain),
        kind: w.kind,
        office: office.to_owned(),
        recipient: w.to,
        day,
        subject: w.subject,
        sha256: w.sha256,
        message: w.message,
        created_at: now,
        told_once: w.told_once,
        notices: notices.map(|n| Notice { fallnr: n.fallnr, key: n.key, step: n.step, role: n.role }).collect(),
        dedup_key,
    }
}
