//! What was said before: the ledger, the runs, the week's figures and the send log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;

use super::dialect::{all, maybe, on};
use super::outbox::kind_of;
use super::scope::{Scope, behind, scoped};
use super::{OutboxState, Snapshot, StoreError, packed};
use crate::domain::digest::Kind;
use crate::domain::facts::Art;
use crate::domain::ledger::{Entry, Marks};
use crate::domain::obligation::{Column, Ended, Evidence, Key, Role, Roles};

macro_rules! entry_select {
    ($condition:literal) => {
        concat!(
            "select x.fallnr, x.rule, x.subject, x.cycle, x.team, x.step, x.bak, x.ifk, x.addressed, x.untold, ",
            "x.ended_how, x.ended_by, concat(x.raw, ' ', x.action, ' ', x.next_step, ' ', x.sent_bak, ' ', x.sent_ifk, ",
            "' ', x.sent_team, ' ', x.sent_tl, ' ', x.opened, ' ', x.ended, ' ', x.ended_by_day)",
            $condition
        )
    };
}

const LIVE_OF_TEAMS: &str = entry_select!(" from ledger x where x.fallnr = '' and (x.ended is null or x.untold <> 0)");
const OF_CASE: &str = entry_select!(" from ledger x where x.fallnr = $1 order by x.rule, x.subject, x.cycle");
// The keys lead: each is one look by primary key.
const KNOWN: &str = entry_select!(
    " from k cross join ledger x where x.fallnr = k.fallnr and x.rule = k.rule and x.subject = k.subject \
     and x.cycle = k.cycle and x.ended is not null and x.untold = 0"
);
// The bracketed condition is that of the index `ledger_elsewhere`, word for word.
const ELSEWHERE: &str = entry_select!(
    " from k cross join ledger x where x.rule = k.rule and x.subject = k.subject and x.cycle = k.cycle \
     and (x.subject <> x.fallnr)"
);
/// What that index leaves out: one look by primary key. A subsidy may carry the number of a case.
const UNDER_ITS_OWN_NUMBER: &str = entry_select!(
    " from k cross join ledger x where x.fallnr = k.subject and x.rule = k.rule and x.subject = k.subject \
     and x.cycle = k.cycle"
);
/// The day of an office's last run.
pub(super) const LAST_RUN: &str = "select day from run where office = $1 order by day desc limit 1";
/// Keys per query of [`Snapshot::ledger_known`]: far below SQLite's 32,766 parameters, four to a key.
const KEYS: usize = 250;

/// The columns of an entry as [`entry_select`] names them, its ten dates packed.
type EntryRow = (
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
    i64,
    Option<String>,
    Option<String>,
    String,
);

/// A team's figures of a week: what the next weekly report compares with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeekCount {
    /// The team.
    pub team: String,
    /// `2026-W48`.
    pub week: String,
    /// A BAK's kuerzel; empty is the team as a whole.
    pub bak: String,
    /// Main care running.
    pub open: u32,
}

/// A mail that has not left yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Its id in the outbox.
    pub id: i64,
    /// To whom.
    pub recipient: String,
    /// The day it is for.
    pub day: NaiveDate,
}

/// A step that a mail told: one line of the send log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Rule, subject and cycle.
    pub key: Key,
    /// The step's name.
    pub step: String,
    /// To which role.
    pub role: Role,
    /// In which kind of mail.
    pub kind: Kind,
    /// To which address.
    pub recipient: String,
    /// The day the mail is for.
    pub day: NaiveDate,
    /// What became of the mail.
    pub state: OutboxState,
}

impl Snapshot {
    /// The entries of the office's cases with `after < fallnr <= upto` that are open or have yet to be told, in case
    /// order. Those of teams are not among them; those of cases that are gone may be.
    pub async fn ledger(&mut self, office: &str, after: &str, upto: &str) -> Result<Vec<Entry>, StoreError> {
        let scope = Scope::of(&mut self.tx, Some(office)).await?;
        let hint = self.tx.by_ledger_live();
        // The bracketed condition is that of the index `ledger_live`, word for word: only so does SQLite use it.
        let sql = format!(
            "{}{} and (x.ended is null or x.untold <> 0)",
            entry_select!(""),
            scope.hanging("ledger", hint, behind)
        );
        let mut rows: Vec<EntryRow> = scoped!(&mut self.tx, scope, sql, after, upto)?;
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        self.entries(rows)
    }

