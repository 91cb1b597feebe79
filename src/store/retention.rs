//! Deleting what has had its time (SGB X §84, DSGVO Art. 5(1)(e) and 17), and everything of one case.
//!
//! Which case is closed is not decided here. Deletions are small transactions of their own, so that nobody waits long;
//! what is cut off between two is deleted another night. SQLite overwrites what it deletes.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;

use super::dialect::{Lock, Tx, all, locked_revision, on, one, run};
use super::{Db, StoreError, micros};
use crate::domain::calendar::iso_week;

/// The tables that hold rows of a case, by the column `fallnr`. A test holds this list against the tables.
pub const CASE_TABLES: [&str; 11] = [
    "aktivitaet",
    "foerderung",
    "pause",
    "termin",
    "listentag",
    "listenfall",
    "ledger",
    "notice",
    "protokoll",
    "korrektur",
    "betreuung",
];

/// Rows per transaction.
const ROWS: i64 = 500;

/// Up to when what is kept. What is older has had its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Texts of mails that were delivered or given up before this.
    pub texts: DateTime<Utc>,
    /// The send log of mails written before this, and the log of changes made before it.
    pub log: DateTime<Utc>,
    /// Rows whose case is not known, and absences, that ended before this day.
    pub rows: NaiveDate,
    /// Figures of the ISO weeks before that of this day.
    pub weeks: NaiveDate,
}

/// What was deleted beside cases, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aged {
    /// Texts of mails.
    pub texts: u64,
    /// Mails in the send log.
    pub log: u64,
    /// Changes of facts: who, when, from where, and what was there before.
    pub changes: u64,
    /// Rows whose case is not known.
    pub loose: u64,
    /// Absences of colleagues.
    pub absences: u64,
    /// Figures of past weeks.
    pub weeks: u64,
}

/// What a deletion of cases did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// They are gone; the revision of the facts since.
    Gone(i64),
    /// Somebody has changed facts since the cases were looked at; nothing was deleted.
    Moved,
}

/// What was deleted of one case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Rows per table, in the order of [`CASE_TABLES`]; all zero: nothing is known of such a case.
    pub rows: Vec<(&'static str, u64)>,
    /// Mails about this case alone that were still waiting: they were called back, and their texts deleted.
    pub called_back: u64,
    /// Texts of other mails that are kept until their time is over; they may name the case.
    pub texts: u64,
    /// Mails among these that have yet to leave.
    pub waiting: u64,
}

/// Mails whose text has had its time: when that was stands in `sent_at` of what was delivered, and of all that has ended
/// otherwise in the column of the next attempt.
macro_rules! aged_texts {
    ($select:literal) => {
        concat!(
            $select,
            " from outbox_text t join outbox o on o.id = t.outbox_id where (o.state = 'sent' and o.sent_at < $1)",
            " or (o.state in ('failed', 'superseded', 'cancelled') and o.next_attempt_at < $1)"
        )
    };
}
macro_rules! aged_log {
    ($select:literal) => {
        concat!(
            $select,
            " from outbox where created_at < $1 and state in ('sent', 'failed', 'superseded', 'cancelled')"
        )
    };
}
/// What the log keeps of changes that are no longer in it.
const TRACES: &str = "delete from protokoll where (fallnr, tabelle, schluessel, vorgang) in \
    (select p.fallnr, p.tabelle, p.schluessel, p.vorgang from protokoll p \
     where not exists (select 1 from vorgang v where v.id = p.vorgang) limit 500)";
/// What is kept of changes before $1 to cases that are not known.
macro_rules! loose_traces {
    ($select:literal, $table:literal) => {
        concat!(
            $select,
            " from ",
            $table,
            " where fallnr <> '' and not exists (select 1 from betreuung b where b.fallnr = ",
            $table,
            ".fallnr) and not exists (select 1 from vorgang v where v.id = ",
            $table,
            ".vorgang and v.at >= $1)"
        )
    };
}
const LOOSE_TRACES: [(&str, &str); 2] = [
    (loose_traces!("select count(*)", "protokoll"), loose_traces!("delete", "protokoll")),
    (loose_traces!("select count(*)", "korrektur"), loose_traces!("delete", "korrektur")),
];
/// Rows that hang on nothing, with the day that says how old they are.
macro_rules! aged_loose {
    ($select:literal, $table:literal, $day:literal) => {
        concat!(
            $select,
            " from ",
            $table,
            " where ",
            $day,
            " < $1 and not exists (select 1 from betreuung b where b.fallnr = ",
            $table,
            ".fallnr)"
        )
    };
}
const LOOSE: [(&str, &str); 6] = [
    (aged_loose!("select count(*)", "aktivitaet", "datum"), aged_loose!("delete", "aktivitaet", "datum")),
    (
        aged_loose!("select count(*)", "foerderung", "coalesce(ende, beginn)"),
        aged_loose!("delete", "foerderung", "coalesce(ende, beginn)"),
    ),
    (
        aged_loose!("select count(*)", "pause", "coalesce(bis, von)"),
        aged_loose!("delete", "pause", "coalesce(bis, von)"),
    ),
    (aged_loose!("select count(*)", "termin", "datum"), aged_loose!("delete", "termin", "datum")),
    (aged_loose!("select count(*)", "listentag", "datum"), aged_loose!("delete", "listentag", "datum")),
    (
        // A list that holds a case nobody knows would bring it: it is left over, whenever that was.
        aged_loose!("select count(*)", "listenfall", "coalesce(fehlt_seit, '0001-01-01')"),
        aged_loose!("delete", "listenfall", "coalesce(fehlt_seit, '0001-01-01')"),
    ),
];

