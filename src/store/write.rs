//! Changing facts: the transaction that imports and records share.

use chrono::{DateTime, TimeDelta, Utc};

use super::dialect::{Lock, Tx, locked_revision, one, run};
use super::protocol::Change;
use super::{Db, StoreError, micros};

/// A write transaction. It is alone: on either database a second one waits for its end, and so does a morning's.
/// Dropped without [`commit`](Self::commit) it leaves no trace.
#[derive(Debug)]
pub struct WriteTx {
    tx: Tx,
    /// The number of the change that is kept; 0 while none is.
    change: i64,
    /// Whether some team's data is fresher than before.
    fresher: bool,
    /// The tables that files of this change have been compared with.
    tables: Vec<&'static str>,
}

impl Db {
    /// Begins to change facts, after everybody else has finished doing so.
    pub async fn begin_write(&self) -> Result<WriteTx, StoreError> {
        let mut tx = self.write_large().await?;
        locked_revision(&mut tx, Lock::Update).await?;
        Ok(WriteTx { tx, change: 0, fresher: false, tables: Vec::new() })
    }

    /// The same, for a change of facts that is kept: who, when, from where. Its number is [`WriteTx::change`]; without
    /// [`commit`](WriteTx::commit) there was none.
    pub async fn begin_change(&self, change: &Change<'_>) -> Result<WriteTx, StoreError> {
        let mut write = self.begin_write().await?;
        let (id,): (i64,) = one!(
            &mut write.tx,
            "insert into vorgang (art, at, wer, woher, nimmt_zurueck) values ($1, $2, $3, $4, $5) returning id",
            change.kind.as_str(),
            micros(change.at),
            change.who,
            change.from,
            change.undoes
        )?;
        write.change = id;
        Ok(write)
    }
}

impl WriteTx {
    /// The transaction itself, for the store's own texts.
    pub(super) fn inner(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// The number of the change, by which it is found and taken back; 0 if it is not kept.
    pub fn change(&self) -> i64 {
        self.change
    }

    /// Whether some team's data is fresher now.
    pub fn made_fresher(&self) -> bool {
        self.fresher
    }

    /// The number of the change whose file is for a table, and whether an earlier file of it was.
    pub(super) fn writes_to(&mut self, table: &'static str) -> Result<(i64, bool), StoreError> {
        if self.change == 0 {
            return Err(StoreError::Other("Änderung ohne Vorgang".into()));
        }
        let again = self.tables.contains(&table);
        if !again {
            self.tables.push(table);
        }
        Ok((self.change, again))
    }

    /// Says that the facts have changed; the new revision. A morning that read the old one will not be written.
    pub async fn bump_revision(&mut self) -> Result<i64, StoreError> {
        let (revision,): (i64,) = one!(
            &mut self.tx,
            "update installation set facts_revision = facts_revision + 1 where id = 1 returning facts_revision"
        )?;
        Ok(revision)
    }

    /// Says that a team's data is as of `now`, unless it is known to be newer.
    pub async fn touch_datenstand(&mut self, team: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        // Of two who deliver at once the later one counts; what lies further ahead is of a clock that was wrong.
        const AT_ONCE: TimeDelta = TimeDelta::hours(1);
        let moved = run!(
            &mut self.tx,
            "insert into datenstand (team, at) values ($1, $2) on conflict (team) do update set at = excluded.at \
             where datenstand.at < excluded.at or datenstand.at > $3",
            team,
            micros(now),
            micros(now + AT_ONCE)
        )?;
        self.fresher |= moved > 0;
        if self.change > 0 {
            run!(
                &mut self.tx,
                "insert into vorgang_team (team, vorgang, at) values ($1, $2, $3) on conflict do nothing",
                team,
                self.change,
                micros(now)
            )?;
        }
        Ok(())
    }

    /// To be called after many rows have changed, before the commit. PostgreSQL plans by statistics and gathers them
    /// by itself only minutes later; a morning right after the first import of 100,000 cases takes half a minute longer
    /// without. SQLite's plans are good as they are.
    pub async fn analyze(&mut self) -> Result<(), StoreError> {
        if let Tx::Postgres(tx) = &mut self.tx {
            const TABLES: &str =
                "analyze team, kollege, betreuung, aktivitaet, foerderung, pause, abwesenheit, veranstaltung, termin";
            sqlx::query(TABLES).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}
