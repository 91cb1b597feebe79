//! Changing facts: the transaction that imports and records share.

use chrono::{DateTime, Utc};

use super::dialect::{Lock, Tx, locked_revision, one, run};
use super::{Db, StoreError, micros};

/// A write transaction. It is alone: on either database a second one waits for its end, and so does a morning's.
/// Dropped without [`commit`](Self::commit) it leaves no trace.
#[derive(Debug)]
pub struct WriteTx {
    tx: Tx,
}

impl Db {
    /// Begins to change facts, after everybody else has finished doing so.
    pub async fn begin_write(&self) -> Result<WriteTx, StoreError> {
        let mut tx = self.write_large().await?;
        locked_revision(&mut tx, Lock::Update).await?;
        Ok(WriteTx { tx })
    }
}

impl WriteTx {
    /// The transaction itself, for the store's own texts.
    pub(super) fn inner(&mut self) -> &mut Tx {
        &mut self.tx
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
        run!(
            &mut self.tx,
            "insert into datenstand (team, at) values ($1, $2) on conflict (team) do update set at = excluded.at \
             where datenstand.at < excluded.at",
            team,
            micros(now)
        )?;
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