impl Db {
    /// How much is older than the limits; nothing is changed.
    pub async fn aged(&self, limits: &Limits) -> Result<Aged, StoreError> {
        let mut tx = self.read().await?;
        let (texts,): (i64,) = one!(&mut tx, aged_texts!("select count(*)"), micros(limits.texts))?;
        let (log,): (i64,) = one!(&mut tx, aged_log!("select count(*)"), micros(limits.log))?;
        let (changes,): (i64,) = one!(&mut tx, "select count(*) from vorgang where at < $1", micros(limits.log))?;
        let mut loose = 0;
        for (count, _) in LOOSE_TRACES {
            let (rows,): (i64,) = one!(&mut tx, count, midnight(limits.rows))?;
            loose += rows;
        }
        for (count, _) in LOOSE {
            let (rows,): (i64,) = one!(&mut tx, count, limits.rows)?;
            loose += rows;
        }
        let (absences,): (i64,) = one!(&mut tx, "select count(*) from abwesenheit where bis < $1", limits.rows)?;
        let (weeks,): (i64,) =
            one!(&mut tx, "select count(*) from wochenstand where week < $1", iso_week(limits.weeks))?;
        let [texts, log, changes, loose, absences, weeks] =
            [texts, log, changes, loose, absences, weeks].map(i64::unsigned_abs);
        Ok(Aged { texts, log, changes, loose, absences, weeks })
    }

    /// Deletes what is older than the limits.
    pub async fn delete_aged(&self, limits: &Limits) -> Result<Aged, StoreError> {
        let mut aged = Aged::default();
        let texts = "delete from outbox_text where outbox_id in (";
        aged.texts = self
            .in_steps(&format!("{texts}{} limit {ROWS})", aged_texts!("select t.outbox_id")), micros(limits.texts))
            .await?;
        // What hangs on the mail (its text, what it told) goes with it.
        let log = "delete from outbox where id in (";
        aged.log = self.in_steps(&format!("{log}{} limit {ROWS})", aged_log!("select id")), micros(limits.log)).await?;
        // First the change, then what it left: one that has lost a part of its past must not be taken back any more.
        aged.changes = self.delete_changes(limits.log).await?;
        self.delete_traces().await?;
        let mut tx = self.write_over().await?;
        let revision = locked_revision(&mut tx, Lock::Update).await?;
        for (_, delete) in LOOSE_TRACES {
            aged.loose += run!(&mut tx, delete, midnight(limits.rows))?;
        }
        for (_, delete) in LOOSE {
            aged.loose += run!(&mut tx, delete, limits.rows)?;
        }
        aged.absences = run!(&mut tx, "delete from abwesenheit where bis < $1", limits.rows)?;
        aged.weeks = run!(&mut tx, "delete from wochenstand where week < $1", iso_week(limits.weeks))?;
        if aged.loose + aged.absences > 0 {
            raise(&mut tx, revision).await?;
        }
        tx.commit().await?;
        Ok(aged)
    }

    /// Deletes changes of facts that were made before; nobody takes one back meanwhile.
    async fn delete_changes(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.write_over().await?;
        locked_revision(&mut tx, Lock::Update).await?;
        let changes = run!(&mut tx, "delete from vorgang where at < $1", micros(before))?;
        tx.commit().await?;
        Ok(changes)
    }

    /// Deletes what the log keeps of changes that are no longer in it, until nothing is left of it.
    async fn delete_traces(&self) -> Result<(), StoreError> {
        loop {
            let mut tx = self.write_over().await?;
            let rows = run!(&mut tx, TRACES)?;
            tx.commit().await?;
            if rows < ROWS.unsigned_abs() {
                return Ok(());
            }
        }
    }

