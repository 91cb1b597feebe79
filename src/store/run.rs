//! A morning's write: the run, the ledger and the mails, all of it or nothing.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;

use super::dialect::{Lock, Tx, lock_mornings, locked_revision, maybe, on, run};
use super::memory::LAST_RUN;
use super::{Db, StoreError, WeekCount, micros};
use crate::domain::digest::Kind;
use crate::domain::ledger::Entry;
use crate::domain::obligation::{Ended, Key, Role};

/// Rows per statement. Larger ones gain nothing and come near SQLite's 32,766 parameters (a ledger row has 22).
const ROWS: usize = 200;
/// Mails per statement: they are large.
const MAILS: usize = 50;

/// The transaction of one office's morning. Dropped without [`commit`](Self::commit) it leaves no trace.
#[derive(Debug)]
pub struct RunTx {
    tx: Tx,
    day: NaiveDate,
}

/// Whether a morning may be written.
#[derive(Debug)]
pub enum Begun {
    /// It may; the run's row is in the transaction.
    Ready(RunTx),
    /// It is written already.
    Done,
    /// A later one, of this day, is written already.
    Later(NaiveDate),
    /// Another one, of an earlier day, has been written since `last_run` was read: what was prepared goes on from a
    /// memory that has moved on.
    Moved,
}

/// A mail to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What it is about; a second mail with the same key is not queued.
    pub dedup_key: String,
    /// Which kind.
    pub kind: Kind,
    /// The office it comes from.
    pub office: String,
    /// The one address.
    pub recipient: String,
    /// The day it is for.
    pub day: NaiveDate,
    /// Subject.
    pub subject: String,
    /// Message-ID.
    pub message_id: String,
    /// The whole mail (RFC 5322).
    pub message: Vec<u8>,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// When it was written; due from then on.
    pub created_at: DateTime<Utc>,
    /// Whether it says what no later mail says: then it is never superseded.
    pub told_once: bool,
    /// The steps it tells.
    pub notices: Vec<Notice>,
}

/// A step that a mail tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The case; empty for a team's obligation.
    pub fallnr: String,
    /// Rule, subject and cycle.
    pub key: Key,
    /// The step's name.
    pub step: String,
    /// To which role.
    pub role: Role,
}

impl Db {
    /// Begins to write the office's morning of `day`, unless that or a later one is written. `last_run` is the run whose
    /// memory the morning goes on from, as [`Snapshot::last_run`](super::Snapshot::last_run) gave it.
    pub async fn begin_run(
        &self,
        office: &str,
        day: NaiveDate,
        now: DateTime<Utc>,
        last_run: Option<NaiveDate>,
    ) -> Result<Begun, StoreError> {
        let mut tx = self.write().await?;
        lock_mornings(&mut tx, office).await?;
        let last: Option<(NaiveDate,)> = maybe!(&mut tx, LAST_RUN, office)?;
        match last.map(|(last,)| last) {
            Some(last) if last == day => return Ok(Begun::Done),
            Some(last) if last > day => return Ok(Begun::Later(last)),
            last if last != last_run => return Ok(Begun::Moved),
            _ => {}
        }
        // The key of the table is the last defence: whoever writes the same day all the same is told here.
        let rows = run!(
            &mut tx,
            "insert into run (office, day, at) values ($1, $2, $3) on conflict (office, day) do nothing",
            office,
            day,
            micros(now)
        )?;
        Ok(if rows == 0 { Begun::Done } else { Begun::Ready(RunTx { tx, day }) })
    }
}

impl Db {
    /// Queues a mail that belongs to no run. False: one with its key had been queued before.
    pub async fn queue(&self, mail: NewMail) -> Result<bool, StoreError> {
        let mut tx = RunTx { tx: self.write().await?, day: mail.day };
        let known = tx.mails(&[mail]).await?;
        tx.commit().await?;
        Ok(known.is_empty())
    }
}

impl RunTx {
    /// The revision of the facts. From here to the end of the transaction nobody changes them.
    pub async fn facts_revision(&mut self) -> Result<i64, StoreError> {
        Ok(locked_revision(&mut self.tx, Lock::Share).await?)
    }