    /// The entries of teams that are open or have yet to be told.
    pub async fn ledger_of_teams(&mut self) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<EntryRow> = all!(&mut self.tx, LIVE_OF_TEAMS)?;
        self.entries(rows)
    }

    /// Everything remembered of one case ("" for the teams), closed ones included, in key order.
    pub async fn ledger_of(&mut self, fallnr: &str) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<EntryRow> = all!(&mut self.tx, OF_CASE, fallnr)?;
        self.entries(rows)
    }

    /// The closed and told entries among the keys (case number or "", key): what [`ledger`](Self::ledger) leaves out.
    /// In no particular order.
    pub async fn ledger_known(&mut self, keys: &[(&str, &Key)]) -> Result<Vec<Entry>, StoreError> {
        let mut known = Vec::new();
        for keys in keys.chunks(KEYS) {
            let rows: Vec<EntryRow> = on!(&mut self.tx, conn: DB => {
                let mut query = QueryBuilder::<DB>::new("with k (fallnr, rule, subject, cycle) as (");
                query.push_values(keys, |mut row, (fallnr, key)| {
                    row.push_bind(*fallnr).push_bind(&*key.rule).push_bind(&key.subject).push_bind(&key.cycle);
                });
                query.push(") ").push(KNOWN);
                query.build_query_as().fetch_all(conn).await
            })?;
            known.append(&mut self.entries(rows)?);
        }
        Ok(known)
    }

    /// For each of the keys that is remembered at all, its newest entry, whichever case it stands under: a subsidy that
    /// has moved to another case goes on from there. The newest is the one opened last; of those opened on one day one
    /// that is open, else the one that ended last. In no particular order.
    pub async fn ledger_elsewhere(&mut self, keys: &[&Key]) -> Result<Vec<Entry>, StoreError> {
        let mut newest: HashMap<Key, Entry> = HashMap::new();
        for keys in keys.chunks(KEYS) {
            for text in [ELSEWHERE, UNDER_ITS_OWN_NUMBER] {
                let rows: Vec<EntryRow> = on!(&mut self.tx, conn: DB => {
                    let mut query = QueryBuilder::<DB>::new("with k (rule, subject, cycle) as (");
                    query.push_values(keys, |mut row, key| {
                        row.push_bind(&*key.rule).push_bind(&key.subject).push_bind(&key.cycle);
                    });
                    query.push(") ").push(text);
                    query.build_query_as().fetch_all(conn).await
                })?;
                for entry in self.entries(rows)? {
                    match newest.get(&entry.key) {
                        Some(known) if age(known) >= age(&entry) => {}
                        _ => _ = newest.insert(entry.key.clone(), entry),
                    }
                }
            }
        }
        Ok(newest.into_values().collect())
    }

    /// The day of the office's last run.
    pub async fn last_run(&mut self, office: &str) -> Result<Option<NaiveDate>, StoreError> {
        let day: Option<(NaiveDate,)> = maybe!(&mut self.tx, LAST_RUN, office)?;
        Ok(day.map(|(day,)| day))
    }

    /// The day of the office's last run, and when it was written.
    pub async fn last_run_at(&mut self, office: &str) -> Result<Option<(NaiveDate, DateTime<Utc>)>, StoreError> {
        Ok(maybe!(&mut self.tx, "select day, at from run where office = $1 order by day desc limit 1", office)?)
    }

    /// Each team's last run before `day`; teams without one are missing.
    pub async fn team_runs_before(&mut self, day: NaiveDate) -> Result<BTreeMap<String, NaiveDate>, StoreError> {
        let rows: Vec<(String, Option<NaiveDate>)> = all!(
            &mut self.tx,
            "select t.team, (select max(r.day) from team_run r where r.team = t.team and r.day < $1) from team t",
            day
        )?;
        Ok(rows.into_iter().filter_map(|(team, day)| day.map(|day| (team, day))).collect())
    }

    /// The rules that a team has been told by, and since when.
    pub async fn team_rules(&mut self, team: &str) -> Result<BTreeMap<String, NaiveDate>, StoreError> {
        let rows: Vec<(String, NaiveDate)> =
            all!(&mut self.tx, "select rule, since from team_rule where team = $1", team)?;
        Ok(rows.into_iter().collect())
    }

    /// The teams whose figures of a week (`2026-W48`) are written.
    pub async fn teams_reported(&mut self, week: &str) -> Result<HashSet<String>, StoreError> {
        let rows: Vec<(String,)> = all!(&mut self.tx, "select distinct team from wochenstand where week = $1", week)?;
        Ok(rows.into_iter().map(|(team,)| team).collect())
    }

    /// The figures of a week (`2026-W48`), of all teams.
    pub async fn wochenstand(&mut self, week: &str) -> Result<Vec<WeekCount>, StoreError> {
        let rows: Vec<(String, String, String, i64)> = all!(
            &mut self.tx,
            "select team, week, bak, open from wochenstand where week = $1 order by team, bak",
            week
        )?;
        rows.into_iter()
            .map(|(team, week, bak, open)| {
                let open = open.try_into().map_err(|_| StoreError::Content("wochenstand.open"))?;
                Ok(WeekCount { team, week, bak, open })
            })
            .collect()
    }

    /// Who got a mail of the kind on the days from `from` to `to`, and on which. Cancelled and failed ones reached
    /// nobody and do not count.
    pub async fn recipients(
        &mut self,
        kind: Kind,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<BTreeSet<(String, NaiveDate)>, StoreError> {
        let rows: Vec<(String, NaiveDate)> = all!(
            &mut self.tx,
            "select recipient, day from outbox where kind = $1 and day >= $2 and day <= $3 \
             and state not in ('cancelled', 'failed')",
            kind.as_str(),
            from,
            to
        )?;
        Ok(rows.into_iter().collect())
    }

    /// The office's mails of the kind that nobody has begun to send and that a newer one may replace.
    pub async fn undelivered(&mut self, kind: Kind, office: &str) -> Result<Vec<Undelivered>, StoreError> {
        let rows: Vec<(i64, String, NaiveDate)> = all!(
            &mut self.tx,
            "select id, recipient, day from outbox where state in ('queued', 'sending') and state = 'queued' \
             and not told_once and kind = $1 and office = $2 order by id",
            kind.as_str(),
            office
        )?;
        Ok(rows.into_iter().map(|(id, recipient, day)| Undelivered { id, recipient, day }).collect())
    }

    /// The teams that have had their run of `day`, in whichever office.
    pub async fn teams_run_on(&mut self, day: NaiveDate) -> Result<BTreeSet<String>, StoreError> {
        let rows: Vec<(String,)> = all!(&mut self.tx, "select team from team_run where day = $1", day)?;
        Ok(rows.into_iter().map(|(team,)| team).collect())
    }

    /// The office's mails that were given up since its run of `day`, by id; none if it had none on that day.
    pub async fn failed_since(&mut self, office: &str, day: NaiveDate) -> Result<Vec<i64>, StoreError> {
        let rows: Vec<(i64,)> = all!(
            &mut self.tx,
            "select id from outbox where state = 'failed' and office = $1 \
             and next_attempt_at >= (select at from run where office = $1 and day = $2) order by id",
            office,
            day
        )?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// What was said of a case ("" for the teams), oldest mail first.
    pub async fn told(&mut self, fallnr: &str) -> Result<Vec<Told>, StoreError> {
        type Row = (String, String, String, String, String, String, String, NaiveDate, String);
        let rows: Vec<Row> = all!(
            &mut self.tx,
            "select n.rule, n.subject, n.cycle, n.step, n.role, o.kind, o.recipient, o.day, o.state \
             from notice n join outbox o on o.id = n.outbox_id where n.fallnr = $1 \
             order by o.day, o.id, n.rule, n.subject, n.cycle, n.step, n.role",
            fallnr
        )?;
        rows.into_iter()
            .map(|(rule, subject, cycle, step, role, kind, recipient, day, state)| {
                Ok(Told {
                    key: Key { rule: rule.into(), subject, cycle },
                    step,
                    role: role.parse().map_err(|_| StoreError::Content("notice.role"))?,
                    kind: kind_of(&kind)?,
                    recipient,
                    day,
                    state: state.parse().map_err(|_| StoreError::Content("outbox.state"))?,
                })
            })
            .collect()
    }

    fn entries(&mut self, rows: Vec<EntryRow>) -> Result<Vec<Entry>, StoreError> {
        rows.into_iter().map(|row| self.entry(row)).collect()
    }

    fn entry(&mut self, row: EntryRow) -> Result<Entry, StoreError> {
        let (fallnr, rule, subject, cycle, team, step, bak, ifk, addressed, untold, how, by, dates) = row;
        let [raw, action, next_step, sent_bak, sent_ifk, sent_team, sent_tl, opened, ended, by_day] =
            packed::dates(&dates).ok_or(StoreError::Content("ledger"))?;
        let (Some(raw), Some(action), Some(opened)) = (raw, action, opened) else {
            return Err(StoreError::Content("ledger"));
        };
        let mut sent = Marks::default();
        for (role, day) in [(Role::Bak, sent_bak), (Role::Ifk, sent_ifk), (Role::Team, sent_team), (Role::Tl, sent_tl)]
        {
            sent.set(role, day);
        }
        let ended = match ended {
            None => None,
            Some(day) => Some((
                day,
                how_ended(how.as_deref(), by.as_deref(), by_day).ok_or(StoreError::Content("ledger.ended_how"))?,
            )),
        };
        Ok(Entry {
            fallnr,
            team,
            key: Key { rule: self.rule(rule), subject, cycle },
            raw,
            action,
            next_step,
            step,
            sent,
            addressed: roles(addressed),
            bak,
            ifk,
            opened,
            ended,
            untold: roles(untold),
        })
    }

    /// The one copy of a rule's id.
    fn rule(&mut self, id: String) -> Arc<str> {
        if let Some(rule) = self.rules.get(&id) {
            return Arc::clone(rule);
        }
        let rule: Arc<str> = id.as_str().into();
        self.rules.insert(id, Arc::clone(&rule));
        rule
    }
}

/// By this the entries of one key under several cases are ordered, the newest last; the case decides what is left.
fn age(entry: &Entry) -> (NaiveDate, bool, Option<NaiveDate>, &str) {
    (entry.opened, entry.ended.is_none(), entry.ended.map(|(day, _)| day), &entry.fallnr)
}

/// The set of a number; bits of roles that this program does not know are dropped.
fn roles(bits: i64) -> Roles {
    Roles::from_bits((bits & 0xff) as u8)
}

/// Reads how an entry ended; the opposite of what [`super::run`] writes.
fn how_ended(how: Option<&str>, by: Option<&str>, by_day: Option<NaiveDate>) -> Option<Ended> {
    Some(match how? {
        "fulfilled" => Ended::Fulfilled(evidence(by?)?, by_day),
        "lapsed" => Ended::Lapsed(by_day?),
        "resting" => Ended::Resting,
        "moot" => Ended::Moot,
        "withdrawn" => Ended::Withdrawn,
        _ => return None,
    })
}

fn evidence(word: &str) -> Option<Evidence> {
    Some(match word {
        "kennung" => Evidence::Kennung,
        "foerderung" => Evidence::LaterSubsidy,
        "veranstaltung" => Evidence::Event,
        word => match word.parse::<Art>() {
            Ok(art) => Evidence::Activity(art),
            Err(_) => Evidence::Column(word.parse::<Column>().ok()?),
        },
    })
}