    /// A deletion with a limit, until nothing is left of it.
    async fn in_steps(&self, sql: &str, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let mut tx = self.write_over().await?;
            // Put together from the program's own words alone.
            let rows = run!(&mut tx, sqlx::AssertSqlSafe(sql), before)?;
            tx.commit().await?;
            all += rows;
            if rows < ROWS.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    /// Deletes cases with everything that is kept of them, if the facts are still those of `revision`.
    pub async fn remove_cases(&self, cases: &[String], revision: i64) -> Result<Removed, StoreError> {
        let mut tx = self.write_over().await?;
        if locked_revision(&mut tx, Lock::Update).await? != revision {
            return Ok(Removed::Moved);
        }
        for cases in cases.chunks(ROWS as usize) {
            for table in CASE_TABLES {
                delete_cases(&mut tx, table, cases).await?;
            }
        }
        let revision = raise(&mut tx, revision).await?;
        tx.commit().await?;
        Ok(Removed::Gone(revision))
    }

    /// Deletes everything that is kept of a case. Mails with steps of this case and no other, of the `kinds` that hold
    /// little else, lose their text; those that wait are called back, unless something of another case has run out since
    /// `lapses`: that is told once, and may stand in them.
    pub async fn forget(
        &self,
        fallnr: &str,
        kinds: &[&'static str],
        lapses: NaiveDate,
    ) -> Result<Forgotten, StoreError> {
        let mut tx = self.write_over().await?;
        let revision = locked_revision(&mut tx, Lock::Update).await?;
        let (lapsed,): (bool,) = one!(
            &mut tx,
            "select exists (select 1 from ledger where fallnr <> $1 and ended_how = 'lapsed' and ended >= $2)",
            fallnr,
            lapses
        )?;
        let alone: Vec<(i64, String, String)> = all!(
            &mut tx,
            "select id, state, kind from outbox o where state <> 'sending' \
             and exists (select 1 from notice n where n.outbox_id = o.id and n.fallnr = $1) \
             and not exists (select 1 from notice n where n.outbox_id = o.id and n.fallnr <> $1)",
            fallnr
        )?;
        let mut forgotten = Forgotten::default();
        for (id, state, _) in alone.iter().filter(|(_, _, kind)| kinds.contains(&kind.as_str())) {
            let to_come = matches!(state.as_str(), "queued" | "failed");
            if to_come && lapsed {
                continue;
            }
            forgotten.called_back +=
                run!(&mut tx, "update outbox set state = 'cancelled' where id = $1 and state = 'queued'", *id)?;
            run!(&mut tx, "delete from outbox_text where outbox_id = $1", *id)?;
        }
        let (texts, waiting): (i64, i64) = one!(
            &mut tx,
            "select count(*), coalesce(sum(case when o.state in ('queued', 'sending') then 1 else 0 end), 0) \
             from outbox_text t join outbox o on o.id = t.outbox_id"
        )?;
        (forgotten.texts, forgotten.waiting) = (texts.unsigned_abs(), waiting.unsigned_abs());
        let number = [fallnr.to_owned()];
        for table in CASE_TABLES {
            forgotten.rows.push((table, delete_cases(&mut tx, table, &number).await?));
        }
        raise(&mut tx, revision).await?;
        tx.commit().await?;
        self.fold().await;
        Ok(forgotten)
    }

    /// Folds SQLite's log into the file, so that what was deleted is in neither. Whoever reads keeps it from being done
    /// at once; the next fold does it then.
    pub async fn fold(&self) {
        if let Self::Sqlite { writer, .. } = self
            && let Err(error) = sqlx::query("pragma wal_checkpoint(truncate)").execute(writer).await
        {
            let error = StoreError::from(error).to_string();
            tracing::debug!(error, "the log was not folded in");
        }
    }

    /// A write transaction in which what is deleted is overwritten.
    async fn write_over(&self) -> Result<Tx, StoreError> {
        self.begin(super::dialect::SQLITE_BEGIN_OVERWRITE).await
    }
}

/// The instant at which a day begins in UTC: a limit of months need not be more exact.
fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// Says that the facts have changed.
async fn raise(tx: &mut Tx, revision: i64) -> Result<i64, StoreError> {
    run!(tx, "update installation set facts_revision = $1 where id = 1", revision + 1)?;
    Ok(revision + 1)
}

async fn delete_cases(tx: &mut Tx, table: &str, cases: &[String]) -> Result<u64, StoreError> {
    Ok(on!(tx, conn: DB => {
        let mut query = QueryBuilder::<DB>::new("delete from ");
        query.push(table).push(" where fallnr in (");
        let mut list = query.separated(", ");
        for fallnr in cases {
            list.push_bind(fallnr);
        }
        query.push(")");
        query.build().execute(conn).await.map(|done| done.rows_affected())
    })?)
}