    /// Notes that these teams took part.
    pub async fn team_runs<'a>(&mut self, teams: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
        let teams: Vec<&str> = teams.into_iter().collect();
        for teams in teams.chunks(ROWS) {
            on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new("insert into team_run (team, day) ");
                query.push_values(teams, |mut row, team| {
                    row.push_bind(*team).push_bind(self.day);
                });
                query.push(" on conflict (team, day) do nothing");
                query.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Notes rules that a team is told by from today on.
    pub async fn add_team_rules<'a>(
        &mut self,
        team: &str,
        rules: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        let rules: Vec<&str> = rules.into_iter().collect();
        for rules in rules.chunks(ROWS) {
            on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new("insert into team_rule (team, rule, since) ");
                query.push_values(rules, |mut row, rule| {
                    row.push_bind(team).push_bind(*rule).push_bind(self.day);
                });
                query.push(" on conflict (team, rule) do nothing");
                query.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Forgets rules that are switched off for a team: when they come back, they have a first run again.
    pub async fn remove_team_rules<'a>(
        &mut self,
        team: &str,
        rules: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        for rule in rules {
            run!(&mut self.tx, "delete from team_rule where team = $1 and rule = $2", team, rule)?;
        }
        Ok(())
    }

    /// Notes the figures of a week, in the place of what was there. No key twice in one call.
    pub async fn wochenstand(&mut self, counts: &[WeekCount]) -> Result<(), StoreError> {
        for counts in counts.chunks(ROWS) {
            on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new("insert into wochenstand (team, week, bak, open) ");
                query.push_values(counts, |mut row, count| {
                    row.push_bind(&count.team)
                        .push_bind(&count.week)
                        .push_bind(&count.bak)
                        .push_bind(i64::from(count.open));
                });
                query.push(" on conflict (team, week, bak) do update set open = excluded.open");
                query.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Writes entries, in the place of what was there. No key twice in one call.
    pub async fn ledger(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        for entries in entries.chunks(ROWS) {
            on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new(
                    "insert into ledger (fallnr, rule, subject, cycle, team, raw, action, next_step, step, sent_bak, \
                     sent_ifk, sent_team, sent_tl, addressed, bak, ifk, opened, ended, ended_how, ended_by, \
                     ended_by_day, untold) ",
                );
                query.push_values(entries, |mut row, entry| {
                    let (how, by, by_day) = ended(entry);
                    row.push_bind(&entry.fallnr)
                        .push_bind(&*entry.key.rule)
                        .push_bind(&entry.key.subject)
                        .push_bind(&entry.key.cycle)
                        .push_bind(&entry.team)
                        .push_bind(entry.raw)
                        .push_bind(entry.action)
                        .push_bind(entry.next_step)
                        .push_bind(&entry.step)
                        .push_bind(entry.sent.of(Role::Bak))
                        .push_bind(entry.sent.of(Role::Ifk))
                        .push_bind(entry.sent.of(Role::Team))
                        .push_bind(entry.sent.of(Role::Tl))
                        .push_bind(i64::from(entry.addressed.bits()))
                        .push_bind(&entry.bak)
                        .push_bind(&entry.ifk)
                        .push_bind(entry.opened)
                        .push_bind(entry.ended.map(|(day, _)| day))
                        .push_bind(how)
                        .push_bind(by)
                        .push_bind(by_day)
                        .push_bind(i64::from(entry.untold.bits()));
                });
                query.push(
                    " on conflict (fallnr, rule, subject, cycle) do update set team = excluded.team, \
                     raw = excluded.raw, action = excluded.action, next_step = excluded.next_step, \
                     step = excluded.step, sent_bak = excluded.sent_bak, sent_ifk = excluded.sent_ifk, \
                     sent_team = excluded.sent_team, sent_tl = excluded.sent_tl, addressed = excluded.addressed, \
                     bak = excluded.bak, ifk = excluded.ifk, opened = excluded.opened, ended = excluded.ended, \
                     ended_how = excluded.ended_how, ended_by = excluded.ended_by, \
                     ended_by_day = excluded.ended_by_day, untold = excluded.untold",
                );
                query.build().execute(conn).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Queues mails, each with what it tells; the dedup keys of those that had been queued before, which are left out.
    pub async fn mails(&mut self, mails: &[NewMail]) -> Result<Vec<String>, StoreError> {
        queue(&mut self.tx, mails).await
    }

    /// Withdraws mails that a newer one replaces, if nobody has begun to send them; how many it were.
    pub async fn supersede(&mut self, ids: &[i64]) -> Result<u64, StoreError> {
        let mut superseded = 0;
        for ids in ids.chunks(ROWS) {
            superseded += on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new("update outbox set state = 'superseded' where state = 'queued' and id in (");
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")");
                query.build().execute(conn).await.map(|done| done.rows_affected())
            })?;
        }
        Ok(superseded)
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}

/// Queues mails, as [`RunTx::mails`] does, in whatever transaction causes them.
pub(super) async fn queue(tx: &mut Tx, mails: &[NewMail]) -> Result<Vec<String>, StoreError> {
    let mut known = Vec::new();
    for mails in mails.chunks(MAILS) {
        let rows: Vec<(String, i64)> = on!(&mut *tx, conn: DB => {
            let mut query = QueryBuilder::<DB>::new(
                "insert into outbox (dedup_key, kind, office, recipient, day, subject, message_id, \
                 sha256, state, told_once, next_attempt_at, created_at) ",
            );
            query.push_values(mails, |mut row, mail| {
                row.push_bind(&mail.dedup_key)
                    .push_bind(mail.kind.as_str())
                    .push_bind(&mail.office)
                    .push_bind(&mail.recipient)
                    .push_bind(mail.day)
                    .push_bind(&mail.subject)
                    .push_bind(&mail.message_id)
                    .push_bind(&mail.sha256)
                    .push_bind("queued")
                    .push_bind(mail.told_once)
                    .push_bind(micros(mail.created_at))
                    .push_bind(micros(mail.created_at));
            });
            query.push(" on conflict (dedup_key) do nothing returning dedup_key, id");
            query.build_query_as().fetch_all(conn).await
        })?;
        let mut ids: HashMap<String, i64> = rows.into_iter().collect();
        let (mut texts, mut notices) = (Vec::new(), Vec::new());
        for mail in mails {
            // Taken out: of two mails with one key in one call, only the first was queued.
            match ids.remove(&mail.dedup_key) {
                Some(id) => {
                    texts.push((id, &mail.message));
                    notices.extend(mail.notices.iter().map(|notice| (id, notice)));
                }
                None => known.push(mail.dedup_key.clone()),
            }
        }
        add_texts(tx, &texts).await?;
        add_notices(tx, &notices).await?;
    }
    Ok(known)
}

async fn add_texts(tx: &mut Tx, texts: &[(i64, &Vec<u8>)]) -> Result<(), StoreError> {
    if texts.is_empty() {
        return Ok(());
    }
    on!(&mut *tx, conn: DB => {
        let mut query = QueryBuilder::<DB>::new("insert into outbox_text (outbox_id, message) ");
        query.push_values(texts, |mut row, (id, message)| {
            row.push_bind(*id).push_bind(*message);
        });
        query.build().execute(conn).await.map(|_| ())
    })?;
    Ok(())
}

async fn add_notices(tx: &mut Tx, notices: &[(i64, &Notice)]) -> Result<(), StoreError> {
    for notices in notices.chunks(ROWS) {
        on!(&mut *tx, conn: DB => {
            let mut query = QueryBuilder::<DB>::new(
                "insert into notice (outbox_id, fallnr, rule, subject, cycle, step, role) ",
            );
            query.push_values(notices, |mut row, (id, notice)| {
                row.push_bind(*id)
                    .push_bind(&notice.fallnr)
                    .push_bind(&*notice.key.rule)
                    .push_bind(&notice.key.subject)
                    .push_bind(&notice.key.cycle)
                    .push_bind(&notice.step)
                    .push_bind(notice.role.as_str());
            });
            query.push(" on conflict do nothing");
            query.build().execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// How an entry ended, in the table's three columns.
fn ended(entry: &Entry) -> (Option<&'static str>, Option<&'static str>, Option<NaiveDate>) {
    let Some((_, ended)) = entry.ended else { return (None, None, None) };
    let (by, by_day) = match ended {
        Ended::Fulfilled(by, day) => (Some(by.as_str()), day),
        Ended::Lapsed(day) => (None, Some(day)),
        Ended::Resting | Ended::Moot | Ended::Withdrawn => (None, None),
    };
    (Some(ended.as_str()), by, by_day)
}
