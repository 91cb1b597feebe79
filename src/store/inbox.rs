//! The watched folder as the database remembers it: which files were taken from it, which of them have yet to be put
//! away, and how the folder stood.
//!
//! That a file was taken commits together with its import and the mails about it; whether it was put away is noted
//! afterwards. Knows names and fingerprints of files, not the files.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::dialect::{all, maybe, run};
use super::guard::lock_file;
use super::run::{NewMail, queue};
use super::{Db, StoreError, WriteTx, micros};

/// A file that was taken from the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its name there.
    pub name: String,
    /// Its fingerprint, hexadecimal.
    pub sha256: String,
    /// Whether anything of it was taken over: it goes among what is done, otherwise among what is rejected.
    pub accepted: bool,
    /// Its name there.
    pub target: String,
    /// What lies beside it, for people.
    pub report: String,
}

/// What an import leaves for the folder and for whoever fills it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The files.
    pub arrivals: Vec<Arrival>,
    /// The mails about them.
    pub mails: Vec<NewMail>,
}

/// A file that was taken, as it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its number.
    pub id: i64,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// What is known of it; without the report once it was put away.
    pub arrival: Arrival,
}

/// How the folder stood when somebody last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxState {
    /// The folder.
    pub folder: String,
    /// Whether it was ever found in order.
    pub known: bool,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    /// What somebody has to see to: German sentences.
    pub sentences: Vec<String>,
}

const TAKEN: &str = "select id, at, name, sha256, uebernommen, ziel, bericht from eingang where";

type Row = (i64, DateTime<Utc>, String, String, bool, String, String);

fn taken((id, at, name, sha256, accepted, target, report): Row) -> Taken {
    Taken { id, at, arrival: Arrival { name, sha256, accepted, target, report } }
}

impl Db {
    /// Where copies of files wait for their import: beside a file of SQLite's, and nowhere in particular with a server.
    /// The folder need not be there.
    pub fn inbox_copies(url: &str) -> Result<Option<PathBuf>, StoreError> {
        lock_file(url, "eingang")
    }

    /// The files that were taken and have yet to be put away, in the order they came.
    pub async fn unfiled(&self) -> Result<Vec<Taken>, StoreError> {
        let mut tx = self.read().await?;
        let sql = sqlx::AssertSqlSafe(format!("{TAKEN} abgelegt is null order by id"));
        let rows: Vec<Row> = all!(&mut tx, sql)?;
        Ok(rows.into_iter().map(taken).collect())
    }

    /// The files that were put away before this, in the order they came.
    pub async fn filed_before(&self, before: DateTime<Utc>) -> Result<Vec<Taken>, StoreError> {
        let mut tx = self.read().await?;
        let sql = sqlx::AssertSqlSafe(format!("{TAKEN} abgelegt < $1 order by id"));
        let rows: Vec<Row> = all!(&mut tx, sql, micros(before))?;
        Ok(rows.into_iter().map(taken).collect())
    }

    /// The file that was taken last, and whether anything of it was taken over.
    pub async fn last_arrival(&self) -> Result<Option<Taken>, StoreError> {
        let mut tx = self.read().await?;
        let sql = sqlx::AssertSqlSafe(format!("{TAKEN} id = (select max(id) from eingang)"));
        let row: Option<Row> = maybe!(&mut tx, sql)?;
        Ok(row.map(taken))
    }

    /// Notes that files were put away, each under the name it has now: what lies beside them for people is kept here no
    /// longer.
    pub async fn note_filed(&self, filed: &[(i64, String)], at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for (id, target) in filed {
            let sql = "update eingang set abgelegt = $2, ziel = $3, bericht = '' where id = $1";
            run!(&mut tx, sql, *id, micros(at), target)?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets files that are gone.
    pub async fn forget_filed(&self, ids: &[i64]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for id in ids {
            run!(&mut tx, "delete from eingang where id = $1 and abgelegt is not null", *id)?;
        }
        Ok(tx.commit().await?)
    }

    /// How the folder stood; none: nobody has ever looked at one.
    pub async fn inbox_state(&self) -> Result<Option<InboxState>, StoreError> {
        let mut tx = self.read().await?;
        let row: Option<(String, bool, DateTime<Utc>, String)> =
            maybe!(&mut tx, "select ordner, bekannt, seit, lage from eingang_stand where id = 1")?;
        Ok(row.map(|(folder, known, since, text)| InboxState {
            folder,
            known,
            since,
            sentences: text.lines().map(str::to_owned).collect(),
        }))
    }

    /// Notes how the folder stands, in the place of what was noted before.
    pub async fn note_inbox_state(&self, state: &InboxState) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        run!(
            &mut tx,
            "insert into eingang_stand (id, ordner, bekannt, seit, lage) values (1, $1, $2, $3, $4) on conflict (id) \
             do update set ordner = excluded.ordner, bekannt = excluded.bekannt, seit = excluded.seit, \
             lage = excluded.lage",
            &state.folder,
            state.known,
            micros(state.since),
            state.sentences.join("\n")
        )?;
        Ok(tx.commit().await?)
    }
}

impl WriteTx {
    /// Notes files with the mails about them, together with their import if this is one. False: somebody else has taken
    /// one of them and not put it away yet; then this transaction is to be dropped.
    pub async fn note_arrivals(&mut self, receipt: &Receipt, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let change = Some(self.change()).filter(|change| *change > 0);
        let tx = self.inner();
        for arrival in &receipt.arrivals {
            let rows = run!(
                &mut *tx,
                "insert into eingang (name, sha256, at, uebernommen, ziel, bericht, vorgang) \
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict (name, sha256) where abgelegt is null do nothing",
                &arrival.name,
                &arrival.sha256,
                micros(at),
                arrival.accepted,
                &arrival.target,
                &arrival.report,
                change
            )?;
            if rows == 0 {
                return Ok(false);
            }
        }
        queue(tx, &receipt.mails).await?;
        Ok(true)
    }
}
