//! What the service does at night, as the database remembers it: when it last did, and what came of it.

use chrono::{DateTime, NaiveDate, Utc};

use super::dialect::{all, run};
use super::{Db, StoreError, micros};
use crate::domain::facts::words;

words! {
    /// A piece of the night's work.
    Task {
        /// Deleting what has had its time.
        Retention = "retention",
        /// Backing up.
        Backup = "backup",
    }
}

/// What came of a piece of the night's work when it was last tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upkeep {
    /// Which.
    pub task: Task,
    /// The day it was tried.
    pub day: NaiveDate,
    /// When that ended.
    pub at: DateTime<Utc>,
    /// Whether it did what it should.
    pub ok: bool,
    /// What came of it, in German: counts, nobody's data.
    pub report: String,
}

impl Db {
    /// What came of each piece of the night's work.
    pub async fn upkeep(&self) -> Result<Vec<Upkeep>, StoreError> {
        let mut tx = self.read().await?;
        let rows: Vec<(String, NaiveDate, DateTime<Utc>, bool, String)> =
            all!(&mut tx, "select task, day, at, ok, report from upkeep order by task")?;
        let upkeep = |(task, day, at, ok, report): (String, _, _, _, _)| {
            // A task of a newer program is none of ours.
            Some(Upkeep { task: task.parse().ok()?, day, at, ok, report })
        };
        Ok(rows.into_iter().filter_map(upkeep).collect())
    }

    /// Notes what came of a piece of the night's work, in the place of what was noted before.
    pub async fn note_upkeep(&self, upkeep: &Upkeep) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        run!(
            &mut tx,
            "insert into upkeep (task, day, at, ok, report) values ($1, $2, $3, $4, $5) on conflict (task) do update \
             set day = excluded.day, at = excluded.at, ok = excluded.ok, report = excluded.report",
            upkeep.task.as_str(),
            upkeep.day,
            micros(upkeep.at),
            upkeep.ok,
            &upkeep.report
        )?;
        Ok(tx.commit().await?)
    }
}
